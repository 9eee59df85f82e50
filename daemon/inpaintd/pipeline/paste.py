"""The engine's colours back into the layer's own depth, as a new layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inpaintd.engine import Array
from inpaintd.pipeline.composite import colour_shift, composed, paste_weight
from inpaintd.pipeline.layer import Samples, cut, to_samples
from inpaintd.pipeline.prepare import Region
from inpaintd_protocol.rectangle import Rectangle


@dataclass(frozen=True)
class Pasted:
    """A new layer's RGBA samples, its layer mask, and its rectangle in the source layer."""

    pixels: Samples
    weight: Samples
    box: Rectangle


def pasted(
    layer: Samples,
    hole: Rectangle,
    regions: Sequence[Region],
    colours: Sequence[Array],
    *,
    soft: bool,
    match_colour: bool,
    masked: bool,
) -> Pasted:
    """The finished picture where the hole is, transparent elsewhere.

    Pixels outside the hole are copied from the layer as they are, without a float on the way.

    Args:
        hole: the hole's bounds in the layer.
        colours: for each region (h, w, 3) float32, what the engine painted.
        soft: as in `Engine.soft`.
        match_colour: whether to take the engine's colour shift off.
        masked: give all of the regions as painted, for use under the layer mask.
    """
    box = hole
    if masked:
        for region in regions:
            box = box.union(region.box)
    full = to_samples(np.ones((), np.float32), layer.dtype)
    pixels = np.zeros((box.height, box.width, 4), layer.dtype)
    pixels[..., :3] = cut(layer, box)[..., :3]
    weights = np.zeros((box.height, box.width), layer.dtype)
    for region, painted in zip(regions, colours, strict=True):
        if match_colour:
            agreed = region.shown & ~region.lost
            painted = painted - colour_shift(painted, region.colour, agreed)
        if layer.dtype.kind == "u":
            # Here and not after mixing, so that the layer mask gives the same picture.
            painted = np.clip(painted, 0, 1)
        weight = paste_weight(region.mask, region.lost, soft=soft)
        mixed = painted if masked else composed(region.colour, painted, weight)
        changed = np.ones_like(region.lost) if masked else region.mask > 0
        common = region.box.intersection(box)
        inner = common.moved(-region.box.x, -region.box.y)
        outer = common.moved(-box.x, -box.y)
        here, target = cut(changed, inner), cut(pixels, outer)
        target[here, :3] = to_samples(cut(mixed, inner)[here], layer.dtype)
        target[here, 3] = full
        cut(weights, outer)[:] = to_samples(cut(weight, inner), layer.dtype)
    return Pasted(pixels, weights, box)
