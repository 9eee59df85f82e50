"""Layers as they look. A non-destructive filter is not in a layer's buffer."""

from __future__ import annotations

from gi.repository import Gimp


class WithoutFilters:
    """Gives a layer itself where it has no filters, else a copy with the filters merged in.

    The copies live in a hidden image, so that the user's own sees nothing of it.
    """

    def __init__(self, image: Gimp.Image) -> None:
        self._image = image
        self._hidden: Gimp.Image | None = None

    def of(self, layer: Gimp.Layer) -> Gimp.Layer:
        filters = [item for item in layer.get_filters() if item.get_visible()]
        if not filters:
            return layer
        if self._hidden is None:
            self._hidden = self._new_image()
        copy = Gimp.Layer.new_from_drawable(layer, self._hidden)
        self._hidden.insert_layer(copy, None, 0)
        if copy.is_group():
            copy = copy.merge()
        else:
            copy.merge_filters()
        return copy

    def close(self) -> None:
        if self._hidden is not None:
            self._hidden.delete()
            self._hidden = None

    def _new_image(self) -> Gimp.Image:
        image = self._image
        hidden = Gimp.Image.new_with_precision(
            image.get_width(), image.get_height(), image.get_base_type(), image.get_precision()
        )
        hidden.undo_disable()
        if image.get_color_profile() is not None:
            hidden.set_color_profile(image.get_color_profile())
        return hidden
