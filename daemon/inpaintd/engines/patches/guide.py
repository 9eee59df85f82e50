"""A coarse fill by another engine, which decides on the layout of a hole that patches then detail.

Source: Yi et al., Contextual Residual Aggregation for Ultra High-Resolution Image Inpainting
(2020), for the division of labour; here the detail comes from matched patches.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from inpaintd.engine import Array
from inpaintd.engines.patches.level import Level
from inpaintd.engines.patches.pyramid import Pixels


class Guide:
    """The coarse fill at the resolutions at which it shows all that it knows."""

    def __init__(self, colour: Array, scale: float) -> None:
        """
        Args:
            colour: (h, w, 3) float32, the picture with its hole coarsely filled.
            scale: resolution of the coarse fill as a share of the picture's, at most 1.
        """
        self._colours = [colour]
        # One level further down: networks are soft at the limit of their own resolution.
        self.finest = math.ceil(math.log2(1 / scale)) + 1 if scale < 1 else 0
        """Level of a pyramid above which the guide has no detail."""

    def show(self, level: Level, number: int) -> None:
        """Put the guide's colours into the hole of a level, and an estimate of its texture."""
        r = level.radius
        colour = np.pad(self._at(number), ((r, r), (r, r), (0, 0)), "edge").reshape(-1, 3)
        level.picture[level.places, :3] = colour[level.places]
        level.picture[level.places, 3] = level.expected_texture

    def _at(self, number: int) -> Array:
        while len(self._colours) <= number:
            last = self._colours[-1]
            height, width = last.shape[:2]
            even = np.pad(last, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
            size = ((width + 1) // 2, (height + 1) // 2)
            self._colours.append(
                np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), np.float32)
            )
        return self._colours[number]


_AGREEING = np.float32(0.03)
"""Difference of two layouts, of 1, up to which they count as the same."""


def merged(coarse: Array, fine: Array, hole: Pixels, scale: float) -> Array:
    """The colours of the hole's pixels in reading order, (N, 3) float32.

    Where both show the same layout, the fine fill is taken. Elsewhere the surroundings hold
    nothing like what the coarse fill shows, so only fine structure is added to it.

    Args:
        coarse: (h, w, 3) float32, the fill that decided on the layout.
        fine: (h, w, 3) float32, its detailed version.
        scale: resolution of the coarse fill as a share of the picture's.
    """
    sigma = 1 / scale
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    margin = math.ceil(6 * sigma)
    around = tuple(slice(max(0, x[0] - margin), x[-1] + 1 + margin) for x in (rows, columns))
    coarse, fine, hole = coarse[around], fine[around], hole[around]
    added = _soft(coarse, sigma) + fine - _soft(fine, sigma)
    layouts = np.abs(_soft(fine, 2 * sigma) - _soft(coarse, 2 * sigma)).mean(axis=2)
    agreement = np.exp(-np.square(_soft(layouts, 2 * sigma) / _AGREEING))[..., None]
    colours: Array = (added + agreement * (fine - added))[hole]
    return colours


def _soft(values: Array, sigma: float) -> Array:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)
