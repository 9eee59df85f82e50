"""The picture behind a fill: a layer with the fills above it, or everything visible there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gi.repository import Gimp

from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from .bounds import bounds_of_other_values, rows_of
from .pixels import Part, part_of, read_colour
from .sketch_mark import is_sketch

_COARSE_SIDE = 1000
_SMALL_PIXELS = 2_000_000
"""A layer up to this size is read at once; holes in a larger one are first located coarsely."""


class Picture(Protocol):
    """Something that has a colour at each place of the canvas."""

    def read(self, rectangle: Rectangle, depth: str) -> Plane:
        """RGBA or, where nothing can be transparent, RGB."""

    def transparent_within(self, extent: Rectangle) -> Rectangle:
        """A rectangle that holds all of the transparency in `extent`, not always the smallest."""


class Layers:
    """Layers laid over each other, the first lowest, each without its opacity and mode."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts

    def read(self, rectangle: Rectangle, depth: str) -> Plane:
        return read_colour([part.at(rectangle) for part in self._parts], rectangle, depth)

    def transparent_within(self, extent: Rectangle) -> Rectangle:
        # Layers above can only make the lowest layer less transparent.
        lowest = self._parts[0]
        if lowest.layer is None or extent.width * extent.height <= _SMALL_PIXELS:
            return extent
        return _coarse_transparency(lowest.layer, extent).intersection(extent)


def _coarse_transparency(layer: Gimp.Layer, extent: Rectangle) -> Rectangle:
    """The non-opaque part of a scaled-down picture of the layer, with a margin; else all of it.

    GIMP makes that picture itself, from levels that it keeps, so that not all of the layer has to
    be passed to the plug-in.
    """
    _, left, top = layer.get_offsets()
    width, height = layer.get_width(), layer.get_height()
    shrink = max(width, height) / _COARSE_SIDE
    if shrink <= 1:
        return extent
    data, columns, rows, channels = layer.get_sub_thumbnail_data(
        0, 0, width, height, max(1, round(width / shrink)), max(1, round(height / shrink))
    )
    alpha = bytes(data.get_data())[channels - 1 :: channels]
    found = bounds_of_other_values(rows_of(alpha, columns), nothing=255)
    if found.empty:
        return extent
    x, y = width / columns, height / rows
    box = Rectangle(
        int(found.x * x), int(found.y * y), int(found.width * x) + 1, int(found.height * y) + 1
    )
    return box.grown(3 * int(shrink) + 3).moved(left, top)


class Visible:
    """Everything visible of a layer and those below it: "sample merged".

    Layers above would otherwise be painted into this one, and be visible twice.
    """

    def __init__(self, layer: Gimp.Layer) -> None:
        self._layer = layer

    def read(self, rectangle: Rectangle, depth: str) -> Plane:
        image = self._layer.get_image()
        copy = image.duplicate()
        try:
            copy.undo_disable()
            _hide_above(image, copy, self._layer)
            # Only this much is then rendered, however large the picture is.
            copy.crop(rectangle.width, rectangle.height, rectangle.x, rectangle.y)
            seen = Gimp.Layer.new_from_visible(copy, copy, "visible")
            copy.insert_layer(seen, None, 0)
            part = part_of(seen, with_layer_mask=False)
            whole = Rectangle(0, 0, rectangle.width, rectangle.height)
            return read_colour([part], whole, depth)
        finally:
            copy.delete()

    def transparent_within(self, extent: Rectangle) -> Rectangle:
        return extent


def _hide_above(image: Gimp.Image, copy: Gimp.Image, layer: Gimp.Layer) -> None:
    path = []
    item = layer
    while item is not None:
        path.append(image.get_item_position(item))
        item = item.get_parent()
    siblings = copy.get_layers()
    for position in reversed(path):
        for above in siblings[:position]:
            above.set_visible(False)
        item = siblings[position]
        siblings = item.get_children() if item.is_group() else []
    for item in copy.get_layers():
        if is_sketch(item):
            item.set_visible(False)
