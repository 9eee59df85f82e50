"""A picture in a dialog: zoomed with the wheel, clicked, and with a mask and marks over it.

Drawn by GEGL into a pixbuf, since Python's binding of cairo does not come with every GIMP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gi.repository import Gdk, GdkPixbuf, Gegl, GLib, Gtk

from inpaintd_protocol.messages import Click
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from .object_marks import Mark
from .pixels import Part, buffer_of, read_colour, rounded

_SIZE = (520, 360)
_STEP = 1.25
_LARGEST_ZOOM = 16.0
_DRAG_PIXELS = 5
"""A shorter drag is a click of an unsteady hand."""

_BACKGROUND = (64, 64, 64, 255)
_TINT = (38, 132, 255, 130)
_INSIDE, _OUTSIDE, _RIM = (60, 200, 80, 255), (235, 60, 50, 255), (255, 255, 255, 255)
_DOT_RADIUS = 5


class PictureView:
    """Shows part of a picture, and tells of clicks and boxes in canvas coordinates."""

    def __init__(
        self, picture: Plane, place: Rectangle, on_mark: Callable[[Mark], None], tooltip: str
    ) -> None:
        """
        Args:
            place: the picture's position on the canvas.
        """
        self._place = place
        self._on_mark = on_mark
        self._picture = buffer_of(picture)
        self._mask: Gegl.Buffer | None = None
        self._marks: Sequence[Mark] = ()
        self._zoom = 0.0
        """Pixels of the view for one of the picture; 0 before the first layout."""
        self._left = self._top = 0.0
        """The picture's point, in its own pixels, at the upper left corner of the view."""
        self._pressed: tuple[float, float] | None = None
        self._dragged: tuple[float, float] | None = None
        self._panned: tuple[float, float] | None = None
        self._drawing = 0
        self._image = Gtk.Image()
        # Asks for no more than its own size, however large the picture in it.
        self.widget = Gtk.Layout(hexpand=True, vexpand=True)
        self.widget.set_size_request(*_SIZE)
        self.widget.put(self._image, 0, 0)
        self.widget.set_tooltip_text(tooltip)
        self.widget.set_direction(Gtk.TextDirection.LTR)  # a picture has no reading direction
        events = Gdk.EventMask
        self.widget.add_events(
            events.BUTTON_PRESS_MASK
            | events.BUTTON_RELEASE_MASK
            | events.BUTTON_MOTION_MASK
            | events.SCROLL_MASK
            | events.SMOOTH_SCROLL_MASK
        )
        for signal, handler in (
            ("size-allocate", self._on_size),
            ("button-press-event", self._on_press),
            ("motion-notify-event", self._on_motion),
            ("button-release-event", self._on_release),
            ("scroll-event", self._on_scroll),
        ):
            self.widget.connect(signal, handler)

    def show(self, mask: Plane | None, marks: Sequence[Mark]) -> None:
        """Lay a mask, as large as the picture, and marks over it."""
        self._mask = None if mask is None else buffer_of(rounded(mask))
        self._marks = marks
        self._draw_soon()

    def show_all_of_it(self) -> None:
        """Zoom out to the whole picture."""
        self._zoom = 0.0
        self._draw_soon()

    # ---------------------------------------------------------------------------- drawing

    def _size(self) -> tuple[int, int]:
        return self.widget.get_allocated_width(), self.widget.get_allocated_height()

    def _fitting(self) -> float:
        width, height = self._size()
        return min(width / self._place.width, height / self._place.height, _LARGEST_ZOOM)

    def _draw_soon(self) -> None:
        if not self._drawing:
            self._drawing = GLib.idle_add(self._draw)

    def _draw(self) -> bool:
        self._drawing = 0
        width, height = self._size()
        if width < 2 or height < 2:
            return False
        if self._zoom < self._fitting():
            self._zoom = self._fitting()
        self._keep_in_view()
        data = bytearray(self._rendered(width, height))
        for mark in self._marks:
            self._draw_mark(data, width, height, mark)
        if self._pressed is not None and self._dragged is not None:
            _draw_frame(data, width, height, *self._pressed, *self._dragged)
        pixbuf = GdkPixbuf.Pixbuf.new_from_bytes(
            GLib.Bytes.new(bytes(data)),
            GdkPixbuf.Colorspace.RGB,
            True,
            8,
            width,
            height,
            4 * width,
        )
        self._image.set_from_pixbuf(pixbuf)
        return False

    def _rendered(self, width: int, height: int) -> bytes:
        view = Rectangle(
            round(self._left * self._zoom), round(self._top * self._zoom), width, height
        )
        parts = [
            Part(_filled(width, height, _BACKGROUND), 0, 0),
            Part(_scaled(self._picture, view, self._zoom, 4), 0, 0),
        ]
        if self._mask is not None:
            mask = _scaled(self._mask, view, self._zoom, 1)
            parts.append(Part(_filled(width, height, _TINT), 0, 0, mask))
        return bytes(read_colour(parts, Rectangle(0, 0, width, height), "u8").data)

    def _draw_mark(self, data: bytearray, width: int, height: int, mark: Mark) -> None:
        if isinstance(mark, Click):
            x, y = self._in_view(mark.x, mark.y)
            colour = _INSIDE if mark.inside else _OUTSIDE
            _draw_dot(data, width, height, round(x), round(y), colour)
        else:
            corners = (*self._in_view(mark.x, mark.y), *self._in_view(mark.right, mark.bottom))
            _draw_frame(data, width, height, *corners)

    def _keep_in_view(self) -> None:
        width, height = self._size()
        self._left = _kept(self._left, self._place.width, width / self._zoom)
        self._top = _kept(self._top, self._place.height, height / self._zoom)

    def _in_view(self, x: float, y: float) -> tuple[float, float]:
        left, top = x - self._place.x - self._left, y - self._place.y - self._top
        return left * self._zoom, top * self._zoom

    def _on_canvas(self, x: float, y: float) -> tuple[float, float]:
        return (
            self._place.x + self._left + x / self._zoom,
            self._place.y + self._top + y / self._zoom,
        )

    # ---------------------------------------------------------------------------- the mouse

    def _on_size(self, *_args: object) -> None:
        self._draw_soon()

    def _on_press(self, _widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        if event.button == Gdk.BUTTON_MIDDLE:
            self._panned = (event.x, event.y)
        elif event.type == Gdk.EventType.BUTTON_PRESS:
            self._pressed = (event.x, event.y)
        return True

    def _on_motion(self, _widget: Gtk.Widget, event: Gdk.EventMotion) -> bool:
        if self._panned is not None:
            x, y = self._panned
            self._left -= (event.x - x) / self._zoom
            self._top -= (event.y - y) / self._zoom
            self._panned = (event.x, event.y)
            self._draw_soon()
        elif self._pressed is not None:
            x, y = self._pressed
            if self._dragged or max(abs(event.x - x), abs(event.y - y)) > _DRAG_PIXELS:
                self._dragged = (event.x, event.y)
                self._draw_soon()
        return True

    def _on_release(self, _widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        pressed, dragged = self._pressed, self._dragged
        self._pressed = self._dragged = self._panned = None
        if pressed is None:
            return True
        modifiers = Gdk.ModifierType.SHIFT_MASK | Gdk.ModifierType.CONTROL_MASK
        excluded = event.button == Gdk.BUTTON_SECONDARY or bool(event.state & modifiers)
        if dragged is None or excluded:
            x, y = self._on_canvas(*pressed)
            if _within(self._place, x, y):
                self._on_mark(Click(x, y, inside=not excluded))
        else:
            (x1, y1), (x2, y2) = self._on_canvas(*pressed), self._on_canvas(*dragged)
            left, top = round(min(x1, x2)), round(min(y1, y2))
            box = Rectangle(left, top, round(max(x1, x2)) - left, round(max(y1, y2)) - top)
            inside = box.intersection(self._place)
            if not inside.empty:
                self._on_mark(inside)
        self._draw_soon()
        return True

    def _on_scroll(self, _widget: Gtk.Widget, event: Gdk.EventScroll) -> bool:
        if event.direction == Gdk.ScrollDirection.SMOOTH:
            up = -event.delta_y
        else:
            up = {Gdk.ScrollDirection.UP: 1.0, Gdk.ScrollDirection.DOWN: -1.0}.get(
                event.direction, 0.0
            )
        old = self._zoom
        largest = max(_LARGEST_ZOOM, self._fitting())
        self._zoom = min(max(old * _STEP**up, self._fitting()), largest)
        # The point under the pointer stays in place.
        self._left += event.x / old - event.x / self._zoom
        self._top += event.y / old - event.y / self._zoom
        self._draw_soon()
        return True


def _kept(start: float, length: float, shown: float) -> float:
    """The start of the visible part: centred if everything fits, else never beyond the edge."""
    return (length - shown) / 2 if shown >= length else min(max(start, 0.0), length - shown)


def _within(place: Rectangle, x: float, y: float) -> bool:
    return place.x <= x < place.right and place.y <= y < place.bottom


def _scaled(buffer: Gegl.Buffer, view: Rectangle, zoom: float, channels: int) -> Gegl.Buffer:
    encoding = "R'G'B'A u8" if channels == 4 else "Y u8"
    data = buffer.get(Gegl.Rectangle.new(*view), zoom, encoding, Gegl.AbyssPolicy.NONE)
    return buffer_of(Plane(view.width, view.height, channels, "u8", bytes(data)))


def _filled(width: int, height: int, colour: tuple[int, ...]) -> Gegl.Buffer:
    return buffer_of(Plane(width, height, 4, "u8", bytes(colour) * (width * height)))


def _draw_dot(
    data: bytearray, width: int, height: int, x: int, y: int, colour: tuple[int, ...]
) -> None:
    for radius, shade in ((_DOT_RADIUS + 2, _RIM), (_DOT_RADIUS, colour)):
        for row in range(-radius, radius + 1):
            half = int((radius * radius - row * row) ** 0.5)
            _draw_run(data, width, height, x - half, x + half + 1, y + row, shade)


def _draw_frame(
    data: bytearray, width: int, height: int, x1: float, y1: float, x2: float, y2: float
) -> None:
    left, right = round(min(x1, x2)), round(max(x1, x2))
    top, bottom = round(min(y1, y2)), round(max(y1, y2))
    for inset, shade in ((0, _RIM), (1, _INSIDE)):
        for y in (top + inset, bottom - inset):
            _draw_run(data, width, height, left + inset, right - inset + 1, y, shade)
        for y in range(top + inset, bottom - inset + 1):
            for x in (left + inset, right - inset):
                _draw_run(data, width, height, x, x + 1, y, shade)


def _draw_run(
    data: bytearray, width: int, height: int, start: int, end: int, y: int, shade: tuple[int, ...]
) -> None:
    """Colour the visible pixels of a row from start to end."""
    start, end = max(0, start), min(width, end)
    if 0 <= y < height and start < end:
        first = 4 * (y * width + start)
        data[first : first + 4 * (end - start)] = bytes(shade) * (end - start)
