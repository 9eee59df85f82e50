"""IP-Adapters for the tiny models, with the keys of the published ones, and picture encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from diffusers.models.embeddings import IPAdapterTimeImageProjection
from safetensors.torch import save_file

from inpaintd.models.registry import Entry
from tests.diffusion import tiny_text

WIDTH = 32
"""Width of the encoders' embeddings."""


def entries(folder: Path, pipe: Any, family: str) -> dict[str, Entry]:
    """An IP-Adapter for a pipeline's model, written into a folder, as the registry lists it."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        encoder = _encoder(folder / "encoder", siglip=family == "Stable Diffusion 3")
        save_file(_WEIGHTS[family](pipe), folder / "adapter.safetensors")
    entry = Entry(
        "adapter",
        "adapter",
        "diffusion",
        kind="ip-adapter",
        source=str(folder / "adapter.safetensors"),
        encoder=str(encoder),
        families=(family,),
    )
    return {"adapter": entry}


def _encoder(folder: Path, *, siglip: bool) -> Path:
    if not siglip:
        tiny_text.clip_vision().save_pretrained(folder)
        return folder
    config = transformers.SiglipVisionConfig(
        hidden_size=WIDTH,
        image_size=32,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        patch_size=16,
    )
    transformers.SiglipVisionModel(config).save_pretrained(folder)
    transformers.SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def _projection(width: int, tokens: int = 4) -> dict[str, torch.Tensor]:
    return {
        "proj.weight": torch.randn(tokens * width, WIDTH),
        "proj.bias": torch.randn(tokens * width),
        "norm.weight": torch.ones(width),
        "norm.bias": torch.zeros(width),
    }


def _unet(pipe: Any) -> dict[str, torch.Tensor]:
    width = pipe.unet.config.cross_attention_dim
    weights = {f"image_proj.{k}": v for k, v in _projection(width).items()}
    crossing = [name for name in pipe.unet.attn_processors if "attn2" in name]
    for number, name in enumerate(crossing):
        layer = pipe.unet.get_submodule(name.removesuffix(".processor"))
        for what in ("to_k_ip", "to_v_ip"):
            key = f"ip_adapter.{2 * number + 1}.{what}.weight"
            weights[key] = 0.3 * torch.randn(layer.to_q.out_features, width)
    return weights


def _flux(pipe: Any) -> dict[str, torch.Tensor]:
    config = pipe.transformer.config
    width, inner = config.joint_attention_dim, pipe.transformer.inner_dim
    weights = {f"ip_adapter_proj_model.{k}": v for k, v in _projection(width).items()}
    for number in range(config.num_layers):
        for what in "kv":
            key = f"double_blocks.{number}.processor.ip_adapter_double_stream_{what}_proj"
            weights[f"{key}.weight"] = 0.3 * torch.randn(inner, width)
            weights[f"{key}.bias"] = torch.zeros(inner)
    return weights


def _sd3(pipe: Any) -> dict[str, torch.Tensor]:
    config = pipe.transformer.config
    inner = config.attention_head_dim * config.num_attention_heads
    projection = IPAdapterTimeImageProjection(
        embed_dim=WIDTH,
        output_dim=inner,
        hidden_dim=64,
        depth=4,
        dim_head=64,
        heads=1,
        num_queries=4,
        timestep_in_dim=32,
    )
    weights = {f"image_proj.{k}": v.contiguous() for k, v in projection.state_dict().items()}
    for number in range(len(pipe.transformer.attn_processors)):
        weights[f"ip_adapter.{number}.norm_ip.linear.weight"] = 0.3 * torch.randn(2 * inner, 64)
        weights[f"ip_adapter.{number}.norm_ip.linear.bias"] = torch.zeros(2 * inner)
        for what in ("to_k_ip", "to_v_ip"):
            weights[f"ip_adapter.{number}.{what}.weight"] = 0.3 * torch.randn(inner, inner)
        for what in ("norm_q", "norm_k", "norm_ip_k"):
            weights[f"ip_adapter.{number}.{what}.weight"] = torch.ones(config.attention_head_dim)
    return weights


_WEIGHTS = {
    "Stable Diffusion": _unet,
    "Stable Diffusion XL": _unet,
    "Stable Diffusion 3": _sd3,
    "FLUX.1": _flux,
    "Chroma": _flux,
}
