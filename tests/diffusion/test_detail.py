"""The second pass over large holes, and the sizes at which models work."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaintd.engines.diffusion import detail
from inpaintd.engines.diffusion.work_area import (
    LARGEST_OVER_NATIVE,
    WorkSize,
    scale_colour,
    scale_mask,
    work_size,
)
from tests.diffusion.pictures import engine, paint, photograph, task
from tests.diffusion.tiny_models import Build

sides = st.integers(1, 4000)


@given(sides, sides, st.sampled_from([8, 16, 64]))
def test_the_work_size_is_near_the_models_area_and_a_multiple(
    height: int, width: int, multiple: int
) -> None:
    size = work_size(height, width, 512, multiple)
    assert size.height % multiple == size.width % multiple == 0
    if max(height, width) < 4 * min(height, width):
        assert 0.6 < size.height * size.width / 512**2 < LARGEST_OVER_NATIVE * 1.4


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(8, 90),
    st.integers(8, 90),
    st.sampled_from([1.0, 0.4]),
)
def test_scaling_loses_no_stroke(
    height: int, width: int, to_height: int, to_width: int, grey: float
) -> None:
    for row, column in ((0, 0), (height - 1, width - 1), (height // 2, width // 3)):
        mask = np.zeros((height, width), np.float32)
        mask[row, column] = grey
        scaled = scale_mask(mask, WorkSize(to_height, to_width))
        assert scaled.max() == pytest.approx(grey)
        if grey == 1:
            assert set(np.unique(scaled)) <= {0.0, 1.0}  # a hard mask needs no soft-mask steps


def test_nothing_is_scaled_without_need() -> None:
    picture = photograph(64, 72)
    assert work_size(64, 72, 64, 8) == WorkSize(64, 72)
    assert scale_colour(picture, WorkSize(64, 72)) is picture


@given(st.integers(65, 300), st.integers(65, 300), st.integers(0, 2**31))
def test_tiles_cover_the_hole_once(height: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.float32)
    top, left = random.integers(0, height), random.integers(0, width)
    mask[top : top + random.integers(1, height), left : left + random.integers(1, width)] = 1
    covered = np.zeros_like(mask)
    for tile in detail.tiles(mask, 64):
        covered[tile.window] += detail.mask_of(tile, mask)
        assert mask[tile.window].shape == (min(64, height), min(64, width))
    assert np.array_equal(covered, mask)


@pytest.mark.parametrize("kind", ["sd15", "sdxl-inpainting", "flux"])
def test_a_large_hole_is_painted_twice(kind: str, tiny: Build) -> None:
    mask = np.zeros((128, 160), np.float32)
    mask[30:90, 20:140] = 1
    model = engine(tiny(kind))
    painted = paint(model, task(mask), strength=1.0, steps=6)
    once = paint(model, task(mask), strength=1.0, steps=6, width=80, height=64)
    assert painted.steps > once.steps

    def detail_in(colour: np.ndarray) -> float:
        return float(np.abs(np.diff(colour[30:90, 20:140], axis=1)).mean())

    assert detail_in(painted.colours[0]) > detail_in(once.colours[0])
    assert painted.colours[0].shape == (128, 160, 3)
    again = paint(engine(tiny(kind)), task(mask), strength=1.0, steps=6)
    assert np.array_equal(painted.colours[0], again.colours[0])
