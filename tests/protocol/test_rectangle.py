"""Rectangles, held against the sets of pixels that they stand for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inpaintd_protocol.rectangle import Rectangle

RECTANGLES = st.builds(
    Rectangle, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 9), st.integers(1, 9)
)


def pixels(rectangle: Rectangle) -> set[tuple[int, int]]:
    return {
        (x, y)
        for x in range(rectangle.x, rectangle.right)
        for y in range(rectangle.y, rectangle.bottom)
    }


@given(RECTANGLES, RECTANGLES)
def test_intersection(a: Rectangle, b: Rectangle) -> None:
    assert pixels(a.intersection(b)) == pixels(a) & pixels(b)
    assert a.touches(b) == bool(pixels(a) & pixels(b))
    assert a.intersection(b).empty != a.touches(b)


@given(RECTANGLES, RECTANGLES)
def test_union(a: Rectangle, b: Rectangle) -> None:
    union = a.union(b)
    assert pixels(union) >= pixels(a) | pixels(b)
    xs, ys = zip(*(pixels(a) | pixels(b)), strict=True)
    assert (union.width, union.height) == (max(xs) - min(xs) + 1, max(ys) - min(ys) + 1)
    assert a.contains(b) == (pixels(a) >= pixels(b))


@given(RECTANGLES, st.integers(0, 5), st.integers(-5, 5))
def test_grown_and_moved(a: Rectangle, by: int, dx: int) -> None:
    assert a.grown(by).grown(-by) == a
    assert pixels(a.grown(by)) == {
        (x + i, y + j) for x, y in pixels(a) for i in range(-by, by + 1) for j in range(-by, by + 1)
    }
    assert pixels(a.moved(dx, -dx)) == {(x + dx, y - dx) for x, y in pixels(a)}
