"""Between pixels, the VAE's own latents and those that the denoiser sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .families import KANDINSKY
from .model import Model

Array = NDArray[np.float32]


def to_denoiser(raw: torch.Tensor, vae: Any) -> torch.Tensor:
    """From what the VAE makes to what the denoiser takes."""
    shift, scale = _shift_and_scale(raw, vae)
    return torch.as_tensor((raw - shift) * scale)


def from_denoiser(latents: torch.Tensor, vae: Any) -> torch.Tensor:
    """The inverse of `to_denoiser`."""
    shift, scale = _shift_and_scale(latents, vae)
    return torch.as_tensor(latents / scale + shift)


def _shift_and_scale(like: torch.Tensor, vae: Any) -> tuple[Any, Any]:
    config = vae.config
    if like.ndim == 5:  # Qwen's VAE is one for videos, with numbers for each channel
        mean, std = (torch.tensor(config[k]).to(like) for k in ("latents_mean", "latents_std"))
        return mean.view(1, -1, 1, 1, 1), 1 / std.view(1, -1, 1, 1, 1)
    return config.get("shift_factor") or 0.0, config.get("scaling_factor") or 1.0


@torch.no_grad()
def encoded(model: Model, picture: Array) -> torch.Tensor:
    """The most likely latents of a picture, as the denoiser takes them.

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
    """The picture of latents as the denoiser gives them, for models whose VAE is one for pictures.

    Args:
        latents: (1, C, h, w).

    Returns:
        (H, W, 3) float32 in [0, 1].
    """
    vae = model.vae
    upcast = vae.dtype == torch.float16 and bool(vae.config.get("force_upcast"))
    if upcast:
        vae.to(torch.float32)
    pixels = vae.decode(from_denoiser(latents.to(model.device, vae.dtype), vae)).sample
    if upcast:
        vae.to(torch.float16)
    picture = (pixels[0] * 0.5 + 0.5).clamp(0, 1).permute(1, 2, 0)
    return np.asarray(picture.float().cpu().numpy())


def unpacked(model: Model, latents: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Latents as a (1, C, h, w) picture, however the pipeline arranges them.

    Args:
        height, width: of the work area in pixels.
    """
    if model.family.packed:
        latents = model.pipe._unpack_latents(latents, height, width, model.cell)
    return latents[:, :, 0] if latents.ndim == 5 else latents


def packed(model: Model, latents: torch.Tensor) -> torch.Tensor:
    """The inverse of `unpacked` for a (1, C, h, w) picture of latents."""
    if not model.family.packed:
        return latents
    _, channels, height, width = latents.shape
    rows = model.pipe._pack_latents(latents, 1, channels, height, width)
    assert isinstance(rows, torch.Tensor)
    return rows
