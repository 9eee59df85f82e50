"""The settings of a dialog: their widgets in rows, what the user has touched, and their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import Field, replace
from typing import Any

from gi.repository import Gtk

from inpaintd_protocol.settings import Settings, Settled

from .arguments import all_settings, fields_of
from .layout import Shower, attach_row
from .setting_widgets import SettingWidget, text_box, widget_for
from .texts import _


class SettingsForm:
    """Rows for settings. Only values set by the user are sent; the rest is left to the model."""

    def __init__(self) -> None:
        self._fields = {row[0].name: row for row in fields_of(all_settings())}
        self._widgets: dict[str, SettingWidget] = {}
        self._rows: dict[str, tuple[Gtk.Widget, ...]] = {}
        self._labels: dict[str, Gtk.Label] = {}
        self._chosen_by_user: set[str] = set()
        self.filling_in = False
        """True while values are set that are not the user's doing."""

    def field(self, name: str) -> Field[Any]:
        return self._fields[name][0]

    def widget(self, name: str) -> Gtk.Widget:
        return self._widgets[name].widget

    def others(self, shown: Iterable[str]) -> tuple[str, ...]:
        """The settings that are not among these, in their order."""
        return tuple(name for name in self._fields if name not in set(shown))

    def add(self, rows: Gtk.Grid, name: str, beside: Shower | None = None) -> None:
        """Attach the row of a setting to a grid."""
        field, kind, optional = self._fields[name]
        made = widget_for(field, kind, optional)
        widget = beside.beside(made.widget) if beside else made.widget
        # a switch is its own label
        label = attach_row(rows, "" if kind is bool else _(field.metadata["label"]), widget)
        self._labels[name] = label
        self._keep(name, made, widget, label)

    def add_made(self, rows: Gtk.Grid, name: str, made: SettingWidget) -> None:
        """Attach a widget that was made elsewhere; it is always shown, and counts as chosen."""
        attach_row(rows, _(self.field(name).metadata["label"]), made.widget)
        self._widgets[name] = made

    def prompt(self, name: str, lines: int) -> Gtk.Widget:
        """A box with a setting of several lines of text, its label above it."""
        about = self.field(name).metadata
        made = text_box(lines, _(about["help"]))
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=3)
        box.pack_start(Gtk.Label(label=_(about["label"]), xalign=0.0), False, False, 0)
        box.pack_start(made.widget, False, False, 0)
        self._keep(name, made, box)
        return box

    def on_change(self, names: Iterable[str], action: Callable[[], None]) -> None:
        for name in names:
            self._widgets[name].on_change(action)

    def choose(self, name: str) -> None:
        """Take note that the user has set this."""
        if not self.filling_in:
            self._chosen_by_user.add(name)
            self._mark(name)

    def fill_in(self, settings: Settings) -> None:
        values = Settled.of(settings)
        for name, widget in self._widgets.items():
            widget.set(getattr(values, name))
        given = settings.given()
        self._chosen_by_user = {name for name in self._widgets if name in given}
        for name in self._labels:
            self._mark(name)

    def settings(self, start: Settings, is_taken: Callable[[str], bool]) -> Settings:
        """The settings chosen; those without a widget, such as a recipe's LoRAs, are kept."""
        values = {}
        for name, widget in self._widgets.items():
            sent = name in self._chosen_by_user and is_taken(name)
            values[name] = widget.get() if sent else None
            if values[name] == "":
                values[name] = None
        return replace(start, **values)

    def show_only(self, is_taken: Callable[[str], bool]) -> None:
        """Hide the rows of the settings that make no difference."""
        for name, widgets in self._rows.items():
            for widget in widgets:
                widget.set_visible(is_taken(name))

    def _keep(self, name: str, made: SettingWidget, *row: Gtk.Widget) -> None:
        self._widgets[name] = made
        self._rows[name] = row
        made.on_change(lambda: self.choose(name))

    def _mark(self, name: str) -> None:
        """Dim the labels of values left to the model."""
        if name not in self._labels:
            return
        style = self._labels[name].get_style_context()
        if name in self._chosen_by_user:
            style.remove_class("dim-label")
        else:
            style.add_class("dim-label")
