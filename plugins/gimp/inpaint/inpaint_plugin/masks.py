"""Where the hole comes from: the selection, transparency, a floating selection, a layer mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gi.repository import Gimp

from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from .bounds import bounds_of_other_values, rows_of
from .pixels import Part, part_of, read_alpha, read_channel, rectangle_of

SOURCES = {
    "automatic": (
        "Automatic",
        "The selection if there is one, else a floating selection, else the layer's transparency, "
        "else the holes of its layer mask.",
    ),
    "selection": ("Selection", "What is selected, with its feathering."),
    "transparency": ("Transparency", "Where the layer is transparent."),
    "floating": ("Floating selection", "Where the floating selection is."),
    "layer-mask": ("Layer mask", "Where the layer mask hides the layer."),
}
"""Nick: (label, help)."""


class MaskSource(Protocol):
    """Something that says which pixels are the hole."""

    @property
    def name(self) -> str:
        """Its nick in SOURCES; "automatic" for the hole of an earlier fill."""

    def bounds(self, extent: Rectangle) -> Rectangle:
        """The smallest rectangle within `extent` that holds the hole; its width may be 0."""

    def read(self, rectangle: Rectangle, depth: str) -> Plane | None:
        """The mask plane of a rectangle; None: the colour plane's transparency is the mask."""


@dataclass(frozen=True)
class ChannelMask:
    """The selection or the Quick Mask: as large as the canvas, greys kept."""

    name: str
    channel: Gimp.Channel
    box: Rectangle

    @classmethod
    def of_selection(cls, image: Gimp.Image) -> ChannelMask:
        _, _, left, top, right, bottom = Gimp.Selection.bounds(image)
        box = Rectangle(left, top, right - left, bottom - top)
        return cls("selection", image.get_selection(), box)

    @classmethod
    def of_quick_mask(cls, channel: Gimp.Channel) -> ChannelMask:
        whole = Rectangle(0, 0, channel.get_width(), channel.get_height())
        rows = rows_of(read_channel(channel, whole, "u8").data, whole.width)
        return cls("selection", channel, bounds_of_other_values(rows, nothing=0))

    def bounds(self, extent: Rectangle) -> Rectangle:
        return self.box.intersection(extent)

    def read(self, rectangle: Rectangle, depth: str) -> Plane | None:
        return read_channel(self.channel, rectangle, depth)


@dataclass(frozen=True)
class TransparencyMask:
    """The transparency of what is sent, so that no mask needs to go along."""

    parts: Sequence[Part]
    name: str = "transparency"

    def bounds(self, extent: Rectangle) -> Rectangle:
        rows = rows_of(read_alpha(self.parts, extent), extent.width)
        return bounds_of_other_values(rows, nothing=255).moved(extent.x, extent.y)

    def read(self, rectangle: Rectangle, depth: str) -> Plane | None:
        return None


def transparency(parts: Sequence[Part], rectangle: Rectangle) -> Plane:
    """How transparent the parts are together, as a mask."""
    data = read_alpha(parts, rectangle).translate(_COMPLEMENT)
    return Plane(rectangle.width, rectangle.height, 1, "u8", data)


@dataclass(frozen=True)
class LayerMaskMask:
    """Where a layer mask hides its layer."""

    layer: Gimp.Layer
    name: str = "layer-mask"

    def bounds(self, extent: Rectangle) -> Rectangle:
        rows = rows_of(self.read(extent, "u8").data, extent.width)
        return bounds_of_other_values(rows, nothing=0).moved(extent.x, extent.y)

    def read(self, rectangle: Rectangle, depth: str) -> Plane:
        _, x, y = self.layer.get_offsets()
        return inverted(read_channel(self.layer.get_mask(), rectangle.moved(-x, -y), depth))


@dataclass(frozen=True)
class AlphaMask:
    """Where another item is: a floating selection, or the fill that an earlier run has made."""

    name: str
    item: Gimp.Layer
    share: float = 1.0
    """How much of a full repaint an opaque pixel stands for."""

    @classmethod
    def of_floating(cls, floating: Gimp.Layer) -> AlphaMask:
        # A floating selection made see-through says how much may change, as if it were anchored.
        opacity = floating.get_opacity() / 100.0
        return cls("floating", floating, 1.0 - opacity if opacity < 1.0 else 1.0)

    def bounds(self, extent: Rectangle) -> Rectangle:
        box = extent.intersection(rectangle_of(self.item))
        if box.empty:
            return box
        rows = rows_of(self._alpha(box), box.width)
        return bounds_of_other_values(rows, nothing=0).moved(box.x, box.y)

    def read(self, rectangle: Rectangle, depth: str) -> Plane | None:
        return Plane(rectangle.width, rectangle.height, 1, "u8", self._alpha(rectangle))

    def _alpha(self, rectangle: Rectangle) -> bytes:
        alpha = read_alpha([part_of(self.item, with_layer_mask=True)], rectangle)
        if self.share == 1.0:
            return alpha
        return alpha.translate(bytes(int(value * self.share + 0.5) for value in range(256)))


def inverted(mask: Plane) -> Plane:
    """A u8 or u16 mask with keep and repaint exchanged."""
    data = bytes(mask.data).translate(_COMPLEMENT)
    return Plane(mask.width, mask.height, 1, mask.depth, data)


_COMPLEMENT = bytes(255 - value for value in range(256))
"""Byte by byte, so it also turns u16 masks round: 65535 - v has the complement of each byte."""
