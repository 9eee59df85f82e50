"""The Mask by Text dialog: words, threshold, and the use of the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gi.repository import Gimp, GimpUi, GLib, Gtk

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings, Settled

from . import messages
from .arguments import MASK_SETTINGS, fields_of
from .coverage import coverage_of, found_in_words, is_empty
from .finder import Finder
from .help import help_on_f1
from .inserting import shortened
from .layout import (
    Shower,
    WarningBar,
    attach_below,
    attach_row,
    combo_of,
    dim_label,
    grid,
)
from .mask_results import combined
from .pixels import rounded
from .remedies import in_gimp
from .remembered import OPTIONS, MaskChoices, remember
from .selection_preview import SelectionPreview
from .setting_widgets import SettingWidget, widget_for
from .target import Target
from .text_mask import Heat, needs_shaping
from .texts import _
from .windows import fit, show_beside_the_picture

_RESET = 1
_WIDTH = 520
_SOON_MILLISECONDS, _LATER_MILLISECONDS = 40, 300
"""Delay after a slider's last move; longer if the daemon must be consulted."""


def ask(target: Target, start: MaskChoices) -> tuple[MaskChoices, Plane] | None:
    """Let the user search for words; return the choices and the result, or None after Cancel."""
    GimpUi.init("inpaint")
    dialog = _Dialog(target, start)
    try:
        return dialog.run()
    finally:
        dialog.destroy()


@dataclass(frozen=True)
class _Found:
    """A mask, and the settings that it is of."""

    settings: Settings
    mask: Plane


