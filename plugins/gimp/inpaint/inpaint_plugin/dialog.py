"""The dialog of Inpaint. What it asks for, and how, comes from `inpaintd_protocol.settings`."""

from __future__ import annotations

from dataclasses import Field, replace
from typing import Any

from gi.repository import Gdk, GimpUi, GLib, Gtk

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Models
from inpaintd_protocol.settings import Settings, Settled

from .arguments import all_settings, fields_of
from .daemon import connected
from .filling import colour_lost_before, hole_in_words
from .help import help_on_f1
from .hole_preview import HolePreview
from .install_button import InstallButton
from .layout import (
    Shower,
    WarningBar,
    attach_below,
    attach_row,
    combo_of,
    dim_label,
    grid,
)
from .model_choice import ModelChoice
from .model_notes import takes
from .preset_row import PresetRow
from .remembered import OPTIONS, Choices
from .setting_widgets import SettingWidget, text_box, widget_for
from .target import Target
from .texts import _
from .windows import fit, show_beside_the_picture

_PROMPTS = {"prompt": 3, "negative_prompt": 2}
"""Settings of several lines, and how many are shown."""

_MAIN = ("strength", "steps", "guidance_scale", "seed", "count", "output")
_SHAPE = (
    "text_mask_threshold",
    "text_mask_combine",
    "grow_pixels",
    "feather_pixels",
    "invert",
)
_SURROUNDINGS = ("area", "context_pixels", "infill")
"""Folded away, as is the shape of the hole. All that are left follow as "Advanced"."""

_RESET = 1
_WIDTH = 460
_BUTTONS_AND_FRAME = 90
"""Height in pixels of what is not scrolled."""


def ask(target: Target, start: Choices, models: Models) -> Choices | None:
    """Let the user choose; None when the dialog was cancelled."""
    GimpUi.init("inpaint")
    dialog = _Dialog(target, start, models)
    try:
        return dialog.run()
    finally:
        dialog.destroy()


