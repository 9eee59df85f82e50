"""Reading rectangles of what GIMP holds, and writing layers. All rectangles are on the canvas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gi.repository import Gegl, Gimp

from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from .formats import channel_format, pixel_format


@dataclass(frozen=True)
class Part:
    """A layer to read: its buffer, its position on the canvas, and its layer mask."""

    buffer: Gegl.Buffer
    x: int
    y: int
    mask: Gegl.Buffer | None = None
    opaque: bool = False
    """True if it has no alpha channel."""
    layer: Gimp.Layer | None = None
    """The layer in the image, if the buffer represents it completely."""
    mask_place: tuple[int, int] | None = None
    """The mask's position on the canvas, if it differs from the buffer's."""

    def at(self, _rectangle: Rectangle) -> Part:
        """The parts that contain the pixels of a rectangle."""
        return self


def part_of(layer: Gimp.Layer, *, with_layer_mask: bool) -> Part:
    """A layer as its pixels are stored."""
    _, x, y = layer.get_offsets()
    mask = layer.get_mask() if with_layer_mask else None
    mask_buffer = mask.get_buffer() if mask else None
    return Part(layer.get_buffer(), x, y, mask_buffer, not layer.has_alpha(), layer)


def rectangle_of(item: Gimp.Drawable) -> Rectangle:
    """The rectangle in which a drawable has pixels."""
    _, x, y = item.get_offsets()
    return Rectangle(x, y, item.get_width(), item.get_height())


def read_colour(parts: Sequence[Part], rectangle: Rectangle, depth: str) -> Plane:
    """RGBA of the parts laid over each other, the first lowest; RGB of a single opaque one.

    A single part keeps the colour under its transparency.
    """
    if len(parts) == 1 and parts[0].mask is None:
        # Unconverted: GEGL needs a quarter of a second to find out how to add an alpha channel.
        channels = 3 if parts[0].opaque else 4
        inside = rectangle.moved(-parts[0].x, -parts[0].y)
        data = _get(parts[0].buffer, inside, pixel_format(channels, depth))
    else:
        channels = 4
        flat = _laid_over_each_other(parts, rectangle, pixel_format(channels, depth))
        whole = Rectangle(0, 0, rectangle.width, rectangle.height)
        data = _get(flat, whole, pixel_format(channels, depth))
    return Plane(rectangle.width, rectangle.height, channels, depth, data)


def alpha_of(plane: Plane) -> bytes:
    """u8 alpha of a u8 plane; all opaque where it has none."""
    if plane.channels == 3:
        return b"\xff" * (plane.width * plane.height)
    # slicing is fifty times faster than asking GEGL for "A u8"
    return bytes(plane.data[3::4])


def read_channel(channel: Gimp.Channel, rectangle: Rectangle, depth: str) -> Plane:
    """A channel, selection or layer mask; 0 outside it. The rectangle is in its own coordinates."""
    data = _get(channel.get_buffer(), rectangle, channel_format(channel, depth))
    return Plane(rectangle.width, rectangle.height, 1, depth, data)


def buffer_of(plane: Plane) -> Gegl.Buffer:
    """A buffer with a plane's pixels, at 0, 0."""
    encoding = pixel_format(plane.channels, plane.depth)
    buffer = Gegl.Buffer.new(encoding, 0, 0, plane.width, plane.height)
    buffer.set(_gegl(Rectangle(0, 0, plane.width, plane.height)), encoding, bytes(plane.data))
    return buffer


def rounded(mask: Plane, depth: str = "u8") -> Plane:
    """A mask in u8 or u16; one in u8 is unchanged."""
    if mask.depth in ("u8", depth):
        return mask
    whole = Rectangle(0, 0, mask.width, mask.height)
    data = _get(buffer_of(mask), whole, pixel_format(1, depth))
    return Plane(mask.width, mask.height, 1, depth, data)


def write_colour(layer: Gimp.Layer, plane: Plane) -> None:
    """Fill a whole layer, as large as the plane."""
    _set(layer, plane)


