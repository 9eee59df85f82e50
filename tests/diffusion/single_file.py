"""A model as the single file that checkpoints are traded as: the names of its first code.

The inverse of what diffusers does when it loads one. Works on tensors without numbers, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

Weights = dict[str, torch.Tensor]

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
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
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
_OPENCLIP = {
    "embeddings.position_embedding.weight": "positional_embedding",
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "final_layer_norm.": "ln_final.",
    "encoder.layers.": "transformer.resblocks.",
    ".layer_norm1.": ".ln_1.",
    ".layer_norm2.": ".ln_2.",
    ".mlp.fc1.": ".mlp.c_fc.",
    ".mlp.fc2.": ".mlp.c_proj.",
    ".self_attn.": ".attn.",
}


def write(folder: Path, file: Path) -> Path:
    """Write the model in a folder as one file."""
    parts = {
        path.parent.name: load_file(path)
        for path in folder.glob("*/*.safetensors")
        if path.parent.name in ("unet", "vae", "text_encoder", "text_encoder_2")
    }
    save_file({name: w.contiguous() for name, w in original(parts).items()}, file)
    return file


def original(parts: Mapping[str, Weights]) -> Weights:
    """All weights under their first names.

    Args:
        parts: the weights by component, under the names of diffusers and transformers.
    """
    weights = _renamed(parts["unet"], "model.diffusion_model.", _unet_renaming(parts["unet"]))
    weights |= {f"first_stage_model.{n}": w for n, w in original_vae(parts["vae"]).items()}
    first, second = parts.get("text_encoder"), parts.get("text_encoder_2")
    if second is None:
        assert first is not None
        weights |= _clip(first, "cond_stage_model.transformer.")
        weights |= {"alphas_cumprod": torch.ones(1000), "model_ema.num_updates": torch.zeros(())}
        return weights
    if first is not None:
        weights |= _clip(first, "conditioner.embedders.0.transformer.")
    return weights | _open_clip(second, f"conditioner.embedders.{0 if first is None else 1}.model.")


def _renamed(weights: Weights, prefix: str, rename: Callable[[str], str]) -> Weights:
    return {prefix + rename(name): weight for name, weight in weights.items()}


def _clip(weights: Weights, prefix: str) -> Weights:
    renamed = _renamed(weights, prefix, lambda n: f"text_model.{n.removeprefix('text_model.')}")
    return renamed | {f"{prefix}text_model.embeddings.position_ids": torch.arange(77)[None]}


def _open_clip(weights: Weights, prefix: str) -> Weights:
    renamed: Weights = {"logit_scale": torch.ones(())}
    for name, weight in weights.items():
        if name == "text_projection.weight":
            renamed["text_projection"] = weight.T
            continue
        new = name.removeprefix("text_model.")
        for ours, theirs in _OPENCLIP.items():
            new = new.replace(ours, theirs)
        if match := re.match(r"(.+\.attn)\.([qkv])_proj\.(weight|bias)$", new):
            block, which, end = match.groups()
            if which == "q":
                three = [weights[name.replace("q_proj", f"{x}_proj")] for x in "qkv"]
                renamed[f"{block}.in_proj_{end}"] = torch.cat(three)
            continue
        renamed[new] = weight
    return {prefix + name: weight for name, weight in renamed.items()}


def _unet_renaming(weights: Weights) -> Callable[[str], str]:
    layers = len({n.split(".")[3] for n in weights if n.startswith("down_blocks.0.resnets.")})
    return lambda name: _unet_name(name, layers, weights)


def _unet_name(name: str, layers: int, weights: Weights) -> str:
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
    first = int(block) * (layers + 1)
    if way == "down":
        if kind == "downsamplers":
            return f"input_blocks.{1 + first + layers}.0.op.{rest.removeprefix('conv.')}"
        place = f"input_blocks.{1 + first + int(number)}.{kind == 'attentions':d}"
        return f"{place}.{_within(kind, rest)}"
    if kind == "upsamplers":
        has_attention = any(n.startswith(f"up_blocks.{block}.attentions.") for n in weights)
        return f"output_blocks.{first + layers}.{1 + has_attention}.{rest}"
    return f"output_blocks.{first + int(number)}.{kind == 'attentions':d}.{_within(kind, rest)}"


def _within(kind: str, rest: str) -> str:
    if kind != "resnets":
        return rest
    layer, _, end = rest.partition(".")
    return f"{_RESNET[layer]}.{end}"


def original_vae(vae: Weights) -> Weights:
    """A VAE under its first names; its attention was made of convolutions."""
    linear = re.compile(r"mid_block\.attentions\.0\.to_.+\.weight$")
    return {
        _vae_name(name): w[..., None, None] if linear.search(name) else w for name, w in vae.items()
    }


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
