"""Separately filled parts of a hole: five hundred specks cost little more than one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from inpaintd.engines.patches.pyramid import Pixels

_APART = 8
"""Parts closer together than this are merged, in pixels."""

_MARGIN = 3
"""Surroundings of a part as a multiple of its longer side."""

_LEAST_MARGIN = 32

_WORTH_IT = 0.5
"""Maximum share of the picture that all parts with their surroundings may take."""


@dataclass(frozen=True)
class Part:
    """A part of a hole, and the rectangle in which it is filled.

    Attributes:
        window: rows and columns of the picture.
        own: (h, w) bool, the part's pixels in the window. Others in it belong to other parts.
    """

    window: tuple[slice, slice]
    own: Pixels


def parts_of(hole: Pixels, sampling: Pixels | None = None) -> list[Part]:
    """The parts of a (H, W) hole; a single one unless they are small and far apart.

    Args:
        sampling: (H, W), the only pixels that may be copied; each part sees them all.
    """
    height, width = hole.shape
    whole = Part((slice(0, height), slice(0, width)), hole)
    near = np.ones((2 * _APART + 1, 2 * _APART + 1), np.uint8)
    grown = np.asarray(cv2.dilate(hole.astype(np.uint8), near), np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(grown)
    if count <= 2:
        return [whole]
    windows = list(_windows(np.asarray(stats)[1:], height, width))
    if sampling is not None:
        windows = [_with(window, sampling) for window in windows]
    area = sum(
        (rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in windows
    )
    if area > _WORTH_IT * height * width:
        return [whole]
    return [
        Part(window, (np.asarray(labels)[window] == number) & hole[window])
        for number, window in enumerate(windows, 1)
    ]


def _with(window: tuple[slice, slice], area: Pixels) -> tuple[slice, slice]:
    """The window extended to the bounds of an area."""
    rows, columns = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
    return (
        slice(min(window[0].start, int(rows[0])), max(window[0].stop, int(rows[-1]) + 1)),
        slice(min(window[1].start, int(columns[0])), max(window[1].stop, int(columns[-1]) + 1)),
    )


def _windows(boxes: np.ndarray, height: int, width: int) -> Iterator[tuple[slice, slice]]:
    for x, y, w, h, _ in boxes.tolist():
        margin = max(_LEAST_MARGIN, _MARGIN * (max(w, h) - 2 * _APART))
        yield (
            slice(max(0, y - margin), min(height, y + h + margin)),
            slice(max(0, x - margin), min(width, x + w + margin)),
        )
