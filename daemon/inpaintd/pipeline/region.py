"""The rectangles of a layer that are cut out, filled and pasted back."""

from __future__ import annotations

from functools import reduce

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.geometry import bounds
from inpaintd.pipeline.plan import WorkSizes, region_around
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settled


def regions_of(
    hole: NDArray[np.bool_],
    origin: tuple[int, int],
    extent: Rectangle,
    settings: Settled,
    sizes: WorkSizes,
) -> list[Rectangle]:
    """Compute a rectangle with context for each hole, merging rectangles that touch.

    Args:
        hole: (h, w) bool, cropped to the hole.
        origin: x and y of its first pixel in the layer.
        extent: the layer's rectangle in the same coordinates.

    Returns:
        Disjoint rectangles inside `extent` that together contain all of the hole.
    """
    if settings.area == "whole":
        return [extent]
    # So close that their regions would touch anyway, whatever widens these.
    near = max(
        settings.context_pixels, settings.sampling_pixels or 0, (sizes.native_side or 0) // 4
    )
    holes = [box.moved(*origin) for box in _clusters(hole, near)]
    while True:
        regions = [region_around(box, extent, settings, sizes) for box in holes]
        groups = _touching(regions)
        if len(groups) == len(holes):
            return sorted(regions, key=lambda r: (r.y, r.x))
        holes = [reduce(Rectangle.union, (holes[n] for n in group)) for group in groups]


def _touching(rectangles: list[Rectangle]) -> list[list[int]]:
    """Group the indices of rectangles that overlap, directly or through others.

    From left to right, each against those that begin before it ends: what lies apart costs
    nothing, so thousands of specks do not cost the square of their number.
    """
    sides = np.array(rectangles, np.int64).reshape(-1, 4)
    order = np.argsort(sides[:, 0], kind="stable")
    left, top = sides[order, 0], sides[order, 1]
    right, bottom = left + sides[order, 2], top + sides[order, 3]
    ends = np.searchsorted(left, right, side="left")
    first = list(range(len(order)))  # of its group, as far as known

    def group_of(index: int) -> int:
        while first[index] != index:
            first[index] = first[first[index]]
            index = first[index]
        return index

    for index, end in enumerate(ends.tolist()):
        others = slice(index + 1, end)
        meets = (top[others] < bottom[index]) & (bottom[others] > top[index])
        for other in (np.flatnonzero(meets) + index + 1).tolist():
            one, two = sorted((group_of(index), group_of(other)))
            first[two] = one
    groups: dict[int, list[int]] = {}
    for index, place in enumerate(order.tolist()):
        groups.setdefault(group_of(index), []).append(place)
    return list(groups.values())


def _clusters(hole: NDArray[np.bool_], context_pixels: int) -> list[Rectangle]:
    """Bounds of the hole's parts; parts so close that their contexts meet count as one.

    Works on a coarse grid: touching blocks no wider than the context hold pixels at most two
    contexts apart. Hence a thousand specks of dust cost no more than one hole.
    """
    block = int(np.clip(context_pixels, 1, 64))
    height, width = hole.shape
    rows = np.logical_or.reduceat(hole, np.arange(0, height, block), axis=0)
    grid = np.logical_or.reduceat(rows, np.arange(0, width, block), axis=1)
    count, _, stats, _ = cv2.connectedComponentsWithStats(grid.astype(np.uint8), connectivity=8)
    boxes = []
    for x, y, w, h, _ in stats[1:count].tolist():
        part = hole[y * block : (y + h) * block, x * block : (x + w) * block]
        tight = bounds(part)
        boxes.append(tight.moved(x * block, y * block))
    return boxes
