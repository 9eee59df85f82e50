"""Refinement of a coarse mask to the picture's own edges. A pure function on arrays.

Source: He, Sun and Tang, "Guided Image Filtering", PAMI 2013, with a grey guide.
"""

from __future__ import annotations

import cv2
import numpy as np

from inpaintd.engine import Array

_SENSITIVITY = np.float32(1e-4)
"""Variance of brightness below which a patch counts as flat."""

_LUMA = np.array((0.2126, 0.7152, 0.0722), np.float32)

_SURE = 0.05
"""Values closer to 0 or 1 than this become 0 or 1."""


def snapped_to_edges(coarse: Array, colour: Array, blur_pixels: float) -> Array:
    """The mask with its edge aligned to the picture's.

    Args:
        coarse: (H, W) float32 in [0, 1].
        colour: (H, W, 3) float32, sRGB-encoded.
        blur_pixels: maximum offset of the coarse mask's edge.

    Returns:
        (H, W) float32 in [0, 1]: exactly 0 and 1 away from the edge, soft along it.
    """
    radius = max(1, round(blur_pixels))
    fine = np.zeros_like(coarse)
    near = _around(coarse, 4 * radius)
    if near is None:
        return fine
    mask, guide = coarse[near], colour[near] @ _LUMA
    while radius:
        # Each pass moves the edge closer, so the next one can use a smaller radius.
        mask = _filtered(mask, guide, radius)
        radius //= 2
    fine[near] = mask
    return fine


def _filtered(coarse: Array, guide: Array, radius: int) -> Array:
    mean_guide, mean_mask = _mean(guide, radius), _mean(coarse, radius)
    covariance = _mean(guide * coarse, radius) - mean_guide * mean_mask
    variance = _mean(guide * guide, radius) - mean_guide * mean_guide
    slope = np.asarray(covariance / (np.maximum(variance, 0) + _SENSITIVITY), np.float32)
    offset = mean_mask - slope * mean_guide
    fine = _mean(slope, radius) * guide + _mean(offset, radius)
    stretched = (fine - np.float32(_SURE)) / np.float32(1 - 2 * _SURE)
    return np.asarray(np.clip(stretched, 0, 1), np.float32)


def _around(mask: Array, margin: int) -> tuple[slice, slice] | None:
    """Rows and columns that contain the mask with a margin; filtering a whole picture is slow."""
    rows, columns = (np.flatnonzero(mask.max(axis=axis) > _SURE) for axis in (1, 0))
    if not rows.size:
        return None
    return (
        slice(max(0, rows[0] - margin), rows[-1] + 1 + margin),
        slice(max(0, columns[0] - margin), columns[-1] + 1 + margin),
    )


def _mean(values: Array, radius: int) -> Array:
    side = 2 * radius + 1
    blurred = cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)
