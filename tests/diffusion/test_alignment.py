"""A shift or zoom of the whole picture, planted, measured and undone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaintd.engines.diffusion.painting.alignment import Movement, movement, undone
from tests.diffusion.pictures import photograph

SIDE = 256


def keep() -> np.ndarray:
    kept = np.ones((SIDE, SIDE), np.float32)
    kept[90:170, 100:180] = 0
    return kept


def planted(zoom: float, dx: float, dy: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A photograph, and an edit of it that was moved: a new hole, softened, with a colour shift."""
    source = photograph(SIDE, SIDE)
    edited = source.copy()
    edited[keep() == 0] = (0.9, 0.2, 0.1)
    matrix = np.array([[zoom, 0, dx], [0, zoom, dy]], np.float32)
    moved = cv2.warpAffine(edited, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
    noise = np.random.default_rng(seed).normal(0, 0.01, moved.shape)
    return source, (cv2.GaussianBlur(moved, (0, 0), 0.8) * 0.95 + 0.02 + noise).astype(np.float32)


@pytest.mark.parametrize(
    ("zoom", "dx", "dy"),
    [
        (1.0, 0.2 * SIDE, 0.0),
        (1.0, -0.1 * SIDE, 0.2 * SIDE),
        (1.0, 3.4, -1.7),
        (1.06, -8.0, -8.0),
        (0.93, 20.0, 5.0),
        (1.2, -30.0, -20.0),
    ],
)
def test_a_planted_movement_is_found_to_a_pixel(zoom: float, dx: float, dy: float) -> None:
    source, moved = planted(zoom, dx, dy)
    found = movement(moved, source, keep())
    assert found is not None
    left = Movement(found.zoom - zoom + 1, (found.shift[0] - dx, found.shift[1] - dy), 1.0)
    assert left.largest(SIDE, SIDE) < 1


def test_undone_it_lies_where_it_was() -> None:
    source, moved = planted(1.0, 0.2 * SIDE, 0.0)
    found = movement(moved, source, keep())
    assert found is not None
    back, inside = undone(moved, found)
    same = (keep() == 1) & (inside == 1)
    assert same.mean() > 0.6
    assert np.abs(back - source)[same].mean() < 0.05
    assert back[130, 140] == pytest.approx((0.875, 0.21, 0.115), abs=0.03)  # what was in the hole


def test_a_picture_that_stayed_is_left_alone() -> None:
    source, moved = planted(1.0, 0.0, 0.0)
    found = movement(moved, source, keep())
    assert found is not None
    assert found.largest(SIDE, SIDE) < 0.5


def test_two_pictures_that_share_nothing_cannot_be_measured() -> None:
    noise = np.random.default_rng(1).random((SIDE, SIDE, 3)).astype(np.float32)
    assert movement(noise, photograph(SIDE, SIDE), keep()) is None
    assert movement(noise, np.full_like(noise, 0.5), keep()) is None
