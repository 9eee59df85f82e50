"""Painting of a fill's result into an existing layer, as one undo step."""

from __future__ import annotations

from collections.abc import Iterator

from gi.repository import Gegl, Gimp

from inpaintd_protocol.messages import ResultLayer
from inpaintd_protocol.plane import BYTES_PER_SAMPLE, Plane
from inpaintd_protocol.rectangle import Rectangle

from .formats import pixel_format
from .pixels import rectangle_of
from .placement import RETOUCH
from .recipe import PAINTED, PARASITE, Recipe, attach_recipe
from .undo import one_undo_step


def paint_into(layer: Gimp.Layer, result: ResultLayer, recipe: Recipe, *, retouch: bool) -> None:
    """Replace the pixels of a layer wherever the result is opaque; all others stay bit by bit.

    Args:
        result: a finished picture: each of its pixels is either opaque or fully transparent.
        recipe: how it was made, its hole placed in the layer as that is now.
        retouch: whether the layer takes nothing but fills, and so may grow.
    """
    image = layer.get_image()
    box = Rectangle(*result.offset, result.pixels.width, result.pixels.height)
    _, old_x, old_y = layer.get_offsets()
    with one_undo_step(image):
        if retouch:
            _grow(layer, box)
            layer.attach_parasite(Gimp.Parasite.new(RETOUCH, Gimp.PARASITE_PERSISTENT, b"1"))
            layer.detach_parasite(PARASITE)  # it is not one fill any more
        _, x, y = layer.get_offsets()
        inside = box.intersection(rectangle_of(layer))
        selected = None if Gimp.Selection.is_empty(image) else image.get_selection().copy()
        # A hard selection of just this much: GIMP lays a shadow buffer over the layer through it.
        image.select_rectangle(Gimp.ChannelOps.REPLACE, *inside)
        shadow = layer.get_shadow_buffer()
        place = _gegl(inside.moved(-x, -y))
        layer.get_buffer().copy(place, Gegl.AbyssPolicy.NONE, shadow, place)
        pixel = 4 * BYTES_PER_SAMPLE[result.pixels.depth]
        encoding = pixel_format(4, result.pixels.depth)
        for run, data in opaque_runs(result.pixels, pixel):
            common = run.moved(box.x, box.y).intersection(inside)
            if common.empty:
                continue
            skipped = (common.x - run.x - box.x) * pixel
            shadow.set(
                _gegl(common.moved(-x, -y)),
                encoding,
                data[skipped : skipped + common.width * pixel],
            )
        shadow.flush()
        layer.merge_shadow(True)
        layer.update(*inside.moved(-x, -y))
        _restore(image, selected)
        attach_recipe(layer, recipe.moved(x - old_x, y - old_y), PAINTED)
    Gimp.displays_flush()


def opaque_runs(plane: Plane, pixel: int) -> Iterator[tuple[Rectangle, bytes]]:
    """The opaque runs of each row, one pixel high, with their bytes."""
    data = bytes(plane.data)
    last = pixel - 1 if plane.depth != "f32" else pixel - 2  # a byte that is 0 in 0.0 alone
    for y in range(plane.height):
        row = data[y * plane.width * pixel : (y + 1) * plane.width * pixel]
        alpha = row[last::pixel].translate(_FLAGS)
        start = alpha.find(1)
        while start >= 0:
            end = alpha.find(0, start)
            end = plane.width if end < 0 else end
            yield Rectangle(start, y, end - start, 1), row[start * pixel : end * pixel]
            start = alpha.find(1, end)


_FLAGS = bytes(value > 0 for value in range(256))


def _grow(layer: Gimp.Layer, box: Rectangle) -> None:
    extent = rectangle_of(layer)
    if not extent.contains(box):
        larger = extent.union(box)
        layer.resize(larger.width, larger.height, extent.x - larger.x, extent.y - larger.y)


def _restore(image: Gimp.Image, selected: Gimp.Channel | None) -> None:
    if selected is None:
        Gimp.Selection.none(image)
    else:
        image.get_selection().combine_masks(selected, Gimp.ChannelOps.REPLACE, 0, 0)


def _gegl(rectangle: Rectangle) -> Gegl.Rectangle:
    return Gegl.Rectangle.new(*rectangle)
