"""One region, ready for the engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd.pipeline.infill import Completion, infilled, lost_colours, restored
from inpaintd.pipeline.layer import Samples, cut, to_float
from inpaintd_protocol.rectangle import Rectangle


@dataclass(frozen=True)
class Region:
    """One rectangle of the layer, in the layer's own coordinates, and what is known there."""

    box: Rectangle
    colour: Array
    """(H, W, 3) float32, the source with lost colours replaced."""
    infilled: Array
    """(H, W, 3) float32, what the engine sees."""
    mask: Array
    """(H, W) float32, 1 = repaint."""
    lost: NDArray[np.bool_]
    """(H, W), where the editor erased the colour."""
    shown: NDArray[np.bool_]
    """(H, W), kept pixels that are not transparent."""


def prepared(
    layer: Samples, box: Rectangle, hole: Rectangle, mask: Array, infill: str, complete: Completion
) -> Region:
    """The region `box` of a layer.

    Args:
        layer: (H, W, 3 or 4) samples.
        hole, mask: the hole's bounds in the layer, and its mask.
        infill: as in `Settings.infill`.
        complete: for the infill `patchmatch`.
    """
    pixels = to_float(cut(layer, box))
    colour = np.ascontiguousarray(pixels[..., :3])
    transparent = np.zeros(pixels.shape[:2], bool)
    lost = transparent
    if pixels.shape[2] == 4:
        alpha = np.clip(pixels[..., 3], 0, 1)
        transparent = alpha == 0
        lost = lost_colours(colour, alpha)
        colour = restored(colour, lost)
    inside = np.zeros(pixels.shape[:2], np.float32)
    common = box.intersection(hole)
    cut(inside, common.moved(-box.x, -box.y))[:] = cut(mask, common.moved(-hole.x, -hole.y))
    shown = (inside == 0) & ~transparent
    return Region(
        box=box,
        colour=colour,
        infilled=infilled(colour, inside, shown, infill, complete),
        mask=inside,
        lost=lost,
        shown=shown,
    )
