"""F1 in a window opens the help."""

from __future__ import annotations

from contextlib import suppress

from gi.repository import Gdk, Gio, GLib, Gtk

from .help_pages import PAGE


def open_help(section: str = "") -> None:
    """Open the help in the user's browser, at a section of the page."""
    address = PAGE.as_uri() + (f"#{section}" if section else "")
    with suppress(GLib.Error):  # no browser; the guide is on the web, too
        Gio.AppInfo.launch_default_for_uri(address, None)


def help_on_f1(window: Gtk.Window, section: str) -> None:
    """Have F1 in a window open a section of the help."""

    def on_key(_window: Gtk.Window, event: Gdk.EventKey) -> bool:
        if event.keyval == Gdk.KEY_F1:
            open_help(section)
            return True
        return False

    window.connect("key-press-event", on_key)
