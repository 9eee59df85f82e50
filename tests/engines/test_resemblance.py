from typing import Any

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaintd.engine import Task
from inpaintd.engines import patchmatch
from inpaintd.engines.patchmatch import completed
from inpaintd.engines.resemblance import Matches, Scale, carried, resembling


@pytest.fixture
def gravel() -> Any:
    return np.dstack([skimage.data.gravel()] * 3)[:300, :300].astype(np.float32) / 255


def scale_of(picture: Any, hole: Any) -> Scale:
    return Scale(picture, hole, ~hole)


def test_copies_are_found_where_they_came_from(gravel: Any) -> None:
    gravel[100:140, 100:150] = gravel[200:240, 37:87]
    hole = np.zeros((300, 300), bool)
    hole[105:135, 105:145] = True
    matches = resembling(scale_of(gravel, hole), np.random.default_rng(0))
    rows, columns = np.nonzero(hole)
    exact = (matches.rows - rows == 100) & (matches.columns - columns == -63)
    assert exact.mean() > 0.99
    assert np.abs(carried(gravel, hole, matches, hole, 1) - gravel)[hole].max() < 0.02


def test_a_coarse_fill_gets_the_detail_of_its_sources(gravel: Any) -> None:
    gravel[100:148, 100:148] = gravel[200:248, 36:84]
    hole = np.zeros((300, 300), bool)
    hole[108:140, 108:140] = True
    coarse = scale_of(gravel, hole).halved()
    # What a fill at half the resolution would be if it were perfect.
    matches = resembling(coarse, np.random.default_rng(0))
    fine = carried(np.where(hole[..., None], np.float32(0), gravel), hole, matches, coarse.hole, 2)
    assert np.abs(fine - gravel)[hole].mean() < 0.03
    assert (fine == gravel)[~hole].all()


def test_neighbours_with_different_sources_fade_into_each_other() -> None:
    factor, cells = 16, 12
    colour = np.zeros((cells * factor, cells * factor, 3), np.float32)
    colour[:, : 2 * factor] = 1
    coarse_hole = np.zeros((cells, cells), bool)
    coarse_hole[4:8, 4:8] = True
    rows, columns = np.nonzero(coarse_hole)
    # The left half of the hole comes from the white edge, the right half from the black one.
    from_where = np.where(columns < 6, 0, cells - 1)
    matches = Matches(rows, from_where, np.zeros(rows.size, np.float32))
    hole = np.kron(coarse_hole, np.ones((factor, factor), bool))
    filled = carried(colour, hole, matches, coarse_hole, factor)
    inside = filled[4 * factor : 8 * factor, 4 * factor : 8 * factor]
    assert inside[:, 0].min() == 1
    assert inside[:, -1].max() == 0
    assert np.abs(np.diff(inside, axis=1)).max() < 1.5 / factor


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_halving_never_loses_a_hole_or_invents_a_source(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    hole = rng.random((height, width)) < 0.1
    picture = rng.random((height, width, 3), np.float32)
    half = Scale(picture, hole, ~hole & (rng.random((height, width)) < 0.9)).halved()
    assert half.hole.shape == ((height + 1) // 2, (width + 1) // 2)
    rows, columns = np.nonzero(hole)
    assert half.hole[rows // 2, columns // 2].all()
    assert not (half.hole & half.sources).any()


def test_large_holes_are_as_sharp_as_small_ones_and_end_without_a_seam() -> None:
    photo = np.dstack([skimage.data.gravel()] * 3).astype(np.float32) / 255
    mask = np.zeros((512, 512), np.float32)
    mask[130:390, 120:380] = 1
    filled = completed(Task(photo, mask, 1))
    assert mask.sum() > patchmatch._SOLVED_AT_ONCE
    assert (filled == photo)[mask == 0].all()

    def steps(picture: Any, columns: slice) -> float:
        return float(np.abs(np.diff(picture[130:390, columns], axis=1)).mean())

    around = steps(photo, slice(0, 120))
    assert steps(filled, slice(150, 350)) == pytest.approx(around, rel=0.25)
    assert steps(filled, slice(119, 121)) < 1.4 * around


def test_large_holes_keep_the_depth_of_their_sources() -> None:
    ramp = np.linspace(0.3, 0.4, 700, dtype=np.float32)
    colour = np.broadcast_to(ramp[:, None, None], (700, 400, 3)).copy()
    mask = np.zeros((700, 400), np.float32)
    mask[200:500, 100:300] = 1
    filled = completed(Task(colour, mask, 1))
    assert np.abs(filled * 255 - np.round(filled * 255))[350:360, 150:250].max() > 0.05
    assert filled.min() >= 0.299
    assert filled.max() <= 0.401


def test_a_large_hole_with_hardly_any_surroundings_is_filled() -> None:
    photo = skimage.data.astronaut()[:300, :300].astype(np.float32) / 255
    mask = np.ones((300, 300), np.float32)
    mask[:, :3] = 0
    filled = completed(Task(photo, mask, 1))
    assert np.isfinite(filled).all()
    assert (filled == photo)[mask == 0].all()
