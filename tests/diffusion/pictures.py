"""Pictures and masks for the tests of the engine."""

from __future__ import annotations

import numpy as np
import skimage.data
from numpy.typing import NDArray

from inpaintd.engine import Task

Array = NDArray[np.float32]


def photograph(height: int = 64, width: int = 64) -> Array:
    """A detail of a real photograph, (H, W, 3) float32 in [0, 1]."""
    whole = skimage.data.astronaut()[60 : 60 + height, 180 : 180 + width]
    return np.asarray(whole, np.float32) / 255


def hole(height: int = 64, width: int = 64) -> Array:
    """A hard hole that does not lie on the latent grid."""
    mask = np.zeros((height, width), np.float32)
    mask[height // 4 + 3 : 3 * height // 4, width // 4 - 2 : 3 * width // 4 + 1] = 1
    return mask


def task(mask: Array | None = None, *, seed: int = 7, variant: int = 0) -> Task:
    if mask is None:
        mask = hole()
    return Task(colour=photograph(*mask.shape), mask=mask, seed=seed, variant=variant)
