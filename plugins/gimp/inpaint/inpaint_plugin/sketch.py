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
    """Shows the previews of one fill, never as the active layer."""

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
        self._layer: Gimp.Layer | None = None
        self._geometry: tuple[tuple[int, int], tuple[int, int]] | None = None

    def show(self, preview: Preview) -> None:
        image = self._place.image()
        geometry = (preview.offset, preview.size)
        if self._layer is None or not self._layer.is_valid() or self._geometry != geometry:
            self.remove()
            layer = self._place.new_layer(_("Inpaint preview"), *preview.size, preview.offset)
            mark_as_sketch(layer)
            write_sketch(layer, preview.pixels)
            if self._mask is not None:
                region = Rectangle(*preview.offset, *preview.size)
                mask = layer.create_mask(Gimp.AddMaskType.WHITE)
                layer.add_mask(mask)
                write_channel(mask, cut(self._mask, self._mask_offset, region))
            active = image.get_selected_drawables()
            with no_undo(image):
                self._place.insert_sketch(layer)
                # A brush stroke or a second fill is meant for the picture, not for the sketch.
                _select(image, active)
            self._layer, self._geometry = layer, geometry
        else:
            write_sketch(self._layer, preview.pixels)
        Gimp.displays_flush()

    def remove(self) -> None:
        layer, self._layer = self._layer, None
        if layer is None or not layer.is_valid():
            return
        image = layer.get_image()
        active = [item for item in image.get_selected_drawables() if item != layer]
        with no_undo(image):
            image.remove_layer(layer)
            _select(image, active)
        Gimp.displays_flush()


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
