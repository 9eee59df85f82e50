"""Pictures of unfinished latents, by a linear map from latents to colours.

The map is fitted once for each VAE on a chart of colours, which needs no table for each family.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from numpy.typing import NDArray

from .latents import encoded, unpacked
from .model import Model

Array = NDArray[np.float32]

_PATCH_CELLS = 4
_LEVELS = (0.05, 0.35, 0.65, 0.95)


def colour_chart(cell: int) -> tuple[Array, Array]:
    """64 patches of colours that span the cube, in a mixed order.

    Returns:
        The chart (H, W, 3) and its colours (64, 3), float32 in [0, 1], row by row.
    """
    colours = np.array(list(itertools.product(_LEVELS, repeat=3)), np.float32)
    colours = colours[np.random.default_rng(0).permutation(len(colours))]
    side = _PATCH_CELLS * cell
    chart = colours.reshape(8, 8, 3).repeat(side, axis=0).repeat(side, axis=1)
    return chart, colours


class LatentColours:
    """The linear map of one model's VAE."""

    def __init__(self, model: Model) -> None:
        chart, colours = colour_chart(model.cell)
        latents = encoded(model, chart)[0].float().cpu().numpy()
        channels = latents.shape[0]
        patches = latents.reshape(channels, 8, _PATCH_CELLS, 8, _PATCH_CELLS)
        inner = patches[:, :, 1:-1, :, 1:-1].mean(axis=(2, 4)).reshape(channels, 64).T
        basis = np.column_stack([inner, np.ones(64)])
        self.weights = np.linalg.lstsq(basis, colours, rcond=1e-4)[0].astype(np.float32)
        self.spread = float(latents.std())

    def picture(self, model: Model, latents: torch.Tensor, height: int, width: int) -> Array:
        """(h, w, 3) float32 in [0, 1], one pixel for each latent cell.

        Latents that are still noisy are scaled down to the spread of clean ones; else they would
        show as saturated speckles.
        """
        cells = unpacked(model, latents[:1], height, width)[0].float().cpu().numpy()
        # Not in place: on the CPU these are the very latents that are denoised further.
        calmed = cells * min(1.0, self.spread / max(float(cells.std()), 1e-6))
        colours = np.tensordot(calmed, self.weights[:-1], axes=(0, 0)) + self.weights[-1]
        return np.asarray(np.clip(colours, 0.0, 1.0), np.float32)
