"""Compositing of the engine's colours, which leaves kept pixels untouched."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd.smooth import extended, per

_FULL_FROM = np.float32(0.25)
"""Mask value from which a soft engine's colours are used at full weight."""

_BLOCK = 8
"""Side of the squares for averaging the engine's error, so that texture is not measured."""


def paste_weight(mask: Array, lost: NDArray[np.bool_], *, soft: bool) -> Array:
    """Weight of the engine's colour at each pixel, (H, W) float32 in [0, 1].

    0 where the mask is 0, 1 where it is 1 and where a hole's colour was lost. In between it equals
    the mask for engines that fill outright, and reaches 1 early for those that honour greys
    themselves.
    """
    weight = np.minimum(mask / _FULL_FROM, np.float32(1)) if soft else mask
    return np.where(lost & (mask > 0), np.float32(1), weight)


def composed(colour: Array, painted: Array, weight: Array) -> Array:
    """Blend (1-w) C + w G, (H, W, 3) float32; exactly C if w = 0 or both agree, G if w = 1."""
    w = weight[..., None]
    mixed = colour + w * (painted - colour)
    return np.where(w == 0, colour, np.where(w == 1, painted, mixed))


def colour_shift(painted: Array, colour: Array, known: NDArray[np.bool_]) -> Array:
    """Estimate the engine's colour shift: its error on known pixels, smoothed over the region.

    Args:
        painted, colour: (H, W, 3) float32, the engine's and the source's colours.
        known: (H, W) bool, where the engine should have given back the source.

    Returns:
        (H, W, 3) float32 to subtract from `painted`; exactly 0 if engine and source agree
        everywhere, and never outside the range of the measured errors.
    """
    height, width = known.shape
    weight = known.astype(np.float32)
    error = (painted - colour) * weight[..., None]
    if not error.any():
        return error
    block = int(np.clip(min(height, width) // 16, 1, _BLOCK))
    share = _block_means(weight, block)[..., 0]
    means = per(_block_means(error, block), share)
    seen = share > 0
    plane = _fitted_plane(means, share)
    rest = plane + extended(means - plane, np.minimum(share * 4, np.float32(1)))
    rest = np.clip(rest, means[seen].min(axis=0), means[seen].max(axis=0))
    size = (rest.shape[1] * block, rest.shape[0] * block)
    shift = np.asarray(cv2.resize(rest, size, interpolation=cv2.INTER_LINEAR), np.float32)
    return shift[:height, :width]


def _block_means(values: Array, block: int) -> Array:
    """Means over squares of `block` pixels; padding at the right and bottom counts as 0."""
    below, right = -values.shape[0] % block, -values.shape[1] % block
    padded = cv2.copyMakeBorder(values, 0, below, 0, right, cv2.BORDER_CONSTANT)
    size = (padded.shape[1] // block, padded.shape[0] // block)
    means = np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float32)
    return means.reshape(size[1], size[0], -1)


def _fitted_plane(values: Array, weight: Array) -> Array:
    """Least-squares fit of the plane a + b x + c y to (H, W, C) values, as (H, W, C)."""
    height, width, channels = values.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    basis = np.stack([np.ones(x.size), x.ravel(), y.ravel()], axis=1)
    weighted = basis * weight.reshape(-1, 1)
    # A slight ridge term keeps the slopes at 0 when the known pixels are collinear.
    normal = weighted.T @ basis + np.diag([0, 1e-6, 1e-6]) * weight.sum()
    fit = np.linalg.lstsq(normal, weighted.T @ values.reshape(-1, channels), rcond=None)[0]
    return np.asarray((basis @ fit).reshape(values.shape), dtype=np.float32)