class _Dialog:
    def __init__(self, target: Target, start: MaskChoices) -> None:
        self._target = target
        self._preview = SelectionPreview(target.image)
        self._finder = Finder(target, self._on_found, self._on_progress, self._on_error)
        self._found: _Found | None = None
        self._showing = False
        """True if the user wants to see the mask of these words."""
        self._accepting = False
        """True if OK was pressed; the mask may not have been found yet."""
        self._accepted = False
        self._timer = 0

        self._window = GimpUi.Dialog(title=_("Mask by Text"), role="inpaint-mask")
        self._window.add_button(_("_Reset"), _RESET)
        self._window.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._window.add_button(_("_OK"), Gtk.ResponseType.OK)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=12)
        box.set_size_request(_WIDTH, -1)
        self._window.get_content_area().pack_start(box, True, True, 0)
        self._warning = WarningBar()
        box.pack_start(self._warning.bar, False, False, 0)
        self._words = dim_label()
        self._shower = Shower(
            _("Show what the words find, as a selection, while this dialog is open.")
        )
        self._widgets: dict[str, SettingWidget] = {}
        rows = grid()
        for field, kind, optional in fields_of(MASK_SETTINGS):
            made = self._widgets[field.name] = widget_for(field, kind, optional)
            widget = made.widget
            if field.name == "text_mask":
                widget = self._shower.beside(widget)
            attach_row(rows, "" if kind is bool else _(field.metadata["label"]), widget)
            if field.name == "text_mask":
                attach_below(rows, self._words)
        self._result, self._combination = (
            combo_of(OPTIONS[name].choices) for name in ("result", "combination")
        )
        self._combination.set_sensitive(not Gimp.Selection.is_empty(target.image))
        attach_row(rows, _(OPTIONS["result"].label), self._result)
        attach_row(rows, _(OPTIONS["combination"].label), self._combination)
        box.pack_start(rows, False, False, 0)
        self._connect()
        self._window.get_content_area().show_all()
        self._warning.say("")
        self._warning.on_change = lambda: GLib.idle_add(fit, self._window)
        self._fill_in(start)

    def _connect(self) -> None:
        entry = self._widgets["text_mask"]
        entry.on_change(self._on_words)
        entry.widget.set_activates_default(False)
        entry.widget.connect("activate", lambda *_args: self._on_enter())
        self._shower.button.connect("clicked", lambda *_args: self._show())
        for name, made in self._widgets.items():
            if name != "text_mask":
                made.on_change(self._on_change)
        self._combination.connect("changed", lambda *_args: self._on_change())

    def run(self) -> tuple[MaskChoices, Plane] | None:
        show_beside_the_picture(self._window, "inpaint-mask")
        help_on_f1(self._window, "mask-by-text")
        self._widgets["text_mask"].widget.grab_focus()
        while True:
            response = self._window.run()
            if response == _RESET:
                self._fill_in(MaskChoices(Settings()))
                continue
            if response != Gtk.ResponseType.OK:
                return None
            if not self._accepted:
                self._accepting = True
                self._show()
            if self._accepted and self._found is not None:
                return self._choices(), self._found.mask

    def destroy(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
        self._finder.stop()
        self._preview.restore()
        self._window.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    # ---------------------------------------------------------------------------- its values

    def _settings(self) -> Settings:
        return Settings(**{name: made.get() for name, made in self._widgets.items()})

    def _choices(self) -> MaskChoices:
        return MaskChoices(
            self._settings(), self._result.get_active_id(), self._combination.get_active_id()
        )

    def _fill_in(self, choices: MaskChoices) -> None:
        for name, made in self._widgets.items():
            made.set(getattr(Settled.of(choices.settings), name))
        self._result.set_active_id(choices.result)
        self._combination.set_active_id(choices.combination)
        self._on_words()

    # ---------------------------------------------------------------------------- reactions

    def _on_words(self) -> None:
        """The words have changed: what is shown belongs to the old ones."""
        self._stop()
        self._preview.restore()
        self._found = None
        self._words.set_text("")
        self._warning.say("")
        given = bool(self._settings().text_mask)
        self._shower.button.set_sensitive(given)
        self._window.set_response_sensitive(Gtk.ResponseType.OK, given)

    def _on_enter(self) -> None:
        """Enter shows the result; pressing it again accepts it."""
        if self._showing and self._found is not None:
            self._window.response(Gtk.ResponseType.OK)
        elif self._shower.button.get_sensitive():
            self._show()

    def _on_change(self) -> None:
        if not self._showing:
            return
        if self._timer:
            GLib.source_remove(self._timer)
        shaping = needs_shaping(self._settings())
        wait = _LATER_MILLISECONDS if shaping else _SOON_MILLISECONDS
        self._timer = GLib.timeout_add(wait, self._on_time)

    def _on_time(self) -> bool:
        self._timer = 0
        if self._showing:
            self._look()
        return False

    def _show(self) -> None:
        remember(self._choices(), self._target.image)
        self._showing = True
        self._look()

    def _look(self) -> None:
        settings = self._settings()
        self._warning.say("")
        if self._found is not None and self._found.settings == settings:
            self._take(self._found.mask)
            return
        if not self._finder.knows(settings.text_mask):
            self._words.set_text(
                _("Looking for “{words}”…").format(words=shortened(settings.text_mask or ""))
            )
        self._finder.want(settings)
        self._shower.turn(self._finder.busy)

    def _stop(self) -> None:
        self._finder.want_nothing()
        self._shower.turn(False)
        self._showing = self._accepting = False

    def _on_progress(self, _fraction: float, words: str) -> None:
        self._words.set_text(f"{words}…")

    def _on_found(self, mask: Plane, heat: Heat, settings: Settings) -> None:
        self._shower.turn(False)
        self._found = _Found(settings, mask)
        words = shortened(settings.text_mask)
        found, pixels = coverage_of(rounded(mask)), mask.width * mask.height
        about = found_in_words(found, pixels, settings, words, heat.surest)
        self._words.set_text(about)
        self._take(mask)

    def _take(self, mask: Plane) -> None:
        """Show a mask, and end the dialog when that is what OK has waited for."""
        accepting, self._accepting = self._accepting, False
        if is_empty(mask):
            self._preview.restore()
            return
        combination = self._combination.get_active_id()
        try:
            self._preview.show(lambda: combined(self._target, mask, "selection", combination))
        except InpaintError as error:
            self._warning.say(in_gimp(error))
            return
        if accepting:
            self._accepted = True
            self._window.response(Gtk.ResponseType.OK)

    def _on_error(self, error: BaseException) -> None:
        if not isinstance(error, InpaintError):
            error = messages.unexpected(error, Path(Gimp.directory()))
        self._stop()
        self._preview.restore()
        self._found = None
        self._words.set_text("")
        self._warning.say(in_gimp(error))
