"""The dialog of Inpaint. What it asks for, and how, comes from `inpaintd_protocol.settings`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gdk, GimpUi, GLib, Gtk, Pango  # noqa: E402

from inpaintd_protocol.codec import settings_from_map, settings_to_map  # noqa: E402
from inpaintd_protocol.errors import InpaintError  # noqa: E402
from inpaintd_protocol.messages import ModelInfo  # noqa: E402
from inpaintd_protocol.settings import Settings  # noqa: E402

from .arguments import scalar_fields  # noqa: E402
from .filling import colour_lost_before, hole_in_words  # noqa: E402
from .masks import SOURCES  # noqa: E402
from .model_choice import ModelChoice, takes  # noqa: E402
from .remembered import Choices  # noqa: E402
from .setting_widgets import SettingWidget, text_box, widget_for  # noqa: E402
from .target import Target  # noqa: E402

_PROMPTS = {"prompt": 3, "negative_prompt": 2}
"""Settings of several lines, and how many are shown."""

_MAIN = ("strength", "steps", "guidance_scale", "seed", "count", "output")
_HOLE = (
    "area",
    "context_pixels",
    "infill",
    "grow_pixels",
    "feather_pixels",
    "invert",
)
"""Folded away. All others that are not in _MAIN follow as "Advanced"."""

_RESET = 1
_WIDTH = 460
_BUTTONS_AND_FRAME = 120
"""Height in pixels of what is not scrolled."""


def ask(target: Target, start: Choices, models: Sequence[ModelInfo]) -> Choices | None:
    """Let the user choose; None when the dialog was cancelled."""
    GimpUi.init("inpaint")
    dialog = _Dialog(target, start, models)
    try:
        return dialog.run()
    finally:
        dialog.destroy()


class _Dialog:
    def __init__(self, target: Target, start: Choices, models: Sequence[ModelInfo]) -> None:
        self._target = target
        self._start = start
        self._widgets: dict[str, SettingWidget] = {}
        self._rows: dict[str, tuple[Gtk.Widget, ...]] = {}
        self._engine_settings = frozenset(name for model in models for name in model.honours)
        fields = {field.name: (field, kind, opt) for field, kind, opt in scalar_fields()}

        self._window = GimpUi.Dialog(title="Inpaint", role="inpaint")
        self._window.add_button("_Reset", _RESET)
        self._window.add_button("_Cancel", Gtk.ResponseType.CANCEL)
        self._window.add_button("_Inpaint", Gtk.ResponseType.OK)
        self._window.set_default_response(Gtk.ResponseType.OK)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=12)
        box.set_size_request(_WIDTH, -1)
        self._window.get_content_area().pack_start(_scrolled(box), True, True, 0)

        self._hole = _dim_label()
        self._warning, self._warning_text = _warning_bar()
        box.pack_start(self._warning, False, False, 0)
        for name, lines in _PROMPTS.items():
            field, _, _ = fields[name]
            box.pack_start(self._prompt(field, lines), False, False, 0)

        grid = _grid()
        self._models = ModelChoice(models, fields["model"][0].metadata["help"])
        self._models.combo.connect("changed", lambda *_: self._on_model())
        self._widgets["model"] = SettingWidget(
            self._models.combo, self._models.get, self._models.set
        )
        self._row(grid, "model", fields["model"][0].metadata["label"])
        _attach_below(grid, self._models.note)
        self._source = _source_combo()
        self._source.connect("changed", lambda *_: self._on_source())
        _attach_row(grid, "Mask source", self._source)
        _attach_below(grid, self._hole)
        for name in _MAIN:
            self._add(grid, *fields[name])
        box.pack_start(grid, False, False, 6)

        rest = [name for name in fields if name not in (*_MAIN, *_HOLE, *_PROMPTS, "model")]
        for title, names in (("Hole and surroundings", _HOLE), ("Advanced", rest)):
            inner = _grid()
            for name in names:
                self._add(inner, *fields[name])
            box.pack_start(_expander(title, inner, self._window), False, False, 0)
        self._window.get_content_area().show_all()
        self._warning.hide()
        self._fill_in(start)

    def run(self) -> Choices | None:
        self._widgets["prompt"].widget.text_view.grab_focus()
        while True:
            response = self._window.run()
            if response == _RESET:
                self._fill_in(Choices(Settings()))
            elif response != Gtk.ResponseType.OK:
                return None
            else:
                return Choices(self._settings(), self._source.get_active_id())

    def destroy(self) -> None:
        self._window.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    # ---------------------------------------------------------------------------- filling it

    def _settings(self) -> Settings:
        # What no widget shows (ControlNets, LoRAs of a recipe) stays as it was.
        values = settings_to_map(self._start.settings)
        values |= {name: widget.get() for name, widget in self._widgets.items()}
        settings: Settings = settings_from_map(Settings, values)
        return settings

    def _fill_in(self, choices: Choices) -> None:
        for name, value in settings_to_map(choices.settings).items():
            if name in self._widgets:
                self._widgets[name].set(value)
        self._source.set_active_id(choices.mask_source)
        self._on_model()
        self._on_source()

    # ---------------------------------------------------------------------------- reactions

    def _on_model(self) -> None:
        model = self._models.chosen()
        self._models.show_note()
        self._window.set_response_sensitive(Gtk.ResponseType.OK, model is None or model.installed)
        for name in self._engine_settings:
            honoured = model is None or takes(model, name)
            for widget in self._rows.get(name, ()):
                widget.set_sensitive(honoured)

    def _on_source(self) -> None:
        source = self._source.get_active_id() or "automatic"
        try:
            words = hole_in_words(self._target, source)
            lost = colour_lost_before(self._target, source)
        except InpaintError as error:
            self._hole.set_text("")
            self._show_warning(str(error))
            return
        self._hole.set_text(words)
        self._show_warning(f"{lost.message} {lost.remedy}" if lost else "")

    def _show_warning(self, text: str) -> None:
        self._warning_text.set_text(text)
        self._warning.set_visible(bool(text))

    # ---------------------------------------------------------------------------- building it

    def _prompt(self, field: Field[Any], lines: int) -> Gtk.Widget:
        made = text_box(lines, field.metadata["help"])
        self._widgets[field.name] = made
        label = Gtk.Label(label=field.metadata["label"], xalign=0.0)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=3)
        box.pack_start(label, False, False, 0)
        box.pack_start(made.widget, False, False, 0)
        self._rows[field.name] = (box,)
        return box

    def _add(self, grid: Gtk.Grid, field: Field[Any], kind: type, optional: bool) -> None:
        self._widgets[field.name] = widget_for(field, kind, optional)
        # a switch is its own label
        self._row(grid, field.name, "" if kind is bool else field.metadata["label"])

    def _row(self, grid: Gtk.Grid, name: str, label: str) -> None:
        widget = self._widgets[name].widget
        self._rows[name] = (widget, _attach_row(grid, label, widget))


def _scrolled(box: Gtk.Box) -> Gtk.ScrolledWindow:
    """As high as its contents, unless the screen is lower: all unfolded, that is a tall dialog."""
    monitor = Gdk.Display.get_default().get_monitor(0)
    scrolled = Gtk.ScrolledWindow(propagate_natural_height=True, propagate_natural_width=True)
    scrolled.set_policy(Gtk.PolicyType.NEVER, Gtk.PolicyType.AUTOMATIC)
    scrolled.set_max_content_height(monitor.get_workarea().height - _BUTTONS_AND_FRAME)
    scrolled.add(box)
    return scrolled


def _grid() -> Gtk.Grid:
    grid = Gtk.Grid(column_spacing=12, row_spacing=6)
    grid.rows = 0
    return grid


def _attach_row(grid: Gtk.Grid, text: str, widget: Gtk.Widget) -> Gtk.Label:
    label = Gtk.Label(label=text, xalign=0.0)
    label.set_width_chars(16)
    label.set_mnemonic_widget(widget)
    widget.set_hexpand(True)
    grid.attach(label, 0, grid.rows, 1, 1)
    grid.attach(widget, 1, grid.rows, 1, 1)
    grid.rows += 1
    return label


def _attach_below(grid: Gtk.Grid, widget: Gtk.Widget) -> None:
    """In the right column, beneath the row that was attached last."""
    grid.attach(widget, 1, grid.rows, 1, 1)
    grid.rows += 1


def _expander(title: str, inner: Gtk.Grid, window: Gtk.Window) -> Gtk.Expander:
    expander = Gtk.Expander(label=title)
    inner.set_margin_top(6)
    inner.set_margin_start(12)
    expander.add(inner)
    # the window neither grows nor shrinks by itself, because its contents can be scrolled
    expander.connect("notify::expanded", lambda *_: GLib.idle_add(_fit, window))
    return expander


def _fit(window: Gtk.Window) -> bool:
    natural = window.get_preferred_size().natural_size
    window.resize(natural.width, natural.height)
    return False


def _source_combo() -> Gtk.ComboBoxText:
    combo = Gtk.ComboBoxText()
    for nick, (label, _) in SOURCES.items():
        combo.append(nick, label)
    combo.set_tooltip_text("\n".join(f"{label}: {words}" for label, words in SOURCES.values()))
    return combo


def _dim_label() -> Gtk.Label:
    label = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40)
    label.get_style_context().add_class("dim-label")
    attributes = Pango.AttrList()
    attributes.insert(Pango.attr_scale_new(0.9))
    label.set_attributes(attributes)
    return label


def _warning_bar() -> tuple[Gtk.InfoBar, Gtk.Label]:
    bar = Gtk.InfoBar(message_type=Gtk.MessageType.WARNING)
    label = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=50)
    bar.get_content_area().add(label)
    return bar, label
