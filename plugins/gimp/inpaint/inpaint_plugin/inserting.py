"""New layers in the image: the finished fill as one undo step, and sketches while it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gi.repository import Gimp

from inpaintd_protocol.messages import Finished, Preview, ResultLayer
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from . import messages
from .pixels import write_channel, write_colour, write_sketch
from .recipe import Recipe, attach_recipe
from .target import Target

_NAME_CHARACTERS = 40


class Place:
    """Where new layers go: above the target's layer, even when it was moved meanwhile."""

    def __init__(self, target: Target) -> None:
        self._image = target.image
        self._above = target.above
        self._layer = target.layer
        self._origin = target.layer.get_offsets()

    def image(self) -> Gimp.Image:
        """
        Raises:
            InpaintError: when the image is gone or has become indexed.
        """
        if not self._image.is_valid():
            raise messages.image_is_gone()
        if self._image.get_base_type() == Gimp.ImageBaseType.INDEXED:
            raise messages.indexed()
        return self._image

    @property
    def layer_is_gone(self) -> bool:
        return not self._above.is_valid()

    def new_layer(self, name: str, width: int, height: int, offset: tuple[int, int]) -> Gimp.Layer:
        """An empty layer of the image's kind, not yet in it."""
        image = self.image()
        grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
        kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
        mode = image.get_default_new_layer_mode()
        layer = Gimp.Layer.new(image, name, width, height, kind, 100.0, mode)
        dx, dy = self._moved()
        layer.set_offsets(offset[0] + dx, offset[1] + dy)
        return layer

    def insert(self, item: Gimp.Layer) -> None:
        image = self.image()
        if self.layer_is_gone:
            image.insert_layer(item, None, 0)
        else:
            position = image.get_item_position(self._above)
            image.insert_layer(item, self._above.get_parent(), position)

    def _moved(self) -> tuple[int, int]:
        if not self._layer.is_valid():
            return 0, 0
        _, x, y = self._layer.get_offsets()
        return x - self._origin.offset_x, y - self._origin.offset_y


def insert_fill(place: Place, finished: Finished, recipe: Recipe) -> Gimp.Layer:
    """Insert the answer above the target as one undo step.

    Returns:
        The new layer, or the group of variants, the first of them visible.
    """
    image = place.image()
    name = _name(recipe.settings.prompt or "")
    # Filled before they are inserted: writing into a layer of a locked group would end the
    # plug-in, and a kill cannot leave half a layer in the image.
    layers = [_filled_layer(place, name, result, recipe) for result in finished.layers]
    with one_undo_step(image):
        if len(layers) == 1:
            (top,) = layers
            place.insert(top)
        else:
            top = Gimp.GroupLayer.new(image, name)
            attach_recipe(top, recipe)
            place.insert(top)
            for position, layer in enumerate(layers):
                layer.set_name(f"{name}, variant {position + 1}")
                layer.set_visible(position == 0)
                image.insert_layer(layer, top, position)
        if image.get_floating_sel() is None:
            image.set_selected_layers([top])
    for layer in layers:
        if layer.get_mask() is not None:
            layer.set_edit_mask(False)
    Gimp.displays_flush()
    return top


class Sketch:
    """The live preview: a layer that comes and goes without a trace in the undo history."""

    def __init__(self, place: Place, hole: Callable[[Rectangle], Plane | None]) -> None:
        """
        Args:
            hole: the mask of a rectangle, so that the kept surroundings stay sharp; None for all.
        """
        self._place = place
        self._hole = hole
        self._layer: Gimp.Layer | None = None
        self._geometry: tuple[tuple[int, int], tuple[int, int]] | None = None

    def show(self, preview: Preview) -> None:
        image = self._place.image()
        geometry = (preview.offset, preview.size)
        if self._layer is None or not self._layer.is_valid() or self._geometry != geometry:
            self.remove()
            layer = self._place.new_layer("Inpaint preview", *preview.size, preview.offset)
            write_sketch(layer, preview.pixels)
            hole = self._hole(Rectangle(*preview.offset, *preview.size))
            if hole is not None:
                mask = layer.create_mask(Gimp.AddMaskType.WHITE)
                layer.add_mask(mask)
                write_channel(mask, hole)
            with no_undo(image):
                self._place.insert(layer)
            self._layer, self._geometry = layer, geometry
        else:
            write_sketch(self._layer, preview.pixels)
        Gimp.displays_flush()

    def remove(self) -> None:
        layer, self._layer = self._layer, None
        if layer is None or not layer.is_valid():
            return
        image = layer.get_image()
        with no_undo(image):
            image.remove_layer(layer)
        Gimp.displays_flush()


@contextmanager
def one_undo_step(image: Gimp.Image) -> Iterator[None]:
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()


@contextmanager
def no_undo(image: Gimp.Image) -> Iterator[None]:
    image.undo_freeze()
    try:
        yield
    finally:
        image.undo_thaw()


def _filled_layer(place: Place, name: str, result: ResultLayer, recipe: Recipe) -> Gimp.Layer:
    pixels = result.pixels
    layer = place.new_layer(name, pixels.width, pixels.height, result.offset)
    write_colour(layer, pixels)
    if result.mask is not None:
        # The daemon weighs in sRGB-encoded values; GIMP's default would weigh in linear light.
        layer.set_composite_space(Gimp.LayerColorSpace.RGB_PERCEPTUAL)
        mask = layer.create_mask(Gimp.AddMaskType.WHITE)
        layer.add_mask(mask)
        write_channel(mask, result.mask)
    attach_recipe(layer, recipe.of_variant(result.seed))
    return layer


def shortened(text: str) -> str:
    """On one line, and short enough for the name of a layer."""
    words = " ".join(text.split())
    return words if len(words) <= _NAME_CHARACTERS else words[: _NAME_CHARACTERS - 1] + "…"


def _name(prompt: str) -> str:
    words = shortened(prompt)
    return f"Inpaint: {words}" if words else "Inpaint"