class _Dialog:
    def __init__(self, target: Target, start: Choices, models: Models) -> None:
        self._target = target
        self._start = start
        self._widgets: dict[str, SettingWidget] = {}
        self._rows: dict[str, tuple[Gtk.Widget, ...]] = {}
        self._labels: dict[str, Gtk.Label] = {}
        self._filling_in = False
        self._chosen_by_user: set[str] = set()
        """Settings that are sent; all others are left to the model."""
        fields = {row[0].name: row for row in fields_of(all_settings())}

        self._window = GimpUi.Dialog(title=_("Inpaint"), role="inpaint")
        self._window.add_button(_("_Reset"), _RESET)
        self._window.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._window.add_button(_("_Inpaint"), Gtk.ResponseType.OK)
        self._window.set_default_response(Gtk.ResponseType.OK)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=12)
        box.set_size_request(_WIDTH, -1)
        self._window.get_content_area().pack_start(_scrolled(box), True, True, 0)

        self._hole = dim_label()
        self._warning = WarningBar()
        box.pack_start(self._warning.bar, False, False, 0)
        first = grid()
        self._add(first, *fields["intent"])
        box.pack_start(first, False, False, 0)
        for name, lines in _PROMPTS.items():
            field = fields[name][0]
            box.pack_start(self._prompt(field, lines), False, False, 0)

        rows = grid()
        self._models = ModelChoice(models, _(fields["model"][0].metadata["help"]))
        self._models.combo.connect("changed", lambda *_args: self._on_model())
        self._widgets["model"] = SettingWidget(
            self._models.combo, self._models.get, self._models.set
        )
        attach_row(rows, _(fields["model"][0].metadata["label"]), self._models.combo)
        attach_below(rows, self._models.notes)
        self._install = InstallButton(self._on_installed, self._warning.say)
        attach_below(rows, self._install.button)
        source = OPTIONS["mask_source"]
        self._source = combo_of(source.choices)
        self._source.connect("changed", lambda *_args: self._on_source())
        attach_row(rows, _(source.label), self._source)
        self._shower = Shower(_("Show the hole in the picture, before anything is painted."))
        self._shower.button.connect("clicked", lambda *_args: self._preview.show(self._choices()))
        self._add(rows, *fields["text_mask"], beside=self._shower)
        attach_below(rows, self._hole)
        self._options = {name: combo_of(OPTIONS[name].choices) for name in ("placement", "sample")}
        for name, combo in self._options.items():
            combo.connect("changed", lambda *_args: self._on_source())
            attach_row(rows, _(OPTIONS[name].label), combo)
        for name in _MAIN:
            self._add(rows, *fields[name])
        box.pack_start(rows, False, False, 6)

        shown = (*_MAIN, *_SHAPE, *_SURROUNDINGS, *_PROMPTS, "model", "text_mask", "intent")
        rest = tuple(name for name in fields if name not in shown)
        folded = {_("Hole and surroundings"): (*_SHAPE, *_SURROUNDINGS), _("Advanced"): rest}
        for title, names in folded.items():
            inner = grid()
            for name in names:
                self._add(inner, *fields[name])
            box.pack_start(_expander(title, inner, self._window), False, False, 0)
        for name in ("text_mask", "text_mask_combine"):
            self._widgets[name].on_change(self._on_source)
        for name in (*_SHAPE, "threshold"):
            self._widgets[name].on_change(self._on_shape)
        self._presets = PresetRow(self._choices, self._fill_in, self._warning.say)
        attach_row(rows, _("Preset"), self._presets.box)
        self._preview = HolePreview(target, self._shower, self._hole, self._warning)
        self._window.get_content_area().show_all()
        self._warning.say("")
        self._warning.on_change = self._fit_soon
        self._fill_in(start)

    def run(self) -> Choices | None:
        show_beside_the_picture(self._window, "inpaint")
        help_on_f1(self._window, "paint-something-new")
        if self._is_taken("prompt"):
            self._widgets["prompt"].widget.text_view.grab_focus()
        else:
            self._window.get_widget_for_response(Gtk.ResponseType.OK).grab_focus()
        while True:
            response = self._window.run()
            if response == _RESET:
                self._fill_in(Choices(Settings()))
            elif response != Gtk.ResponseType.OK:
                return None
            else:
                return self._choices()

    def destroy(self) -> None:
        self._preview.end()
        self._install.stop()
        self._window.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    # ---------------------------------------------------------------------------- filling it

    def _settings(self) -> Settings:
        # What no widget shows (ControlNets, LoRAs of a recipe) stays as it was.
        values = {}
        for name, widget in self._widgets.items():
            sent = name in self._chosen_by_user and self._is_taken(name)
            values[name] = widget.get() if sent else None
            if values[name] == "":
                values[name] = None
        return replace(self._start.settings, **values)

    def _choices(self) -> Choices:
        return Choices(
            self._settings(),
            self._source.get_active_id() or "automatic",
            **{name: combo.get_active_id() or "" for name, combo in self._options.items()},
        )

    def _fill_in(self, choices: Choices) -> None:
        self._filling_in = True
        settings = Settled.of(choices.settings)
        for name, widget in self._widgets.items():
            widget.set(getattr(settings, name))
        self._chosen_by_user = {
            name for name in self._widgets if getattr(choices.settings, name) is not None
        }
        for name in self._labels:
            self._mark(name)
        self._source.set_active_id(choices.mask_source)
        for name, combo in self._options.items():
            combo.set_active_id(getattr(choices, name))
        self._filling_in = False
        self._on_model()
        self._on_source()

    # ---------------------------------------------------------------------------- reactions

    def _on_model(self) -> None:
        if not self._filling_in:
            self._chosen_by_user.add("model")
        model = self._models.chosen()
        self._models.show_notes()
        missing = model is not None and not model.installed and bool(model.install)
        self._install.offer(model.name if model is not None and missing else "")
        self._window.set_response_sensitive(Gtk.ResponseType.OK, model is None or model.installed)
        for name, widgets in self._rows.items():
            for widget in widgets:
                widget.set_visible(self._is_taken(name))
        self._fit_soon()

    def _on_installed(self) -> None:
        with connected(lambda: None) as client:
            self._models.update(client.models())
        self._on_model()

    def _is_taken(self, name: str) -> bool:
        """Whether the chosen model makes use of a setting."""
        model = self._models.chosen()
        return model is None or takes(model, name)

    def _on_set(self, name: str) -> None:
        if not self._filling_in:
            self._chosen_by_user.add(name)
            self._mark(name)

    def _mark(self, name: str) -> None:
        """Dim the label of what is left to the model."""
        style = self._labels[name].get_style_context()
        if name in self._chosen_by_user:
            style.remove_class("dim-label")
        else:
            style.add_class("dim-label")

    def _fit_soon(self) -> None:
        GLib.idle_add(fit, self._window)

    def _on_key(self, _view: Gtk.Widget, event: Gdk.EventKey) -> bool:
        """Ctrl+Enter in a prompt, where Enter alone makes a new line."""
        enter = event.keyval in (Gdk.KEY_Return, Gdk.KEY_KP_Enter)
        if enter and event.state & Gdk.ModifierType.CONTROL_MASK:
            self._window.activate_default()
            return True
        return False

    def _on_shape(self) -> None:
        """What is shown of the hole holds no more."""
        if self._preview.active:
            self._on_source()

    def _on_source(self) -> None:
        if self._filling_in:
            return
        self._preview.end()
        choices = self._choices()
        by_text = bool(choices.settings.text_mask)
        self._shower.button.set_sensitive(by_text)
        try:
            words = hole_in_words(self._target, choices)
            lost = None if by_text else colour_lost_before(self._target, choices.mask_source)
        except InpaintError as error:
            self._hole.set_text("")
            self._warning.say(str(error))
            return
        self._hole.set_text(words)
        self._warning.say(f"{lost.message} {lost.remedy}" if lost else "")

    # ---------------------------------------------------------------------------- building it

    def _prompt(self, field: Field[Any], lines: int) -> Gtk.Widget:
        made = text_box(lines, _(field.metadata["help"]))
        self._widgets[field.name] = made
        made.on_change(lambda: self._on_set(field.name))
        made.widget.text_view.connect("key-press-event", self._on_key)
        label = Gtk.Label(label=_(field.metadata["label"]), xalign=0.0)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=3)
        box.pack_start(label, False, False, 0)
        box.pack_start(made.widget, False, False, 0)
        self._rows[field.name] = (box,)
        return box

    def _add(
        self,
        rows: Gtk.Grid,
        field: Field[Any],
        kind: type,
        optional: bool,
        beside: Shower | None = None,
    ) -> None:
        made = self._widgets[field.name] = widget_for(field, kind, optional)
        widget = beside.beside(made.widget) if beside else made.widget
        # a switch is its own label
        label = attach_row(rows, "" if kind is bool else _(field.metadata["label"]), widget)
        self._rows[field.name] = (widget, label)
        self._labels[field.name] = label
        made.on_change(lambda: self._on_set(field.name))


def _scrolled(box: Gtk.Box) -> Gtk.ScrolledWindow:
    """As high as its contents, unless the screen is lower: all unfolded, that is a tall dialog."""
    monitor = Gdk.Display.get_default().get_monitor(0)
    scrolled = Gtk.ScrolledWindow(propagate_natural_height=True, propagate_natural_width=True)
    scrolled.set_policy(Gtk.PolicyType.NEVER, Gtk.PolicyType.AUTOMATIC)
    scrolled.set_max_content_height(monitor.get_workarea().height - _BUTTONS_AND_FRAME)
    scrolled.add(box)
    return scrolled


def _expander(title: str, inner: Gtk.Grid, window: Gtk.Window) -> Gtk.Expander:
    expander = Gtk.Expander(label=title)
    inner.set_margin_top(6)
    inner.set_margin_start(12)
    expander.add(inner)
    # the window neither grows nor shrinks by itself, because its contents can be scrolled
    expander.connect("notify::expanded", lambda *_args: GLib.idle_add(fit, window))
    return expander
