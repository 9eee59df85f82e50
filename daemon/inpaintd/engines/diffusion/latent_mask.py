"""The mask on the grid of latent cells, and when each grey is freed. Pure functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_EPSILON = 1e-6


def pooled(mask: Array, cell: int) -> Array:
    """The greatest value in each latent cell.

    diffusers takes the nearest pixel, which loses a stroke of w pixels with probability 1 - w/8.
    An average would free the rim of a hard selection only in the last steps.

    Args:
        mask: (H, W) float32 in [0, 1], sides multiples of `cell`.

    Returns:
        (H / cell, W / cell) float32.
    """
    height, width = mask.shape
    cells = mask.reshape(height // cell, cell, width // cell, cell)
    return np.asarray(cells.max(axis=(1, 3)), np.float32)


def freed(mask: Array, step: int, steps: int) -> Array:
    """Which cells the result of a step is taken for; the others keep the noised original.

    Differential diffusion (Levin and Fried, 2023): a cell of grey m is free in the last m of all
    steps, so first in step ceil((1 - m) · steps) - 1.

    Args:
        mask: pooled mask in [0, 1].
        step: 0 to steps - 1.

    Returns:
        float32 of 0 and 1, as large as the mask.
    """
    if step + 1 >= steps:
        return (mask > 0).astype(np.float32)
    return (mask >= 1 - (step + 1) / steps - _EPSILON).astype(np.float32)


def is_soft(mask: Array) -> bool:
    """Whether a mask has greys."""
    return bool(((mask > 0) & (mask < 1)).any())


def spread(cells: Array, cell: int) -> Array:
    """Each latent cell as `cell` × `cell` pixels, so that nearest sampling gives it back."""
    return cells.repeat(cell, axis=0).repeat(cell, axis=1)
