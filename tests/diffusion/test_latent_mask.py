"""The mask on the latent grid, compared with what diffusers makes of it."""

from __future__ import annotations

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from inpaintd.engines.diffusion.painting.soft_mask import freed, is_soft, pooled, spread

masks = npst.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 5)).map(lambda s: (8 * s[0], 8 * s[1])),
    elements=st.floats(0, 1, width=32),
)


def nearest(mask: np.ndarray) -> np.ndarray:
    """As the stock pipelines do it."""
    tensor = torch.from_numpy(mask)[None, None]
    size = (mask.shape[0] // 8, mask.shape[1] // 8)
    return torch.nn.functional.interpolate(tensor, size)[0, 0].numpy()


@given(masks)
def test_no_pixel_of_the_hole_is_lost(mask: np.ndarray) -> None:
    assert (spread(pooled(mask, 8), 8) >= mask).all()


@given(masks)
def test_diffusers_reads_back_the_very_cells(mask: np.ndarray) -> None:
    cells = pooled(mask, 8)
    assert np.array_equal(nearest(spread(cells, 8)), cells)


def test_the_stock_mask_loses_thin_strokes_and_the_rim_of_a_disc() -> None:
    """The reason to deviate: a stroke of w pixels survives the stock way with probability w/8."""
    survived = []
    for column in range(8):
        stroke = np.zeros((64, 64), np.float32)
        stroke[:, 24 + column] = 1
        survived.append(nearest(stroke).any())
        assert pooled(stroke, 8).sum() == 8
    assert sum(survived) == 1
    y, x = np.mgrid[:128, :128]
    disc = (np.hypot(x - 64, y - 64) <= 30).astype(np.float32)
    never_repainted = disc * (1 - spread(nearest(disc), 8))
    assert never_repainted.sum() / disc.sum() > 0.05
    assert not (disc * (1 - spread(pooled(disc, 8), 8))).any()


@given(st.floats(0.001, 1), st.integers(1, 60))
def test_a_grey_is_freed_in_the_step_of_differential_diffusion(grey: float, steps: int) -> None:
    mask = np.array([[grey]], np.float32)
    first = next(i for i in range(steps) if freed(mask, i, steps)[0, 0])
    assert first == max(0, math.ceil((1 - np.float32(grey)) * steps - 1e-5) - 1)
    assert all(freed(mask, i, steps)[0, 0] for i in range(first, steps))


def test_what_is_kept_is_never_freed_and_what_is_open_always() -> None:
    mask = np.array([[0, 1]], np.float32)
    assert not is_soft(mask)
    for step in range(9):
        assert freed(mask, step, 9).tolist() == [[0, 1]]
