"""A tiny model as the single file that checkpoints are traded as: CompVis's names of 2022."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_ENDS = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_VAE_ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}


def write(folder: Path, file: Path) -> Path:
    """Write the model in a folder as one file."""
    weights = {
        **_renamed(folder / "unet", "model.diffusion_model.", _unet_name),
        **_renamed(folder / "vae", "first_stage_model.", _vae_name),
        **_renamed(folder / "text_encoder", "cond_stage_model.transformer.", _text_name),
    }
    for name, weight in weights.items():
        if re.search(r"first_stage_model.*attn_1\.(q|k|v|proj_out)\.weight", name):
            weights[name] = weight[..., None, None]
    save_file({name: weight.contiguous() for name, weight in weights.items()}, file)
    return file


def _renamed(folder: Path, prefix: str, rename: object) -> dict[str, torch.Tensor]:
    (file,) = folder.glob("*.safetensors")
    assert callable(rename)
    return {prefix + rename(name): weight for name, weight in load_file(file).items()}


def _text_name(name: str) -> str:
    return name if name.startswith("text_model.") else f"text_model.{name}"


def _unet_name(name: str, layers: int = 1) -> str:
    for ours, theirs in _ENDS.items():
        if name.startswith(f"{ours}."):
            return name.replace(ours, theirs, 1)
    if match := re.match(r"mid_block\.(resnets|attentions)\.(\d)\.(.+)", name):
        kind, number, rest = match.groups()
        place = 1 if kind == "attentions" else 2 * int(number)
        return f"middle_block.{place}.{_within(kind, rest)}"
    match = re.match(r"(down|up)_blocks\.(\d)\.(\w+)\.(\d)\.(.+)", name)
    assert match
    way, block, kind, number, rest = match.groups()
    if way == "down":
        first = 1 + int(block) * (layers + 1)
        if kind == "downsamplers":
            return f"input_blocks.{first + layers}.0.op.{rest.removeprefix('conv.')}"
        return f"input_blocks.{first + int(number)}.{kind == 'attentions':d}.{_within(kind, rest)}"
    first = int(block) * (layers + 1)
    if kind == "upsamplers":
        has_attention = int(block) == 0  # in the tiny model
        return f"output_blocks.{first + layers}.{1 + has_attention}.{rest}"
    return f"output_blocks.{first + int(number)}.{kind == 'attentions':d}.{_within(kind, rest)}"


def _within(kind: str, rest: str) -> str:
    if kind != "resnets":
        return rest
    layer, _, end = rest.partition(".")
    return f"{_RESNET[layer]}.{end}"


def _vae_name(name: str) -> str:
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    if match := re.match(r"(encoder|decoder)\.mid_block\.attentions\.0\.(.+)\.(\w+)$", name):
        side, layer, end = match.groups()
        return f"{side}.mid.attn_1.{_VAE_ATTENTION[layer]}.{end}"
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    name = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(
        r"up_blocks\.(\d)\.resnets\.(\d)", lambda m: f"up.{3 - int(m[1])}.block.{m[2]}", name
    )
    return re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{3 - int(m[1])}.upsample", name)
