"""Integer rectangles on the canvas."""

from __future__ import annotations

from typing import NamedTuple


class Rectangle(NamedTuple):
    """Pixels x <= column < x + width, y <= row < y + height, in canvas coordinates."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    def grown(self, pixels: int) -> Rectangle:
        """Extend the rectangle by `pixels` on each side."""
        return Rectangle(
            self.x - pixels, self.y - pixels, self.width + 2 * pixels, self.height + 2 * pixels
        )

    def moved(self, dx: int, dy: int) -> Rectangle:
        return Rectangle(self.x + dx, self.y + dy, self.width, self.height)

    def intersection(self, other: Rectangle) -> Rectangle:
        """Intersect two rectangles; width and height are 0 if they are disjoint."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width = max(0, min(self.right, other.right) - x)
        height = max(0, min(self.bottom, other.bottom) - y)
        return Rectangle(x, y, width, height)

    def union(self, other: Rectangle) -> Rectangle:
        """The smallest rectangle that contains both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Rectangle(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def contains(self, other: Rectangle) -> bool:
        return self.union(other) == self

    def touches(self, other: Rectangle) -> bool:
        return not self.intersection(other).empty
