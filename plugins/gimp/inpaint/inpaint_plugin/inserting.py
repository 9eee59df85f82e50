"""The finished fill as new layers in the image."""

from __future__ import annotations

from gi.repository import Gimp

from inpaintd_protocol.messages import Finished, ResultLayer
from inpaintd_protocol.rectangle import Rectangle

from . import messages
from .picture import Visible
from .pixels import write_channel, write_colour
from .recipe import Recipe, attach_recipe, recipe_of
from .target import Target
from .texts import _
from .undo import one_undo_step
from .wrapping import is_blended, wrap

_NAME_CHARACTERS = 40


class Place:
    """The place for new layers: above the target's layer, even if that has been moved meanwhile."""

    def __init__(self, target: Target, mask_name: str = "") -> None:
        """
        Args:
            mask_name: where the hole comes from, one of `masks.SOURCES`.
        """
        self._image = target.image
        self._above = target.above
        self._layer = target.layer
        self._fills = target.fills
        fill = target.fill
        self._replaced = fill.top if fill is not None and not fill.painted else None
        self._with_mask = mask_name not in ("layer-mask", "outside")
        self._wraps = not isinstance(target.picture, Visible)
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
        self.move(layer, offset)
        return layer

    def move(self, layer: Gimp.Layer, offset: tuple[int, int]) -> None:
        """Place a layer where an offset of the answer is by now."""
        dx, dy = self._moved()
        layer.set_offsets(offset[0] + dx, offset[1] + dy)

    def insert_sketch(self, sketch: Gimp.Layer) -> None:
        """Insert a layer that will be removed again; nothing else changes."""
        if self._layer.is_valid():
            sketch.set_opacity(self._layer.get_opacity())
        self._insert(sketch)

    def insert(self, item: Gimp.Layer) -> None:
        """Insert a layer so that it is blended as the layer below it is."""
        image = self.image()
        if self._wraps and self._layer.is_valid() and is_blended(self._layer, self._with_mask):
            fills = [layer for layer in self._fills if layer.is_valid()]
            if self._replaced is not None and self._replaced.is_valid():
                fills.append(self._replaced)
            wrap(image, self._layer, fills, with_mask=self._with_mask)
        self._insert(item)

    def finish(self) -> None:
        """Remove the fill that has been replaced."""
        if self._replaced is not None and self._replaced.is_valid():
            self._image.remove_layer(self._replaced)

    def _insert(self, item: Gimp.Layer) -> None:
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


def insert_fill(
    place: Place, finished: Finished, recipe: Recipe, *, canvas: Rectangle | None = None
) -> Gimp.Layer:
    """Insert the answer above the target as one undo step, in place of a fill that it replaces.

    Args:
        canvas: the new canvas, in the current coordinates.

    Returns:
        The new layer, or the group of variants, the first of them visible.
    """
    image = place.image()
    # Filled before they are inserted: writing into a layer of a locked group would end the
    # plug-in, and a kill cannot leave half a layer in the image.
    layers = filled_layers(place, finished, recipe)
    with one_undo_step(image):
        if canvas is not None:
            image.resize(canvas.width, canvas.height, -canvas.x, -canvas.y)
            for layer in layers:
                _, x, y = layer.get_offsets()
                layer.set_offsets(x - canvas.x, y - canvas.y)
        if len(layers) == 1:
            (top,) = layers
            place.insert(top)
        else:
            top = Gimp.GroupLayer.new(image, fill_name(recipe))
            attach_recipe(top, recipe)
            place.insert(top)
            for position, layer in enumerate(layers):
                layer.set_visible(position == 0)
                image.insert_layer(layer, top, position)
            name_variants(top)
        place.finish()
        top.set_name(fill_name(recipe))  # GIMP adds a number while the replaced fill exists
        if image.get_floating_sel() is None:
            image.set_selected_layers([top])
    for layer in layers:
        if layer.get_mask() is not None:
            layer.set_edit_mask(False)
    Gimp.displays_flush()
    return top


def filled_layers(place: Place, finished: Finished, recipe: Recipe) -> list[Gimp.Layer]:
    """One layer for each variant of an answer, not yet in the image."""
    return [_filled_layer(place, result, recipe) for result in finished.layers]


def name_variants(group: Gimp.GroupLayer) -> None:
    """Number the variants of a group, the number first: the dock cuts long names off."""
    variants = group.get_children()
    for number, layer in enumerate(variants, 1):
        recipe = recipe_of(layer)
        words = shortened(recipe.settings.prompt or "") if recipe else ""
        name = _("{number} of {count}").format(number=number, count=len(variants))
        layer.set_name(f"{name}: {words}" if words else name)


def _filled_layer(place: Place, result: ResultLayer, recipe: Recipe) -> Gimp.Layer:
    pixels = result.pixels
    layer = place.new_layer(fill_name(recipe), pixels.width, pixels.height, result.offset)
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


def fill_name(recipe: Recipe) -> str:
    words = shortened(recipe.settings.prompt or "")
    return _("Inpaint: {prompt}").format(prompt=words) if words else _("Inpaint")
