"""Infill that speaks of latents: noise or nothing under the hole, and `replace`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inpaintd_protocol.settings import Settings

from .latents import from_denoiser
from .reuse import LatentEdit

Array = NDArray[np.float32]

_OWN_NOISE = 0x9E3779B9
"""Told from the seed of the denoising, whose stream of random numbers must not shift."""


def latent_infill(cells: Array, settings: Settings, seed: int, vae: Any) -> LatentEdit | None:
    """What is done to the picture's latents z before denoising; None for nothing.

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
        noise = torch.randn(raw.shape, generator=generator).to(raw)
        instead = torch.zeros_like(raw) if settings.infill == "nothing" else noise
        weight = share * torch.from_numpy(cells).to(raw)
        return torch.lerp(raw, from_denoiser(instead, vae), weight.expand_as(raw))

    return edit
