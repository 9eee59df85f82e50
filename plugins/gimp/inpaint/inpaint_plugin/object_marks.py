"""The clicks and boxes by which somebody indicates an object. Plain Python, without GIMP."""

from __future__ import annotations

from dataclasses import dataclass, replace

from inpaintd_protocol.messages import Click, ObjectPrompt
from inpaintd_protocol.rectangle import Rectangle

PARTS = {
    "automatic": ("Automatic", "The match with the highest confidence."),
    "smallest": ("Smallest part", "For example, the button of a coat."),
    "middle": ("Larger part", "For example, the coat."),
    "whole": ("Whole object", "For example, the person who wears it."),
}
"""Nick: (label, help)."""

_CHOICES = {"automatic": None, "smallest": 0, "middle": 1, "whole": 2}

Mark = Click | Rectangle


@dataclass(frozen=True)
class Marks:
    """Marks in canvas coordinates, in the order in which they were made."""

    made: tuple[Mark, ...] = ()
    rough: bool = False
    """True if the selection shows roughly where the object is."""

    def with_mark(self, mark: Mark) -> Marks:
        return replace(self, made=(*self.made, mark))

    def without_last(self) -> Marks:
        """Take back the latest mark, and after the first one the rough selection."""
        return replace(self, made=self.made[:-1]) if self.made else Marks()

    @property
    def clicks(self) -> tuple[Click, ...]:
        return tuple(mark for mark in self.made if isinstance(mark, Click))

    @property
    def boxes(self) -> tuple[Rectangle, ...]:
        return tuple(mark for mark in self.made if isinstance(mark, Rectangle))

    @property
    def mean_something(self) -> bool:
        """True if they say where an object is, and not only where none is."""
        return self.rough or bool(self.boxes) or any(click.inside for click in self.clicks)

    def prompt(self, part: str) -> ObjectPrompt:
        """
        Args:
            part: one of PARTS.
        """
        return ObjectPrompt(self.clicks, self.boxes, self.rough, _CHOICES[part])


def clicks_of(text: str, *, inside: bool) -> tuple[Click, ...]:
    """Clicks written as "X,Y X,Y", as scripts pass them.

    Raises:
        ValueError: when it is something else.
    """
    pairs = (word.split(",") for word in text.split())
    return tuple(Click(float(x), float(y), inside) for x, y in pairs)
