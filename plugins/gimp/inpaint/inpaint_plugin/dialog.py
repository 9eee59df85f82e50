"""The Inpaint dialog. Its fields are derived from `inpaintd_protocol.settings`."""

from __future__ import annotations

from gi.repository import Gdk, GimpUi, GLib, Gtk

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Models
from inpaintd_protocol.settings import Settings

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
    expander,
    grid,
    scrolled,
)
from .model_choice import ModelChoice
from .model_notes import takes
from .preset_row import PresetRow
from .reference_list import ReferenceList
from .remembered import OPTIONS, Choices
from .sampling_row import SamplingRow
from .setting_widgets import SettingWidget
from .settings_form import SettingsForm
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
_SAMPLING = ("sampling_pixels", "sampling_sides")
"""Collapsed, as are the two before. The remaining settings follow as "Advanced"."""

_RESET = 1
_WIDTH = 460


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
        self._form = form = SettingsForm()

        self._window = GimpUi.Dialog(title=_("Inpaint"), role="inpaint")
        self._window.add_button(_("_Reset"), _RESET)
        self._window.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._window.add_button(_("_Inpaint"), Gtk.ResponseType.OK)
        self._window.set_default_response(Gtk.ResponseType.OK)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=12)
        box.set_size_request(_WIDTH, -1)
        self._window.get_content_area().pack_start(scrolled(box), True, True, 0)

        self._hole = dim_label()
        self._warning = WarningBar()
        box.pack_start(self._warning.bar, False, False, 0)
        first = grid()
        form.add(first, "intent")
        box.pack_start(first, False, False, 0)
        for name, lines in _PROMPTS.items():
            box.pack_start(form.prompt(name, lines), False, False, 0)
            form.widget(name).text_view.connect("key-press-event", self._on_key)

        rows = grid()
        self._sampling = SamplingRow(
            target.image,
            lambda: self._preview.show_area(self._choices()),
            lambda: self._on_shape(),
        )
        self._add_model(rows, models)
        self._add_hole(rows)
        for name in _MAIN:
            form.add(rows, name)
        self._presets = PresetRow(self._choices, self._fill_in, self._warning.say)
        attach_row(rows, _("Preset"), self._presets.box)
        box.pack_start(rows, False, False, 6)

        self._references = ReferenceList(target)
        self._folded = {"references": expander(_("References"), self._references.box, self._window)}
        shown = (*_MAIN, *_SHAPE, *_SURROUNDINGS, *_SAMPLING, *_PROMPTS)
        shown += ("model", "text_mask", "intent")
        for key, title, names in (
            ("hole", _("Hole and surroundings"), (*_SHAPE, *_SURROUNDINGS)),
            ("sampling_pixels", _("Sampling area"), _SAMPLING),
            ("advanced", _("Advanced"), form.others(shown)),
        ):
            inner = grid()
            for name in names:
                form.add(inner, name)
            if names == _SAMPLING:
                self._sampling.attach_to(inner)
            self._folded[key] = expander(title, inner, self._window)
        for folded in self._folded.values():
            box.pack_start(folded, False, False, 0)
        form.on_change(("text_mask", "text_mask_combine"), self._on_source)
        form.on_change((*_SHAPE, *_SURROUNDINGS, *_SAMPLING, "threshold"), self._on_shape)
        self._preview = HolePreview(target, self._shower, self._hole, self._warning)
        self._window.get_content_area().show_all()
        self._warning.say("")
        self._warning.on_change = self._fit_soon
        self._fill_in(start)

    def _add_model(self, rows: Gtk.Grid, models: Models) -> None:
        self._models = ModelChoice(models, _(self._form.field("model").metadata["help"]))
        made = SettingWidget(self._models.combo, self._models.get, self._models.set)
        self._form.add_made(rows, "model", made)
        self._models.combo.connect("changed", lambda *_args: self._on_model())
        attach_below(rows, self._models.notes)
        self._install = InstallButton(self._on_installed, self._warning.say)
        attach_below(rows, self._install.button)

    def _add_hole(self, rows: Gtk.Grid) -> None:
        """Build the rows for mask source, sample and placement."""
        source = OPTIONS["mask_source"]
        self._source = combo_of(source.choices)
        self._source.connect("changed", lambda *_args: self._on_source())
        attach_row(rows, _(source.label), self._source)
        self._shower = Shower(_("Show the hole in the picture before anything is painted."))
        self._shower.button.connect("clicked", lambda *_args: self._preview.show(self._choices()))
        self._form.add(rows, "text_mask", beside=self._shower)
        attach_below(rows, self._hole)
        self._options = {name: combo_of(OPTIONS[name].choices) for name in ("placement", "sample")}
        for name, combo in self._options.items():
            combo.connect("changed", lambda *_args: self._on_source())
            attach_row(rows, _(OPTIONS[name].label), combo)

    def run(self) -> Choices | None:
        show_beside_the_picture(self._window, "inpaint")
        help_on_f1(self._window, "paint-something-new")
        if self._is_taken("prompt"):
            self._form.widget("prompt").text_view.grab_focus()
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

    def _choices(self) -> Choices:
        return Choices(
            self._form.settings(self._start.settings, self._is_taken),
            self._source.get_active_id() or "automatic",
            **{name: combo.get_active_id() or "" for name, combo in self._options.items()},
            sampling_channel=self._sampling.get() if self._is_taken("sampling_pixels") else "",
            references=self._references.get() if self._is_taken("references") else (),
        )

    def _fill_in(self, choices: Choices) -> None:
        self._form.filling_in = True
        self._form.fill_in(choices.settings)
        self._source.set_active_id(choices.mask_source)
        for name, combo in self._options.items():
            combo.set_active_id(getattr(choices, name))
        self._sampling.set(choices.sampling_channel)
        self._references.set(choices.references)
        self._form.filling_in = False
        self._on_model()
        self._on_source()

    # ---------------------------------------------------------------------------- reactions

    def _on_model(self) -> None:
        self._form.choose("model")
        model = self._models.chosen()
        self._models.show_notes()
        missing = model is not None and not model.installed and bool(model.install)
        self._install.offer(model.name if model is not None and missing else "")
        self._window.set_response_sensitive(Gtk.ResponseType.OK, model is None or model.installed)
        self._form.show_only(self._is_taken)
        for name in ("references", "sampling_pixels"):
            self._folded[name].set_visible(self._is_taken(name))
        self._fit_soon()

    def _on_installed(self) -> None:
        with connected(lambda: None) as client:
            self._models.update(client.models())
        self._on_model()

    def _is_taken(self, name: str) -> bool:
        """Return True if the chosen model uses a setting."""
        model = self._models.chosen()
        return model is None or takes(model, name)

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
        """Drop the preview of the hole, which is out of date."""
        if self._preview.active:
            self._on_source()

    def _on_source(self) -> None:
        if self._form.filling_in:
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
