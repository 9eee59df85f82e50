"""Filling of the area outside a layer, on the current canvas or a larger one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gi.repository import Gimp

from inpaintd_protocol.rectangle import Rectangle

from .filling import Waiting, fill
from .outside import OUTSIDE
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
    canvas = sides.around(Rectangle(0, 0, target.image.get_width(), target.image.get_height()))
    return fill(target, replace(choices, mask_source=OUTSIDE), waiting, canvas=canvas)
