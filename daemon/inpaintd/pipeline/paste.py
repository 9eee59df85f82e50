"""Conversion of the engine's colours to a new layer of the source's depth."""

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
    """Compose the new layer: finished colours in the hole, transparent elsewhere.

    Pixels outside the hole are copied from the layer without a conversion to float.

    Args:
        hole: the hole's bounds in the layer.
        colours: for each region (h, w, 3) float32, the engine's output.
        soft: as in `Engine.soft`.
        match_colour: whether to correct the engine's colour shift.
        masked: return the whole regions as painted, for use under the layer mask.
    """
    box = hole
    if masked:
        for region in regions:
            box = box.union(region.box)
    full = to_samples(np.ones((), np.float32), layer.dtype)
    pixels = np.zeros((box.height, box.width, 4), layer.dtype)
    pixels[..., :3] = cut(layer, box)[..., :3]
    weights = np.zeros((box.height, box.width), layer.dtype)
    for region, colour in zip(regions, colours, strict=True):
        common = region.box.intersection(box)
        inner = common.moved(-region.box.x, -region.box.y)
        outer = common.moved(-box.x, -box.y)
        painted = cut(colour, inner)
        if match_colour:
            shift = colour_shift(colour, region.colour, region.shown & ~region.lost)
            painted = painted - cut(shift, inner)
        if layer.dtype.kind == "u":
            # Before blending rather than after, so that the layer mask gives the same picture.
            painted = np.clip(painted, 0, 1)
        mask = cut(region.mask, inner)
        weight = paste_weight(mask, cut(region.lost, inner), soft=soft)
        mixed = painted if masked else composed(cut(region.colour, inner), painted, weight)
        changed = np.ones_like(mask, bool) if masked else mask > 0
        target = cut(pixels, outer)
        target[changed, :3] = to_samples(mixed[changed], layer.dtype)
        target[changed, 3] = full
        cut(weights, outer)[:] = to_samples(weight, layer.dtype)
    return Pasted(pixels, weights, box)
