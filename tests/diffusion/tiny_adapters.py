"""LoRAs, textual embeddings and preview decoders for the tiny models, as trainers write them."""

from __future__ import annotations

from pathlib import Path

import diffusers
import torch
from safetensors.torch import save_file

from inpaintd.models.registry import Entry


def lora(file: Path, model: torch.nn.Module, seed: int, part: str = "unet", rank: int = 2) -> None:
    """A LoRA over the attention of a denoiser, in the layout of peft."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, module in model.named_modules():
        if name.endswith(("to_q", "to_k", "to_v")) and isinstance(module, torch.nn.Linear):
            for letter, shape in (
                ("A", (rank, module.in_features)),
                ("B", (module.out_features, rank)),
            ):
                key = f"{part}.{name}.lora_{letter}.weight"
                weights[key] = 0.2 * torch.randn(shape, generator=generator)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, file)


def embedding(file: Path, *widths: int, vectors: int = 2, seed: int = 0) -> None:
    """An embedding for one text encoder of this width, or for the two of SDXL."""
    names = ("clip_l", "clip_g") if len(widths) == 2 else ("emb_params",)
    generator = torch.Generator().manual_seed(seed)
    rows = {
        name: torch.randn((vectors, width), generator=generator)
        for name, width in zip(names, widths or (32,), strict=True)
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(rows, file)


def preview_decoder(folder: Path, channels: int = 4) -> Entry:
    """Write a decoder of TAESD's architecture, four cells of 2 × 2 deep, and return its entry."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = diffusers.AutoencoderTiny(
            encoder_block_out_channels=(8, 8, 8, 8),
            decoder_block_out_channels=(8, 8, 8, 8),
            latent_channels=channels,
        )
    network.save_pretrained(folder)
    families = ("Stable Diffusion", "FLUX.1")
    return Entry(
        "small",
        "Small",
        "diffusion",
        kind="preview-decoder",
        families=families,
        source=str(folder),
        files=("diffusion_pytorch_model.safetensors", "config.json"),
    )
