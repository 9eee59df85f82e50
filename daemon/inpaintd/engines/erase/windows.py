"""The windows through which a network of fixed size sees a hole. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd.geometry import distance_to

Pixels = NDArray[np.bool_]
Fill = Callable[[Array, Pixels], Array]
"""Fills a square of one side: (S, S, 3) colours and (S, S) hole to (S, S, 3) colours."""

_WIDEST = 0.4
"""Widest hole that such networks fill well, as a share of the window's side."""


def work_scale(hole: Pixels, side: int) -> float:
    """The factor, at most 1, by which a picture is scaled before a network sees it.

    A long thin hole, such as a wire, stays at full resolution: only its width counts.

    Args:
        hole: (H, W) bool.
        side: that of the network's windows, in pixels.
    """
    padded = np.pad(hole, 1)  # so that there is an edge to measure from
    width = 2 * float(distance_to(~padded, exact=False).max())
    return min(1.0, _WIDEST * side / width) if width else 1.0


def through_windows(
    colour: Array, hole: Pixels, unseen: Pixels, side: int, fill: Fill
) -> Iterator[Array]:
    """Fill a hole window by window, each seeing the results of the previous ones.

    Args:
        colour: (H, W, 3) float32.
        hole: (H, W) bool.
        unseen: (H, W) bool, the hole and anything else that must have no influence.
        side: that of the windows, in pixels.

    Yields:
        (H, W, 3) float32 after each window; the last has the whole hole filled, and kept pixels
        unchanged.
    """
    height, width = hole.shape
    filled, todo, open_hole = colour.copy(), hole.copy(), unseen.copy()
    for top, left, bottom, right in _cores(hole, side):
        core = todo[top:bottom, left:right]
        if not core.any():
            continue
        y = _start(top, bottom, side, height)
        x = _start(left, right, side, width)
        rows, columns = _mirrored(y, side, height), _mirrored(x, side, width)
        window = np.ix_(rows, columns)
        painted = fill(filled[window], open_hole[window])
        target = filled[top:bottom, left:right]
        target[core] = painted[top - y : bottom - y, left - x : right - x][core]
        open_hole[top:bottom, left:right][core] = False
        core[:] = False
        yield filled


def _cores(hole: Pixels, side: int) -> Iterator[tuple[int, int, int, int]]:
    """Top, left, bottom and right of the area each window fills, at most half its size.

    Connected holes that fit are filled in one pass.
    """
    count, _, boxes, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8), connectivity=8)
    half = side // 2
    for left, top, width, height, _ in boxes[1:count].tolist():
        for y in _parts(top, height, half):
            for x in _parts(left, width, half):
                yield y[0], x[0], y[1], x[1]


def _parts(start: int, length: int, longest: int) -> list[tuple[int, int]]:
    """A span divided into equal parts of at most this length."""
    count = -(-length // longest)
    edges = [start + length * part // count for part in range(count + 1)]
    return list(pairwise(edges))


def _start(first: int, last: int, side: int, available: int) -> int:
    """Start of a window centred on a span, inside the picture if that is large enough."""
    start = (first + last - side) // 2
    if available >= side:
        return min(max(start, 0), available - side)
    return -((side - available) // 2)


def _mirrored(start: int, side: int, available: int) -> NDArray[np.intp]:
    """Indices of a window's rows or columns; mirrored beyond the picture's edge."""
    index = np.arange(start, start + side) % (2 * available)
    return np.where(index < available, index, 2 * available - 1 - index)
