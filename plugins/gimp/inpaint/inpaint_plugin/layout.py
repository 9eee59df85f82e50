"""Rows, labels and bars, the same in every dialog."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gdk, GLib, Gtk, Pango

from .texts import _
from .windows import fit

_BUTTONS_AND_FRAME = 90
"""Height in pixels of the part that is not scrolled."""


def grid() -> Gtk.Grid:
    """Labels left, widgets right."""
    made = Gtk.Grid(column_spacing=12, row_spacing=6)
    made.rows = 0
    return made


def attach_row(grid: Gtk.Grid, text: str, widget: Gtk.Widget) -> Gtk.Label:
    label = Gtk.Label(label=text, xalign=0.0)
    label.set_width_chars(16)
    label.set_mnemonic_widget(widget)
    widget.set_hexpand(True)
    grid.attach(label, 0, grid.rows, 1, 1)
    grid.attach(widget, 1, grid.rows, 1, 1)
    grid.rows += 1
    return label


def attach_below(grid: Gtk.Grid, widget: Gtk.Widget) -> None:
    """In the right column, beneath the row that was attached last."""
    grid.attach(widget, 1, grid.rows, 1, 1)
    grid.rows += 1


def combo_of(choices: dict[str, tuple[str, str]]) -> Gtk.ComboBoxText:
    """A combo box; its tooltip tells what each choice means.

    Args:
        choices: nick: (label, help).
    """
    combo = Gtk.ComboBoxText()
    for nick, (label, _help) in choices.items():
        combo.append(nick, _(label))
    lines = (f"{_(label)}: {_(words)}" for label, words in choices.values())
    combo.set_tooltip_text("\n".join(lines))
    return combo


def dim_label() -> Gtk.Label:
    label = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40)
    label.get_style_context().add_class("dim-label")
    attributes = Pango.AttrList()
    attributes.insert(Pango.attr_scale_new(0.9))
    label.set_attributes(attributes)
    return label


class WarningBar:
    """A bar over a dialog that shows itself when there is something to say."""

    def __init__(self) -> None:
        self.bar = Gtk.InfoBar(message_type=Gtk.MessageType.WARNING)
        # selectable, for a command that it tells to run
        self._label = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=50, selectable=True)
        self._label.set_can_focus(False)
        self.bar.get_content_area().add(self._label)

        self.on_change: Callable[[], None] = lambda: None
        """Called when the text, and with it the height, has changed."""

    def say(self, text: str) -> None:
        self._label.set_text(text)
        self.bar.set_visible(bool(text))
        self.on_change()


class Shower:
    """A button that shows a preview in the image, and a spinner while it is computed."""

    def __init__(self, tooltip: str) -> None:
        self.button = Gtk.Button(label=_("_Show"), use_underline=True)
        self.button.set_tooltip_text(tooltip)
        self._spinner = Gtk.Spinner(no_show_all=True)

    def beside(self, widget: Gtk.Widget) -> Gtk.Box:
        """A widget with this to its right."""
        box = Gtk.Box(spacing=6)
        box.pack_start(widget, True, True, 0)
        box.pack_start(self._spinner, False, False, 0)
        box.pack_start(self.button, False, False, 0)
        return box

    def turn(self, on: bool) -> None:
        self._spinner.set_visible(on)
        self._spinner.set_property("active", on)


def scrolled(box: Gtk.Box) -> Gtk.ScrolledWindow:
    """As high as its contents, unless the screen is lower: all unfolded, that is a tall dialog."""
    monitor = Gdk.Display.get_default().get_monitor(0)
    made = Gtk.ScrolledWindow(propagate_natural_height=True, propagate_natural_width=True)
    made.set_policy(Gtk.PolicyType.NEVER, Gtk.PolicyType.AUTOMATIC)
    made.set_max_content_height(monitor.get_workarea().height - _BUTTONS_AND_FRAME)
    made.add(box)
    return made


def expander(title: str, inner: Gtk.Widget, window: Gtk.Window) -> Gtk.Expander:
    made = Gtk.Expander(label=title)
    inner.set_margin_top(6)
    inner.set_margin_start(12)
    made.add(inner)
    # the window neither grows nor shrinks by itself, because its contents can be scrolled
    made.connect("notify::expanded", lambda *_args: GLib.idle_add(fit, window))
    return made
