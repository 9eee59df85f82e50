"""A picture with a hole at successively lower resolutions."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array

Pixels = NDArray[np.bool_]
"""(H, W), a set of pixels."""

_COARSEST = 250
"""Largest hole of the coarsest level, in pixels: a few patches wide, so that edges meet."""

_TEXTURED = 900
"""Number of hole pixels at the level whose texture the texture channel represents."""

_BAND = 256
"""Rows whose texture is computed at once."""

_LEAST_SIDE = 24
_LEAST_CENTRES = 50

_TEXTURE = np.float32(6.0)
"""Weight of the texture channel relative to the colours."""

_BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Scaled:
    """A picture at one resolution.

    Attributes:
        padded: (h + 2 r, w + 2 r, 4) float32, red, green, blue, texture; the edges are repeated.
        hole: (h, w) bool.
        allowed: (h, w) bool, pixels that may be copied.
    """

    padded: Array
    hole: Pixels
    allowed: Pixels
    radius: int

    @property
    def picture(self) -> Array:
        """(h, w, 4), without the padding."""
        r = self.radius
        return self.padded[r:-r, r:-r]

    def halved(self) -> Scaled:
        """The level at half the resolution: hole where mostly hole, allowed where all allowed."""
        height, width = self.hole.shape
        even = ((0, height % 2), (0, width % 2))
        size = ((width + 1) // 2, (height + 1) // 2)

        def mean(values: Array) -> Array:
            if height % 2 or width % 2:
                values = np.pad(values, (*even, (0, 0))[: values.ndim], "edge")
            return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)

        known = (~self.hole).astype(np.float32)
        share = mean(known)
        # One channel at a time: at full resolution every copy counts.
        sums = [mean(self.picture[..., channel] * known) for channel in range(4)]
        colour: Array = np.dstack(sums)
        colour /= np.maximum(share, np.float32(1e-6))[..., None]
        r = self.radius
        padded = np.asarray(np.pad(colour, ((r, r), (r, r), (0, 0)), "edge"), np.float32)
        return Scaled(padded, share < 0.5, mean(self.allowed.astype(np.float32)) > 0.99, r)


def pyramid(colour: Array, hole: Pixels, allowed: Pixels, radius: int) -> list[Scaled]:
    """The picture from full resolution down to a hole of a few hundred pixels.

    Args:
        colour: (h, w, 3) float32.
        allowed: kept pixels that may be copied.
        radius: that of the patches, some of which must be allowed at each level.
    """
    scales = [Scaled(_with_texture(colour, hole, radius), hole, allowed, radius)]
    while (
        np.count_nonzero(scales[-1].hole) > _COARSEST and min(scales[-1].hole.shape) > _LEAST_SIDE
    ):
        halved = scales[-1].halved()
        centres = centres_of(halved.allowed & ~halved.hole, radius)
        if not halved.hole.any() or np.count_nonzero(centres) < _LEAST_CENTRES:
            break
        scales.append(halved)
    return scales


def centres_of(pixels: Pixels, radius: int) -> Pixels:
    """Centres of the patches that are within these pixels."""
    patch = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    inside = cv2.erode(
        pixels.astype(np.uint8), patch, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return np.asarray(inside) > 0


def _with_texture(colour: Array, hole: Pixels, radius: int) -> Array:
    """Colours and a measure of their local variation, padded, (h + 2 r, w + 2 r, 4).

    Without it a coarse level, where fine texture is averaged away, mistakes smooth for rough.

    Source: Newson et al., Video inpainting of complex scenes (2014), section 3.3.
    """
    levels = np.ceil(np.log2(max(1.0, np.sqrt(np.count_nonzero(hole) / _TEXTURED))))
    reach = int(2 ** np.clip(levels, 1, 4))
    height, width, r = *hole.shape, radius
    padded = np.empty((height + 2 * r, width + 2 * r, 4), np.float32)
    padded[r:-r, r:-r, :3] = colour
    # In bands: at full resolution every copy counts.
    for top in range(0, height, _BAND):
        first, last = max(0, top - reach - 2), min(height, top + _BAND + reach + 2)
        texture = _texture(colour[first:last], hole[first:last], reach)
        band = texture[top - first : min(top + _BAND, height) - first]
        padded[r + top : r + top + band.shape[0], r:-r, 3] = band
    padded[r:-r, :r], padded[r:-r, -r:] = padded[r:-r, r, None], padded[r:-r, -r - 1, None]
    padded[:r], padded[-r:] = padded[r], padded[-r - 1]
    return padded


def _texture(colour: Array, hole: Pixels, reach: int) -> Array:
    """Mean change of brightness around each pixel, (h, w), of the kept pixels alone."""
    grey = colour @ _BRIGHTNESS
    beside = cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8))
    known = np.float32(1) - np.asarray(beside, np.float32)
    side = (2 * reach + 1, 2 * reach + 1)
    share = np.maximum(np.asarray(cv2.blur(known, side)), np.float32(1e-3))
    change = sum(
        np.abs(cv2.Sobel(grey, cv2.CV_32F, *order, scale=0.125)) for order in ((1, 0), (0, 1))
    )
    return np.asarray(cv2.blur(change * known, side) * (_TEXTURE / share), np.float32)
