"""Placement of the plug-in's windows: above GIMP's own, beside the picture, at their last size."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from gi.repository import Gdk, Gimp, GimpUi, Gtk

_EDGE_PIXELS = 24
"""Distance from the edge of the screen, so that GIMP's own frame stays within reach."""


def show_beside_the_picture(window: Gtk.Window, role: str) -> None:
    """Show a window where it was last time; at first over GIMP's right-hand docks.

    It stays above GIMP's window. Its place and size are remembered under `role` when it closes.
    """
    window.realize()
    GimpUi.window_set_transient(window)
    place = _remembered().get(role)
    if place is not None and _on_a_screen(*place):
        x, y, width, height = place
        natural = window.get_preferred_size().natural_size
        window.resize(max(width, natural.width), max(height, natural.height))
        window.move(x, y)
    else:
        _move_to_the_right(window, from_bottom=False)
    seen: list[int] = []

    def on_configure(*_args: object) -> bool:
        seen[:] = [*window.get_position(), *window.get_size()]
        return False

    window.connect("configure-event", on_configure)
    window.connect("destroy", lambda *_args: _remember(role, seen))
    window.show()


def show_without_focus(window: Gtk.Window) -> None:
    """Show a window in the lower right corner that never takes a key press from GIMP."""
    window.set_accept_focus(False)
    window.set_focus_on_map(False)
    window.set_type_hint(Gdk.WindowTypeHint.UTILITY)
    window.realize()
    GimpUi.window_set_transient(window)
    _move_to_the_right(window, from_bottom=True)
    window.show()


def show_in_the_middle(window: Gtk.Window) -> None:
    """Show a modal window in the middle of the screen."""
    window.set_position(Gtk.WindowPosition.CENTER)
    window.set_resizable(False)
    window.realize()
    GimpUi.window_set_transient(window)
    window.present()


def fit(window: Gtk.Window) -> bool:
    """Fit a window to its contents; call this after they have been laid out."""
    if window.get_visible():
        natural = window.get_preferred_size().natural_size
        window.resize(natural.width, natural.height)
    return False


def _move_to_the_right(window: Gtk.Window, *, from_bottom: bool) -> None:
    area = Gdk.Display.get_default().get_monitor_at_window(window.get_window()).get_workarea()
    natural = window.get_preferred_size().natural_size
    x = area.x + area.width - natural.width - _EDGE_PIXELS
    below = area.height - natural.height - 3 * _EDGE_PIXELS  # clear of GIMP's status bar
    window.move(max(area.x, x), area.y + (max(0, below) if from_bottom else 3 * _EDGE_PIXELS))


def _on_a_screen(x: int, y: int, width: int, _height: int) -> bool:
    """Test whether the title bar of a window can be reached."""
    display = Gdk.Display.get_default()
    for index in range(display.get_n_monitors()):
        area = display.get_monitor(index).get_workarea()
        if area.x <= x + width // 2 < area.x + area.width and area.y <= y < area.y + area.height:
            return True
    return False


def _path() -> Path:
    return Path(Gimp.directory()) / "inpaint-windows.json"


def _remembered() -> dict[str, Any]:
    try:
        places = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(places, dict):
        return {}
    return {
        role: place
        for role, place in places.items()
        if isinstance(place, list) and len(place) == 4 and all(isinstance(n, int) for n in place)
    }


def _remember(role: str, place: list[int]) -> None:
    if not place or not Path(__file__).exists():  # the plug-in has just been uninstalled
        return
    places = _remembered() | {role: place}
    with suppress(OSError):  # a full disk must not keep a dialog from closing
        _path().write_text(json.dumps(places), encoding="utf-8")