def write_channel(channel: Gimp.Channel, plane: Plane, x: int = 0, y: int = 0) -> None:
    """Write the part of a plane at x, y that overlaps a channel, selection or layer mask."""
    encoding = channel_format(channel, plane.depth)
    source = Gegl.Buffer.new(encoding, 0, 0, plane.width, plane.height)
    source.set(_gegl(Rectangle(0, 0, plane.width, plane.height)), encoding, bytes(plane.data))
    whole = Rectangle(0, 0, channel.get_width(), channel.get_height())
    # to write beyond the edge of what GIMP holds would end the process
    inside = Rectangle(x, y, plane.width, plane.height).intersection(whole)
    buffer = channel.get_buffer()
    abyss = Gegl.AbyssPolicy.NONE
    source.copy(_gegl(inside.moved(-x, -y)), abyss, buffer, _gegl(inside))
    buffer.flush()
    channel.update(*inside)


def write_sketch(layer: Gimp.Layer, plane: Plane) -> None:
    """Fill a whole layer with a picture of any other size, scaled."""
    graph = Gegl.Node()
    source = _source(graph, buffer_of(plane))
    scale = graph.create_child("gegl:scale-size")
    scale.set_property("x", float(layer.get_width()))
    scale.set_property("y", float(layer.get_height()))
    scale.set_property("sampler", Gegl.SamplerType.LINEAR)
    scale.set_property("abyss-policy", Gegl.AbyssPolicy.CLAMP)  # else it fades out at its rim
    target = layer.get_buffer()
    sink = graph.create_child("gegl:write-buffer")
    sink.set_property("buffer", target)
    source.connect_to("output", scale, "input")
    scale.connect_to("output", sink, "input")
    sink.process()
    target.flush()
    layer.update(0, 0, layer.get_width(), layer.get_height())


def _get(buffer: Gegl.Buffer, rectangle: Rectangle, encoding: str) -> bytes:
    return bytes(buffer.get(_gegl(rectangle), 1.0, encoding, Gegl.AbyssPolicy.NONE))


def _set(drawable: Gimp.Drawable, plane: Plane) -> None:
    buffer = drawable.get_buffer()
    whole = Gegl.Rectangle.new(0, 0, plane.width, plane.height)
    # bytes, whatever the wire gave: PyGObject takes ten times as long over anything else
    buffer.set(whole, pixel_format(plane.channels, plane.depth), bytes(plane.data))
    buffer.flush()
    drawable.update(0, 0, plane.width, plane.height)


def _laid_over_each_other(
    parts: Sequence[Part], rectangle: Rectangle, encoding: str
) -> Gegl.Buffer:
    graph = Gegl.Node()
    below = None
    for part in parts:
        node = _source(graph, part.buffer)
        if part.mask is not None:
            opacity = graph.create_child("gegl:opacity")
            node.connect_to("output", opacity, "input")
            mask = _source(graph, part.mask)
            if part.mask_place is not None:
                shift = graph.create_child("gegl:translate")
                shift.set_property("x", float(part.mask_place[0] - part.x))
                shift.set_property("y", float(part.mask_place[1] - part.y))
                mask.connect_to("output", shift, "input")
                mask = shift
            mask.connect_to("output", opacity, "aux")
            node = opacity
        place = graph.create_child("gegl:translate")
        place.set_property("x", float(part.x - rectangle.x))
        place.set_property("y", float(part.y - rectangle.y))
        node.connect_to("output", place, "input")
        if below is None:
            below = place
        else:
            over = graph.create_child("gegl:over")
            below.connect_to("output", over, "input")
            place.connect_to("output", over, "aux")
            below = over
    assert below is not None
    crop = graph.create_child("gegl:crop")
    for name, value in (("width", rectangle.width), ("height", rectangle.height)):
        crop.set_property(name, float(value))
    target = Gegl.Buffer.new(encoding, 0, 0, rectangle.width, rectangle.height)
    sink = graph.create_child("gegl:write-buffer")
    sink.set_property("buffer", target)
    below.connect_to("output", crop, "input")
    crop.connect_to("output", sink, "input")
    sink.process()
    return target


def _source(graph: Gegl.Node, buffer: Gegl.Buffer) -> Gegl.Node:
    node = graph.create_child("gegl:buffer-source")
    node.set_property("buffer", buffer)
    return node


def _gegl(rectangle: Rectangle) -> Gegl.Rectangle:
    return Gegl.Rectangle.new(rectangle.x, rectangle.y, rectangle.width, rectangle.height)
