"""Conversion of colours to 8 bits and back, for fills that support no more."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array

_PASSES = 3
"""Number of smoothing passes within the 8-bit rounding; more changes nothing visible."""


def to_bytes(colour: Array) -> NDArray[np.uint8]:
    """(H, W, 3) float32 colour as the nearest 8-bit samples."""
    rounded = np.floor(np.clip(colour, 0, 1) * 255 + np.float32(0.5))
    return np.asarray(rounded, np.uint8)


def from_bytes(pixels: NDArray[np.uint8]) -> Array:
    """8-bit samples as the smoothest (H, W, 3) float32 colour that rounds to them.

    Thus a fill's gradients show no banding in a 16-bit picture, and 8-bit pictures are unchanged.
    """
    values = pixels.astype(np.float32)
    smooth = values
    for _ in range(_PASSES):
        blurred = np.asarray(cv2.GaussianBlur(smooth, (0, 0), 2), np.float32)
        smooth = np.clip(blurred, values - np.float32(0.49), values + np.float32(0.49))
    return np.clip(smooth / 255, 0, 1)
