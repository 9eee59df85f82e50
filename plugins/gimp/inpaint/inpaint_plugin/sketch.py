"""The live preview: a layer that comes and goes without a trace in the undo history."""

from __future__ import annotations

from gi.repository import Gimp

from inpaintd_protocol.messages import Preview
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from .inserting import Place
from .kept_hole import cut
from .pixels import write_channel, write_sketch
from .sketch_mark import mark_as_sketch
from .texts import _
from .undo import no_undo


class Sketch:
    """Shows the previews of one fill, never as the active layer.

    Pixels are written into a hidden image, and copied from there by GIMP itself: a plug-in that
    writes into a layer at the moment when its image is closed is ended, with a message box.
    """

    def __init__(self, place: Place, mask: Plane | None, mask_offset: tuple[int, int]) -> None:
        """
        Args:
            mask: the hole, so that the kept surroundings stay sharp; None where only the daemon
                knows it.
            mask_offset: canvas coordinates of the mask.
        """
        self._place = place
        self._mask = mask
        self._mask_offset = mask_offset
        self._hidden: Gimp.Layer | None = None
        self._layer: Gimp.Layer | None = None
        self._geometry: tuple[tuple[int, int], tuple[int, int]] | None = None

    def show(self, preview: Preview) -> None:
        image = self._place.image()
        geometry = (preview.offset, preview.size)
        if self._layer is None or not self._layer.is_valid() or self._geometry != geometry:
            self.remove()
            self._hidden = self._new_hidden(image, preview)
            write_sketch(self._hidden, preview.pixels)
            layer = Gimp.Layer.new_from_drawable(self._hidden, image)
            layer.set_name(_("Inpaint preview"))  # else it is called a copy
            self._place.move(layer, preview.offset)
            mark_as_sketch(layer)
            active = image.get_selected_drawables()
            with no_undo(image):
                self._place.insert_sketch(layer)
                # A brush stroke or a second fill is meant for the picture, not for the sketch.
                _select(image, active)
            self._layer, self._geometry = layer, geometry
        elif self._hidden is not None:
            write_sketch(self._hidden, preview.pixels)
            copying = Gimp.DrawableFilter.new(self._layer, "gimp:normal", "")
            copying.set_aux_input("aux", self._hidden)
            copying.update()
            with no_undo(image):
                self._layer.merge_filter(copying)
        Gimp.displays_flush()

    def remove(self) -> None:
        layer, self._layer = self._layer, None
        hidden, self._hidden = self._hidden, None
        if hidden is not None:
            hidden.get_image().delete()
        if layer is None or not layer.is_valid():
            return
        image = layer.get_image()
        active = [item for item in image.get_selected_drawables() if item != layer]
        with no_undo(image):
            image.remove_layer(layer)
            _select(image, active)
        Gimp.displays_flush()

    def _new_hidden(self, image: Gimp.Image, preview: Preview) -> Gimp.Layer:
        """The only layer of a hidden image; its layer mask is the hole."""
        precision, base = image.get_precision(), image.get_base_type()
        hidden = Gimp.Image.new_with_precision(*preview.size, base, precision)
        hidden.undo_disable()
        if image.get_color_profile() is not None:
            hidden.set_color_profile(image.get_color_profile())
        grey = base == Gimp.ImageBaseType.GRAY
        kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
        mode = image.get_default_new_layer_mode()
        layer = Gimp.Layer.new(hidden, "preview", *preview.size, kind, 100.0, mode)
        hidden.insert_layer(layer, None, 0)
        if self._mask is not None:
            region = Rectangle(*preview.offset, *preview.size)
            mask = layer.create_mask(Gimp.AddMaskType.WHITE)
            layer.add_mask(mask)
            write_channel(mask, cut(self._mask, self._mask_offset, region))
        return layer


def _select(image: Gimp.Image, drawables: list[Gimp.Drawable]) -> None:
    drawables = [item for item in drawables if item.is_valid()]
    masks = [item for item in drawables if isinstance(item, Gimp.LayerMask)]
    layers = [item for item in drawables if isinstance(item, Gimp.Layer)]
    if masks:
        layers = [Gimp.Layer.from_mask(mask) for mask in masks]
    if layers and image.get_floating_sel() is None:
        image.set_selected_layers(layers)
        for layer in layers:
            if layer.get_mask() is not None:
                layer.set_edit_mask(bool(masks))
    elif drawables:
        image.set_selected_channels(drawables)
