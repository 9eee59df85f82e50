"""LoRAs and textual embeddings for the tiny models, as the field's trainers write them."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file


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


def embedding(file: Path, width: int = 32, vectors: int = 2, seed: int = 0) -> None:
    rows = torch.randn((vectors, width), generator=torch.Generator().manual_seed(seed))
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({"emb_params": rows}, file)
