"""The pixels that a fill may copy, computed for display: by channel, distance and sides."""

from __future__ import annotations

from collections.abc import Sequence

from gi.repository import Gimp

from inpaintd_protocol.client import Client
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import SAMPLING_SIDES, Settled

from . import messages
from .filling import hole_of, read
from .kept_hole import bounds_of_mask
from .masks import transparency
from .pixels import read_channel, rounded, write_channel
from .remembered import Choices
from .sampling_channel import painted_area
from .target import Target


def allowed_area(target: Target, choices: Choices, client: Client) -> tuple[Plane, Rectangle]:
    """The pixels that a fill with these choices may copy, for display.

    Returns:
        A u8 mask, and its place on the canvas.

    Raises:
        InpaintError: when there is no hole, or nothing that may be copied.
    """
    settings = Settled.of(choices.settings)
    source, bounds = hole_of(target, choices)
    painted = painted_area(target, choices.sampling_channel)
    box = painted.bounds(target.extent) if painted is not None else None
    region = client.plan(target.extent, bounds, choices.settings, sampling=box)
    colour, mask = read(target, source, region)
    hole = rounded(transparency(colour) if mask is None else mask)
    scratch = Gimp.Image.new(region.width, region.height, Gimp.ImageBaseType.GRAY)
    try:
        scratch.undo_disable()
        made = _allowed(scratch, hole, settings)
        if painted is not None:
            area = painted.read(region, "u8")
            assert area is not None
            _combine(scratch, area, Gimp.ChannelOps.INTERSECT)
            made = _selected(scratch)
    finally:
        scratch.delete()
    if bounds_of_mask(made).empty:
        raise messages.nothing_to_sample()
    return made, region


def _allowed(scratch: Gimp.Image, hole: Plane, settings: Settled) -> Plane:
    """The part of a region left by distance and sides, as the selection of an image of its size."""
    Gimp.Selection.none(scratch)
    _combine(scratch, hole, Gimp.ChannelOps.REPLACE)
    _harden(scratch)
    wider = settings.grow_pixels + settings.feather_pixels
    if wider > 0:
        Gimp.Selection.grow(scratch, wider)
    filled = _selected(scratch)
    if settings.sampling_pixels is None:
        Gimp.Selection.all(scratch)
    else:
        Gimp.Selection.grow(scratch, settings.sampling_pixels)
    _combine(scratch, filled, Gimp.ChannelOps.SUBTRACT)
    if settings.sampling_sides != "around":
        near = _selected(scratch)
        Gimp.Selection.none(scratch)
        box = bounds_of_mask(filled)
        for side in SAMPLING_SIDES[settings.sampling_sides]:
            corners = _beyond(box, side, filled.width, filled.height)
            scratch.select_polygon(Gimp.ChannelOps.ADD, corners)
        _combine(scratch, near, Gimp.ChannelOps.INTERSECT)
    return _selected(scratch)


def _beyond(box: Rectangle, side: str, width: int, height: int) -> Sequence[float]:
    """The corners of the area that is farther beyond one side of a box than beyond any other."""
    far = width + height
    left, top, right, bottom = box.x, box.y, box.right, box.bottom
    return {
        "left": (left, top, left, bottom, left - far, bottom + far, left - far, top - far),
        "right": (right, top, right, bottom, right + far, bottom + far, right + far, top - far),
        "above": (left, top, right, top, right + far, top - far, left - far, top - far),
        "below": (left, bottom, right, bottom, right + far, bottom + far, left - far, bottom + far),
    }[side]


def _combine(scratch: Gimp.Image, mask: Plane, operation: Gimp.ChannelOps) -> None:
    channel = Gimp.Selection.save(scratch)
    write_channel(channel, mask)
    scratch.select_item(operation, channel)
    scratch.remove_channel(channel)


def _harden(scratch: Gimp.Image) -> None:
    """Count every pixel of the hole, however faintly selected."""
    selected = _selected(scratch)
    data = bytes(selected.data).translate(b"\0" + b"\xff" * 255)
    hard = Plane(selected.width, selected.height, 1, "u8", data)
    _combine(scratch, hard, Gimp.ChannelOps.REPLACE)


def _selected(scratch: Gimp.Image) -> Plane:
    whole = Rectangle(0, 0, scratch.get_width(), scratch.get_height())
    return read_channel(scratch.get_selection(), whole, "u8")
