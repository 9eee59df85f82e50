"""Planning: the rectangle of the canvas that an inpainting needs.

Rectangle arithmetic on the standard library only: the daemon answers `plan` with it, without a
worker, and the worker cuts its regions with the same functions. The plan is therefore exact:
planning again inside the planned rectangle gives the same rectangle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settled


@dataclass(frozen=True)
class WorkSizes:
    """Sizes that a model works at."""

    native_side: int | None = None
    """Side of its square training pictures, in pixels; None when it has no such size."""
    multiple: int = 1
    """Divisor of its pictures' width and height."""


def region_for(
    bounds: Rectangle,
    extent: Rectangle,
    settings: Settled,
    sizes: WorkSizes,
    sampling: Rectangle | None = None,
) -> Rectangle:
    """Compute the rectangle to send for a hole within `bounds`, before grow and feather.

    Args:
        bounds: bounds of the selection, or of the transparent area, in canvas coordinates.
        extent: rectangle of the layer, in canvas coordinates.
        sampling: bounds of the sampling area, which are sent as well.

    Raises:
        InpaintError: `empty_mask` when no pixel of the layer lies within `bounds`.
    """
    if extent.empty:
        raise InpaintError("size_mismatch", "The layer has no pixels.", "Send a layer with pixels.")
    # An inverted mask has its hole outside the selection; text can find one anywhere.
    if settings.area == "whole" or settings.invert or settings.text_mask:
        return extent
    margin = max(0, settings.grow_pixels) + settings.feather_pixels
    selected = bounds.intersection(extent)
    if selected.empty:
        raise InpaintError(
            "empty_mask",
            "The selection does not touch the layer, so there is nothing to repaint.",
            "Select something on the layer, or choose the layer under the selection.",
        )
    hole = selected.grown(margin).intersection(extent)
    region = region_around(hole, extent, settings, sizes)
    area = sampling.intersection(extent) if sampling else region
    return region if area.empty else region.union(area)


def region_around(
    hole: Rectangle, extent: Rectangle, settings: Settled, sizes: WorkSizes
) -> Rectangle:
    """Extend a hole's bounds by their context, within `extent`, which contains them."""
    longer = max(hole.width, hole.height)
    context = max(settings.context_pixels, math.ceil(settings.context_factor * longer))
    context = max(context, settings.sampling_pixels or 0)
    least = (sizes.native_side or 0) // 2
    x, width = _span(hole.x, hole.width, extent.x, extent.width, context, least, sizes.multiple)
    y, height = _span(hole.y, hole.height, extent.y, extent.height, context, least, sizes.multiple)
    return Rectangle(x, y, width, height)


def _span(
    start: int, length: int, low: int, available: int, context: int, least: int, multiple: int
) -> tuple[int, int]:
    """Start and length of a region's side, given the hole's and `available` pixels from `low`."""
    wanted = math.ceil(max(length + 2 * context, least) / multiple) * multiple
    if wanted > available:
        rounded = available // multiple * multiple
        wanted = rounded if rounded >= length else available
    centred = start - (wanted - length) // 2
    return min(max(centred, low), low + available - wanted), wanted
