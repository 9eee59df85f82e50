"""The reference pictures of a request, and the regions in which they count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inpaintd.engine import Array
from inpaintd.pipeline.layer import Samples, cut, samples_of, to_float
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Inpaint
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settled


@dataclass(frozen=True)
class References:
    """The references of a request.

    Attributes:
        pictures: (H, W, 3) float32 each, of any size, sRGB-encoded, 1.0 = white.
        masks: (H, W) samples each, as large as the layer, or None for everywhere; may be empty.
    """

    pictures: tuple[Array, ...]
    masks: tuple[Samples | None, ...]

    def masks_within(self, box: Rectangle) -> tuple[Array | None, ...]:
        """The part of each mask inside a rectangle of the layer, (H, W) float32 in [0, 1]."""
        return tuple(None if mask is None else to_float(cut(mask, box)) for mask in self.masks)


def references_of(request: Inpaint, settings: Settled, layer: Samples) -> References:
    """Read the references of a request.

    Args:
        layer: (H, W, C) samples.

    Raises:
        InpaintError: `size_mismatch` when numbers, sizes or channels do not fit together.
    """
    return References(_pictures(request, settings), _masks(request, layer))


def _masks(request: Inpaint, layer: Samples) -> tuple[Samples | None, ...]:
    count = len(request.reference_masks)
    if count not in (0, len(request.references)):
        raise InpaintError(
            "size_mismatch",
            f"There are {count} masks for {len(request.references)} references.",
            "Send one for each reference, or nil for those that count everywhere.",
        )
    masks = tuple(None if p is None else samples_of(p) for p in request.reference_masks)
    for mask in masks:
        if mask is not None and mask.shape != (*layer.shape[:2], 1):
            raise InpaintError(
                "size_mismatch",
                "A reference's mask is not as large as the layer, or has several channels.",
                "Make both the same size.",
            )
    return tuple(None if mask is None else mask[..., 0] for mask in masks)


def _pictures(request: Inpaint, settings: Settled) -> tuple[Array, ...]:
    """Convert each reference to (H, W, 3) float32, composited over white."""
    if len(request.references) != len(settings.references):
        raise InpaintError(
            "size_mismatch",
            f"There are {len(request.references)} pictures for {len(settings.references)}"
            " references.",
            "Send one for each.",
        )
    pictures = []
    for plane in request.references:
        if plane.channels not in (3, 4):
            raise InpaintError(
                "size_mismatch",
                f"A reference has {plane.channels} channels.",
                "Send it with 3 or 4.",
            )
        unit = to_float(samples_of(plane))
        colour = unit[..., :3]
        if plane.channels == 4:
            alpha = unit[..., 3:]
            colour = colour * alpha + (1 - alpha)
        pictures.append(np.ascontiguousarray(colour, np.float32))
    return tuple(pictures)
