"""Smooth extension of what is known at some pixels to all others."""

from __future__ import annotations

import cv2
import numpy as np

from inpaintd.engine import Array

_RELAXATIONS = 4
"""Smoothing passes at each scale; enough to hide the coarser scale's grid."""


def extended(values: Array, weight: Array) -> Array:
    """Normalised convolution over scales (pull and push), relaxed towards a membrane.

    Args:
        values: (H, W, C) float32; where `weight` is 0 they are not looked at.
        weight: (H, W) float32 in [0, 1], how much each pixel is known; 1 is kept as it is.

    Returns:
        (H, W, C) float32; zeros when nothing is known. Between the least and greatest known value.

    Source: Gortler et al., The Lumigraph (1996), section 3.4.
    """
    weighted = np.where(weight[..., None] > 0, values * weight[..., None], np.float32(0))
    return _pull_push(weighted, weight)


def _pull_push(weighted: Array, weight: Array) -> Array:
    height, width, channels = weighted.shape
    known = per(weighted, weight)
    if max(height, width) <= 1 or not (weight < 1).any():
        return known
    half = ((width + 1) // 2, (height + 1) // 2)
    share = np.asarray(cv2.pyrDown(weight, dstsize=half), np.float32).reshape(half[1], half[0])
    sums = np.asarray(cv2.pyrDown(weighted, dstsize=half), np.float32).reshape(
        half[1], half[0], channels
    )
    confidence = np.minimum(share * 4, np.float32(1))
    coarse = _pull_push(per(sums, share) * confidence[..., None], confidence)
    upper = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))
    upper = upper.reshape(height, width, channels)
    keep = weight[..., None]
    result: Array = known * keep + upper * (1 - keep)
    for _ in range(_RELAXATIONS):
        around = np.asarray(cv2.blur(result, (3, 3))).reshape(result.shape)
        result = known * keep + around * (1 - keep)
    return result


def per(sums: Array, weight: Array) -> Array:
    """(H, W, C) sums by their (H, W) weight, float32; 0 where both are."""
    return np.asarray(sums / np.maximum(weight, np.float32(1e-12))[..., None], np.float32)
