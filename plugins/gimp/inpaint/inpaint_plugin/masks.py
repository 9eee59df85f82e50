"""Sources of the hole: the selection, transparency, a floating selection, a layer mask."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Protocol

from gi.repository import Gimp

from inpaintd_protocol.plane import BYTES_PER_SAMPLE, Plane
from inpaintd_protocol.rectangle import Rectangle

from .bounds import bounds_of_other_values, rows_of
from .kept_hole import KeptHole, bounds_of_mask, cut
from .picture import Picture
from .pixels import alpha_of, part_of, read_channel, read_colour, rectangle_of

SOURCES = {
    "automatic": (
        "Automatic",
        "The selection if there is one, else a floating selection, else the layer's transparency, "
        "else the holes of its layer mask.",
    ),
    "selection": ("Selection", "The selection, including its feathering."),
    "transparency": ("Transparency", "Where the layer is transparent."),
    "floating": ("Floating selection", "The area of the floating selection."),
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
    """The transparency of the pixels sent, so that no separate mask is needed."""

    picture: Picture
    name: str = "transparency"

    def bounds(self, extent: Rectangle) -> Rectangle:
        extent = self.picture.transparent_within(extent)
        rows = rows_of(alpha_of(self.picture.read(extent, "u8")), extent.width)
        return bounds_of_other_values(rows, nothing=255).moved(extent.x, extent.y)

    def read(self, rectangle: Rectangle, depth: str) -> Plane | None:
        return None


def transparency(colour: Plane) -> Plane:
    """The transparency of a plane, as a mask of its depth; of a float one, u16."""
    size = BYTES_PER_SAMPLE[colour.depth]
    if colour.depth == "f32":
        alpha = memoryview(bytes(colour.data)).cast("f")[3::4].tolist()
        data = array("H", [round(65535 * (1 - min(1.0, max(0.0, a)))) for a in alpha]).tobytes()
        return Plane(colour.width, colour.height, 1, "u16", data)
    opaque = bytearray(colour.width * colour.height * size)
    for byte in range(size):
        opaque[byte::size] = bytes(colour.data)[3 * size + byte :: 4 * size]
    data = bytes(opaque).translate(_COMPLEMENT)
    return Plane(colour.width, colour.height, 1, colour.depth, data)


@dataclass(frozen=True)
class KeptMask:
    """The hole that a fill was made for, kept with its recipe."""

    hole: KeptHole
    layer: Gimp.Layer
    """The layer that was repainted: the hole moves with it."""
    name: str = "automatic"

    def bounds(self, extent: Rectangle) -> Rectangle:
        x, y = self._offset()
        return bounds_of_mask(self.hole.mask).moved(x, y).intersection(extent)

    def read(self, rectangle: Rectangle, depth: str) -> Plane | None:
        return cut(self.hole.mask, self._offset(), rectangle)

    def _offset(self) -> tuple[int, int]:
        _, x, y = self.layer.get_offsets()
        return x + self.hole.x, y + self.hole.y


@dataclass(frozen=True)
class OutsideMask:
    """Everything but a rectangle: the new area when the canvas grows."""

    inner: Rectangle
    outer: Rectangle
    name: str = "outside"

    def bounds(self, extent: Rectangle) -> Rectangle:
        return self.outer

    def read(self, rectangle: Rectangle, depth: str) -> Plane | None:
        new = bytearray(b"\xff" * (rectangle.width * rectangle.height))
        kept = self.inner.intersection(rectangle)
        for y in range(kept.y - rectangle.y, kept.bottom - rectangle.y):
            start = y * rectangle.width + kept.x - rectangle.x
            new[start : start + kept.width] = bytes(kept.width)
        return Plane(rectangle.width, rectangle.height, 1, "u8", bytes(new))


@dataclass(frozen=True)
class LayerMaskMask:
    """The area in which a layer mask hides its layer."""

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
    """The area of another item: a floating selection, or the fill that an earlier run has made."""

    name: str
    item: Gimp.Layer
    share: float = 1.0
    """Share of a full repaint that an opaque pixel represents."""

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
        part = part_of(self.item, with_layer_mask=True)
        alpha = alpha_of(read_colour([part], rectangle, "u8"))
        if self.share == 1.0:
            return alpha
        return alpha.translate(bytes(int(value * self.share + 0.5) for value in range(256)))


def inverted(mask: Plane) -> Plane:
    """A u8 or u16 mask with keep and repaint exchanged."""
    data = bytes(mask.data).translate(_COMPLEMENT)
    return Plane(mask.width, mask.height, 1, mask.depth, data)


_COMPLEMENT = bytes(255 - value for value in range(256))
"""Byte by byte, so it also turns u16 masks round: 65535 - v has the complement of each byte."""
