"""Filling what lies outside a layer, on the present canvas or a larger one."""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Gegl, Gimp

from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settled

from . import messages
from .daemon import connected
from .filling import Hole, Waiting, ask_for_fill, recipe_for, worth_telling
from .formats import depths_of, pixel_format
from .inserting import Place, insert_fill
from .masks import OutsideMask
from .remembered import Choices
from .target import Target


@dataclass(frozen=True)
class Sides:
    """By how many pixels the canvas grows on each side."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    def around(self, canvas: Rectangle) -> Rectangle:
        return Rectangle(
            canvas.x - self.left,
            canvas.y - self.top,
            canvas.width + self.left + self.right,
            canvas.height + self.top + self.bottom,
        )


def fill_outside(target: Target, sides: Sides, choices: Choices, waiting: Waiting) -> Gimp.Layer:
    """Enlarge the canvas by some sides and fill all of it that the layer does not cover.

    One undo step.

    Raises:
        InpaintError: `empty_mask` when the layer covers all of it.
    """
    image, settings = target.image, choices.settings
    old = Rectangle(0, 0, image.get_width(), image.get_height())
    canvas = sides.around(old)
    if target.extent.contains(canvas):
        raise messages.nothing_outside()
    source = OutsideMask(target.extent, canvas)
    with connected(waiting.starting_daemon) as client:
        rectangle = client.plan(canvas, canvas, settings)
        colour = _border_carried_outwards(target, rectangle)
        mask = source.read(rectangle, "u8")
        hole = Hole(source, colour, mask, rectangle)
        place = Place(target, source.name)
        finished, notices = ask_for_fill(client, target, place, hole, settings, waiting)
        daemon = client.welcome.daemon
    recipe = recipe_for(target, choices, finished, mask, rectangle, daemon)
    layer = insert_fill(place, finished, recipe, canvas=canvas if canvas != old else None)
    strength = Settled.of(settings).strength
    messages.show_notices(worth_telling([*notices, *finished.warnings], strength))
    return layer


def _border_carried_outwards(target: Target, rectangle: Rectangle) -> Plane:
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
