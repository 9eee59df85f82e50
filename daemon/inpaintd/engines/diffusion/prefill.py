"""A smooth fill of the hole, so that hidden colour cannot leak. Pure functions."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def smooth_fill(colour: Array, keep: Array) -> Array:
    """Fill what is not kept from its surroundings: means over ever coarser grids, laid over.

    At full strength the model should not see what is under the hole; it does all the same, since
    the VAE's context reaches from there into the kept cells.

    Args:
        colour: (H, W, 3) float32.
        keep: (H, W) float32, 1 = known; where it is 0 the colour is never read.

    Returns:
        (H, W, 3) float32, unchanged where `keep` is 1. Mid-grey when nothing is kept.
    """
    if not keep.any():
        return np.full_like(colour, 0.5)
    weight = keep[..., None]
    filled = weight * colour + (1 - weight) * _coarse(colour * weight, keep)
    return filled.astype(np.float32)


def _coarse(premultiplied: Array, weight: Array) -> Array:
    height, width = weight.shape
    if (height, width) == (1, 1):
        return np.asarray(premultiplied / np.maximum(weight, 1e-6)[..., None], np.float32)
    half = (max(1, (width + 1) // 2), max(1, (height + 1) // 2))
    small = np.asarray(cv2.resize(premultiplied, half, interpolation=cv2.INTER_AREA))
    small_weight = np.asarray(cv2.resize(weight, half, interpolation=cv2.INTER_AREA))
    # Saturate: a cell that is known to a quarter is known well enough.
    gain: Array = (np.minimum(1, 4 * small_weight) / np.maximum(small_weight, 1e-6)).astype("f4")
    below = _coarse(small * gain[..., None], small_weight * gain)
    known = (small_weight * gain)[..., None]
    filled = small * gain[..., None] + (1 - known) * below
    return np.asarray(cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR))
