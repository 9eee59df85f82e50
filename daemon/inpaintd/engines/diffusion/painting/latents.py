"""Conversions between pixels, the VAE's latents and the denoiser's, and infill in latents."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from inpaintd.engine import Array
from inpaintd_protocol.settings import Settled

from ..families import KANDINSKY
from ..loading.model import Model
from ..loading.reuse import LatentEdit

_PATCH = 2


def to_denoiser(raw: torch.Tensor, vae: Any) -> torch.Tensor:
    """Convert the VAE's latents to the denoiser's."""
    raw = gathered(raw, vae)
    shift, scale = _shift_and_scale(raw, vae)
    return torch.as_tensor((raw - shift) * scale)


def from_denoiser(latents: torch.Tensor, vae: Any) -> torch.Tensor:
    """The inverse of `to_denoiser`."""
    shift, scale = _shift_and_scale(latents, vae)
    raw = torch.as_tensor(latents / scale + shift)
    return functional.pixel_shuffle(raw, _PATCH) if _patched(vae) else raw


def gathered(raw: torch.Tensor, vae: Any) -> torch.Tensor:
    """The VAE's latents with as many channels as the denoiser's, not normalized."""
    return functional.pixel_unshuffle(raw, _PATCH) if _patched(vae) else raw


def _patched(vae: Any) -> bool:
    """Test whether the denoiser's cells are 2 × 2 of the VAE's, normalized jointly, as FLUX.2's."""
    return hasattr(vae, "bn")


def _shift_and_scale(like: torch.Tensor, vae: Any) -> tuple[Any, Any]:
    config = vae.config
    if _patched(vae):
        norm = vae.bn
        deviation = torch.sqrt(norm.running_var + config.batch_norm_eps)
        mean, deviation = (v.view(1, -1, 1, 1).to(like) for v in (norm.running_mean, deviation))
        return mean, 1 / deviation
    if like.ndim == 5:  # Qwen's is a video VAE, with values per channel
        mean, std = (torch.tensor(config[k]).to(like) for k in ("latents_mean", "latents_std"))
        return mean.view(1, -1, 1, 1, 1), 1 / std.view(1, -1, 1, 1, 1)
    return config.get("shift_factor") or 0.0, config.get("scaling_factor") or 1.0


@torch.no_grad()
def encoded(model: Model, picture: Array) -> torch.Tensor:
    """The most likely latents of a picture, in the denoiser's form.

    Args:
        picture: (H, W, 3) float32 in [0, 1].

    Returns:
        (1, C, h, w) on the model's device.
    """
    vae = model.vae
    upcast = vae.dtype == torch.float16 and bool(vae.config.get("force_upcast"))
    if upcast:
        vae.to(torch.float32)
    pixels = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None]
    pixels = (2 * pixels - 1).to(model.device, vae.dtype)
    output = vae.encode(pixels[:, :, None] if model.video_vae else pixels)
    raw = output["latents"] if model.family is KANDINSKY else output.latent_dist.mode()
    if upcast:
        vae.to(torch.float16)
    latents = to_denoiser(raw, vae)
    return latents[:, :, 0] if model.video_vae else latents


@torch.no_grad()
def decoded(model: Model, latents: torch.Tensor) -> Array:
    """Decode latents in the denoiser's form to a picture.

    Args:
        latents: (1, C, h, w).

    Returns:
        (H, W, 3) float32 in [0, 1].
    """
    vae = model.vae
    upcast = vae.dtype == torch.float16 and bool(vae.config.get("force_upcast"))
    if upcast:
        vae.to(torch.float32)
    latents = latents.to(model.device, vae.dtype)
    raw = from_denoiser(latents[:, :, None] if model.video_vae else latents, vae)
    pixels = vae.decode(raw).sample
    if model.video_vae:
        pixels = pixels[:, :, 0]
    if upcast:
        vae.to(torch.float16)
    picture = (pixels[0] * 0.5 + 0.5).clamp(0, 1).permute(1, 2, 0)
    return np.asarray(picture.float().cpu().numpy())


def unpacked(model: Model, latents: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Latents as a (1, C, h, w) picture, however the pipeline arranges them.

    Args:
        height, width: of the work area in pixels.
    """
    if model.family.layout == "pairs":
        rows, columns = height // model.cell // _PATCH, width // model.cell // _PATCH
        pairs = latents.reshape(len(latents), rows, columns, -1, _PATCH, _PATCH)
        pairs = pairs.permute(0, 3, 1, 4, 2, 5)
        latents = pairs.reshape(len(latents), -1, rows * _PATCH, columns * _PATCH)
    if model.family.layout == "rows":
        rows, columns = height // model.cell, width // model.cell
        latents = latents.transpose(1, 2).reshape(1, -1, rows, columns)
    return latents[:, :, 0] if latents.ndim == 5 else latents


def packed(model: Model, latents: torch.Tensor) -> torch.Tensor:
    """The inverse of `unpacked` for a (1, C, h, w) picture of latents."""
    if model.family.layout == "grid":
        return latents
    if model.family.layout == "rows":
        return latents.flatten(2).transpose(1, 2)
    _, channels, height, width = latents.shape
    pairs = latents.reshape(1, channels, height // _PATCH, _PATCH, width // _PATCH, _PATCH)
    return pairs.permute(0, 2, 4, 1, 3, 5).flatten(1, 2).flatten(2)


_OWN_NOISE = 0x9E3779B9
"""Derived from the denoising seed, whose stream of random numbers must not shift."""


def latent_infill(cells: Array, settings: Settled, seed: int, vae: Any) -> LatentEdit | None:
    """The change to the picture's latents z before denoising; None for no change.

    With the mask m and noise eps: noise is z(1-m) + eps·m, nothing is z(1-m), and `replace` r is
    z + m·r(eps - z), which InvokeAI calls inpaint_replace.

    Args:
        cells: (h, w) float32 in [0, 1], the pooled mask.
    """
    share = 1.0 if settings.infill in ("noise", "nothing") else settings.replace
    if share == 0:
        return None

    def edit(raw: torch.Tensor) -> torch.Tensor:
        generator = torch.Generator("cpu").manual_seed(seed ^ _OWN_NOISE)
        noise = gathered(torch.randn(raw.shape, generator=generator).to(raw), vae)
        instead = torch.zeros_like(noise) if settings.infill == "nothing" else noise
        weight = share * torch.from_numpy(cells).to(raw)
        return torch.lerp(raw, from_denoiser(instead, vae), weight.expand_as(raw))

    return edit
