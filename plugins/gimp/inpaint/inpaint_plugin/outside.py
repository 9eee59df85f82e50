"""The area outside a layer as the hole: the present canvas around it, or a larger one."""

from __future__ import annotations

from gi.repository import Gegl

from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from . import messages
from .formats import depths_of, pixel_format
from .masks import OutsideMask
from .target import Target

OUTSIDE = "outside"
"""The mask source in the recipe of a fill that Outpaint has made."""


def outside_of(target: Target, canvas: Rectangle | None) -> OutsideMask:
    """All of a canvas that the target's layer does not cover.

    Args:
        canvas: in the current coordinates; None for the current canvas.

    Raises:
        InpaintError: `empty_mask` when the layer covers all of it.
    """
    if canvas is None:
        canvas = Rectangle(0, 0, target.image.get_width(), target.image.get_height())
    if target.extent.contains(canvas):
        raise messages.nothing_outside()
    return OutsideMask(target.extent, canvas)


def border_carried_outwards(target: Target, rectangle: Rectangle) -> Plane:
    """The layer, with its outermost pixels repeated for the engines that look under the hole."""
    depth = depths_of(target.image).colour
    place = target.extent.intersection(rectangle)
    known = target.picture.read(place, depth)
    encoding = pixel_format(known.channels, depth)
    buffer = Gegl.Buffer.new(encoding, *place)
    buffer.set(Gegl.Rectangle.new(*place), encoding, bytes(known.data))
    wanted = Gegl.Rectangle.new(*rectangle)
    data = buffer.get(wanted, 1.0, pixel_format(4, depth), Gegl.AbyssPolicy.CLAMP)
    return Plane(rectangle.width, rectangle.height, 4, depth, bytes(data))
