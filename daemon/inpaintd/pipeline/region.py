"""The rectangles of a layer that are cut out, filled and pasted back."""

from __future__ import annotations

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
    holes = [box.moved(*origin) for box in _clusters(hole, settings.context_pixels)]
    found: list[tuple[Rectangle, Rectangle]] = []
    while holes:
        box = holes.pop()
        region = region_around(box, extent, settings, sizes)
        apart = [(b, r) for b, r in found if not r.touches(region)]
        if len(apart) == len(found):
            found.append((box, region))
            continue
        for other, touching in found:
            if touching.touches(region):
                box = box.union(other)
        found = apart
        holes.append(box)
    return sorted((region for _, region in found), key=lambda r: (r.y, r.x))


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
