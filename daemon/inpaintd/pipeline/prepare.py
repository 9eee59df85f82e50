"""One region, ready for the engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd.pipeline.infill import Completion, infilled, lost_colours, restored
from inpaintd.pipeline.layer import Samples, cut, to_float
from inpaintd.pipeline.mask import Masks
from inpaintd_protocol.rectangle import Rectangle


@dataclass(frozen=True)
class Region:
    """One rectangle of the layer, in the layer's own coordinates, and the data of its pixels."""

    box: Rectangle
    colour: Array
    """(H, W, 3) float32, the source with lost colours replaced."""
    infilled: Array
    """(H, W, 3) float32, the engine's input."""
    mask: Array
    """(H, W) float32, 1 = repaint; the union over the request's passes."""
    masks: Masks
    """The mask of each pass on its own."""
    lost: NDArray[np.bool_]
    """(H, W) bool, pixels whose colour the editor erased."""
    shown: NDArray[np.bool_]
    """(H, W) bool, kept pixels that are not transparent."""
    sampling: NDArray[np.bool_] | None = None
    """(H, W) bool, the only pixels that may be copied; None when all may be."""


def prepared(
    layer: Samples,
    box: Rectangle,
    masks: Masks,
    infill: str,
    complete: Completion,
    sampling: NDArray[np.bool_] | None = None,
) -> Region:
    """Prepare the region `box` of a layer.

    Args:
        layer: (H, W, 3 or 4) samples.
        masks: of the whole layer.
        infill: as in `Settings.infill`.
        complete: for the infill `patchmatch`.
        sampling: (H, W) bool, of the whole layer, pixels that may be copied.
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
    inside = _within(masks, box)
    mask = inside.together
    shown = (inside.own == 0) & ~transparent
    return Region(
        box=box,
        colour=colour,
        infilled=infilled(colour, inside.own, shown, infill, complete),
        mask=mask,
        masks=inside,
        lost=lost,
        shown=shown & (mask == 0),
        sampling=None if sampling is None else cut(sampling, box),
    )


def _within(masks: Masks, box: Rectangle) -> Masks:
    """Place the masks on the rectangle of a region."""
    common = box.intersection(masks.hole)

    def moved(mask: Array) -> Array:
        inside = np.zeros((box.height, box.width), np.float32)
        part = cut(mask, common.moved(-masks.hole.x, -masks.hole.y))
        cut(inside, common.moved(-box.x, -box.y))[:] = part
        return inside

    stages = tuple(None if mask is None else moved(mask) for mask in masks.stages)
    return Masks(box, moved(masks.own), stages)
