"""Pasting the engine's colours back so that nothing changes that should not."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd.smooth import extended, per

_FULL_FROM = np.float32(0.25)
"""Mask from which a soft engine's colours are taken whole."""

_BLOCK = 8
"""Side of the squares over which the engine's error is averaged: texture is no colour shift."""


def paste_weight(mask: Array, lost: NDArray[np.bool_], *, soft: bool) -> Array:
    """How much of the engine's colour each pixel takes, (H, W) float32 in [0, 1].

    0 where the mask is 0, 1 where it is 1 and where a hole's colour was lost; between, as the mask
    for engines that fill outright, and early 1 for those that honour greys themselves.
    """
    weight = np.minimum(mask / _FULL_FROM, np.float32(1)) if soft else mask
    return np.where(lost & (mask > 0), np.float32(1), weight)


def composed(colour: Array, painted: Array, weight: Array) -> Array:
    """(1-w) C + w G in (H, W, 3) float32; exactly C where w is 0 or both agree, G where w is 1."""
    w = weight[..., None]
    mixed = colour + w * (painted - colour)
    return np.where(w == 0, colour, np.where(w == 1, painted, mixed))


def colour_shift(painted: Array, colour: Array, known: NDArray[np.bool_]) -> Array:
    """The smooth part of the engine's error, seen on known pixels, extended over the region.

    Args:
        painted, colour: (H, W, 3) float32, the engine's and the source's colours.
        known: (H, W) bool, where the engine should have given back the source.

    Returns:
        (H, W, 3) float32 to take off `painted`; exactly 0 where engine and source agree everywhere.
        Never beyond the range of what was seen.
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
    """Means over squares of `block` pixels; what is missing at the right and below counts as 0."""
    below, right = -values.shape[0] % block, -values.shape[1] % block
    padded = cv2.copyMakeBorder(values, 0, below, 0, right, cv2.BORDER_CONSTANT)
    size = (padded.shape[1] // block, padded.shape[0] // block)
    means = np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float32)
    return means.reshape(size[1], size[0], -1)


def _fitted_plane(values: Array, weight: Array) -> Array:
    """The plane a + b x + c y through (H, W, C) values, least squares, as (H, W, C)."""
    height, width, channels = values.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    basis = np.stack([np.ones(x.size), x.ravel(), y.ravel()], axis=1)
    weighted = basis * weight.reshape(-1, 1)
    # A little ridge keeps the slopes at 0 when the known pixels lie in a line.
    normal = weighted.T @ basis + np.diag([0, 1e-6, 1e-6]) * weight.sum()
    fit = np.linalg.lstsq(normal, weighted.T @ values.reshape(-1, channels), rcond=None)[0]
    return np.asarray((basis @ fit).reshape(values.shape), dtype=np.float32)
