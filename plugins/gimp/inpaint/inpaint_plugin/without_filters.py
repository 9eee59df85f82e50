"""Layers as they look. A non-destructive filter is not in a layer's buffer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gi.repository import Gimp

from inpaintd_protocol.rectangle import Rectangle

from .pixels import Part, part_of

_POINT_OPERATIONS = frozenset(
    {
        "gegl:brightness-contrast",
        "gegl:channel-mixer",
        "gegl:color-temperature",
        "gegl:exposure",
        "gegl:gray",
        "gegl:hue-chroma",
        "gegl:invert-gamma",
        "gegl:invert-linear",
        "gegl:levels",
        "gegl:mono-mixer",
        "gegl:saturation",
        "gegl:sepia",
        "gimp:brightness-contrast",
        "gimp:color-balance",
        "gimp:colorize",
        "gimp:curves",
        "gimp:desaturate",
        "gimp:hue-saturation",
        "gimp:levels",
        "gimp:posterize",
        "gimp:threshold",
    }
)
"""Filters that make each pixel from itself alone."""

_BLUR_REACH = 4
"""Number of standard deviations up to which a Gaussian blur counts."""


class WithoutFilters:
    """Gives the pixels of layers with their visible filters applied.

    That is done to copies in a hidden image, so that the user's own sees nothing of it.
    """

    def __init__(self, image: Gimp.Image) -> None:
        self._image = image
        self._hidden: Gimp.Image | None = None

    def part(self, layer: Gimp.Layer, *, with_layer_mask: bool) -> Part:
        filters = [item for item in layer.get_filters() if item.get_visible()]
        if not filters:
            return part_of(layer, with_layer_mask=with_layer_mask)
        margin = None if layer.is_group() else _reach(filters)
        if margin is not None:
            mask = layer.get_mask() if with_layer_mask else None
            mask_buffer = mask.get_buffer() if mask else None
            _, x, y = layer.get_offsets()
            opaque = not layer.has_alpha()
            return _Filtered(
                layer.get_buffer(),
                x,
                y,
                mask_buffer,
                opaque,
                source=layer,
                filters=self,
                margin=margin,
            )
        return part_of(self.merged(layer), with_layer_mask=with_layer_mask)

    def merged(self, layer: Gimp.Layer, region: Rectangle | None = None) -> Gimp.Layer:
        """A copy with its filters merged in.

        Args:
            region: the area to copy, in the layer's own coordinates.
        """
        if self._hidden is None:
            self._hidden = self._new_image()
        copy = Gimp.Layer.new_from_drawable(layer, self._hidden)
        self._hidden.insert_layer(copy, None, 0)
        if region is not None:
            copy.resize(region.width, region.height, -region.x, -region.y)
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


@dataclass(frozen=True)
class _Filtered(Part):
    """A layer whose filters are computed only where somebody looks."""

    source: Gimp.Layer | None = None
    filters: WithoutFilters | None = None
    margin: int = 0

    def at(self, rectangle: Rectangle) -> Part:
        assert self.source is not None
        assert self.filters is not None
        whole = Rectangle(0, 0, self.source.get_width(), self.source.get_height())
        region = rectangle.moved(-self.x, -self.y).grown(self.margin).intersection(whole)
        if region.empty:
            return self
        copy = self.filters.merged(self.source, region)
        x, y = self.x + region.x, self.y + region.y
        return Part(
            copy.get_buffer(), x, y, self.mask, not copy.has_alpha(), None, (self.x, self.y)
        )


def _reach(filters: Sequence[Gimp.DrawableFilter]) -> int | None:
    """The distance within which a pixel can be influenced; None if unknown."""
    reach = 0
    for item in filters:
        name = item.get_operation_name()
        if name == "gegl:gaussian-blur":
            config = item.get_config()
            widest = max(config.get_property("std-dev-x"), config.get_property("std-dev-y"))
            reach += int(widest * _BLUR_REACH) + 1
        elif name not in _POINT_OPERATIONS:
            return None
    return reach
