"""Premultiply colours by alpha, and reverse it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]


def divided(samples: Samples) -> Samples:
    """Convert premultiplied (H, W, C), alpha last, to straight alpha; black where it is 0."""
    alpha = samples[..., -1:]
    full = 1.0 if samples.dtype == np.float32 else float(np.iinfo(samples.dtype).max)
    with np.errstate(all="ignore"):  # a float may have any value
        colour = samples[..., :-1].astype(np.float64) * full / np.where(alpha > 0, alpha, 1)
    colour = np.where(alpha > 0, colour, 0)
    return np.concatenate([_rounded(colour, samples.dtype), alpha], axis=2)


def multiplied(samples: Samples) -> Samples:
    """Convert (H, W, C) with straight alpha last to premultiplied colours."""
    full = 1.0 if samples.dtype == np.float32 else float(np.iinfo(samples.dtype).max)
    alpha = samples[..., -1:]
    colour: NDArray[Any] = samples[..., :-1] * (alpha / np.float64(full))
    return np.concatenate([_rounded(colour, samples.dtype), alpha], axis=2)


def _rounded(colour: NDArray[Any], dtype: np.dtype[Any]) -> Samples:
    if dtype == np.float32:
        return colour.astype(dtype)
    rounded: Samples = np.floor(np.clip(colour, 0, np.iinfo(dtype).max) + 0.5).astype(dtype)
    return rounded
