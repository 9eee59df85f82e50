"""The Select Object dialog: the picture to click in, and the use of the result."""

from __future__ import annotations

from pathlib import Path

from gi.repository import Gdk, Gimp, GimpUi, GLib, Gtk

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings, Settled

from . import messages
from .arguments import SHAPE_SETTINGS, fields_of
from .coverage import coverage_of, is_empty, size_in_words
from .help import help_on_f1
from .layout import WarningBar, attach_row, combo_of, dim_label, expander, grid
from .mask_results import combined
from .object_finder import ObjectFinder, Subject, Wish
from .object_marks import Mark, Marks
from .picture_view import PictureView
from .pixels import rounded
from .remedies import in_gimp
from .remembered import OPTIONS, ObjectChoices
from .selection_preview import SelectionPreview
from .setting_widgets import SettingWidget, widget_for
from .target import Target
from .texts import _
from .windows import fit, show_beside_the_picture

_OPTIONS = ("part", "result", "combination")
_LATER_MILLISECONDS = 300
"""Delay after the last move of a number."""


def ask(target: Target, start: ObjectChoices) -> tuple[ObjectChoices, Plane] | None:
    """Let the user indicate an object; return the choices and the result, or None after Cancel."""
    GimpUi.init("inpaint")
    dialog = _Dialog(target, start)
    try:
        return dialog.run()
    finally:
        dialog.destroy()


class _Dialog:
    def __init__(self, target: Target, start: ObjectChoices) -> None:
        self._target = target
        self._subject = subject = Subject(target)
        self._preview = SelectionPreview(target.image)
        self._finder = ObjectFinder(subject, self._on_found, self._on_progress, self._on_error)
        self._marks = Marks(rough=subject.rough is not None)
        self._found: tuple[Wish, Plane] | None = None
        self._accepting = False
        """True if OK was pressed; the mask may not have been found yet."""
        self._timer = 0

        self._window = GimpUi.Dialog(title=_("Select Object"), role="inpaint-object")
        self._window.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._window.add_button(_("_OK"), Gtk.ResponseType.OK)
        self._window.set_default_response(Gtk.ResponseType.OK)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=12)
        self._window.get_content_area().pack_start(box, True, True, 0)
        self._warning = WarningBar()
        box.pack_start(self._warning.bar, False, False, 0)
        how = dim_label()
        how.set_text(
            _("Click the object, or drag a box around it. Shift+click to exclude. Scroll to zoom.")
        )
        how.set_max_width_chars(70)
        box.pack_start(how, False, False, 0)
        tooltip = _(
            "Click to include, Shift+click or right-click to exclude, drag with the middle "
            "button to pan."
        )
        self._view = PictureView(subject.picture, subject.extent, self._on_mark, tooltip)
        box.pack_start(self._view.widget, True, True, 0)
        box.pack_start(self._tools(), False, False, 0)
        rows = grid()
        self._options = {name: combo_of(OPTIONS[name].choices) for name in _OPTIONS}
        for name, combo in self._options.items():
            attach_row(rows, _(OPTIONS[name].label), combo)
            combo.connect("changed", lambda *_args: self._look())
        self._options["combination"].set_sensitive(subject.rough is not None)
        box.pack_start(rows, False, False, 0)
        shape = grid()
        self._widgets: dict[str, SettingWidget] = {}
        for field, kind, optional in fields_of(SHAPE_SETTINGS):
            made = self._widgets[field.name] = widget_for(field, kind, optional)
            attach_row(shape, "" if kind is bool else _(field.metadata["label"]), made.widget)
            made.on_change(self._look_later)
        box.pack_start(expander(_("Edge"), shape, self._window), False, False, 0)
        self._window.get_content_area().show_all()
        self._spinner.hide()
        self._warning.say("")
        self._warning.on_change = lambda: GLib.idle_add(fit, self._window)
        self._fill_in(start)

    def _tools(self) -> Gtk.Box:
        """The buttons below the picture, and the result."""
        self._undo = Gtk.Button(label=_("_Undo Click"), use_underline=True)
        self._undo.set_tooltip_text(_("Undo the last click or box (Backspace)."))
        self._undo.connect("clicked", lambda *_args: self._on_undo())
        self._clear = Gtk.Button(label=_("_Start Over"), use_underline=True)
        self._clear.connect("clicked", lambda *_args: self._take_marks(Marks()))
        self._words = dim_label()
        self._spinner = Gtk.Spinner(no_show_all=True)
        box = Gtk.Box(spacing=6)
        box.pack_start(self._undo, False, False, 0)
        box.pack_start(self._clear, False, False, 0)
        box.pack_start(self._spinner, False, False, 6)
        box.pack_start(self._words, True, True, 6)
        return box

    def run(self) -> tuple[ObjectChoices, Plane] | None:
        self._window.connect("key-press-event", self._on_key)
        show_beside_the_picture(self._window, "inpaint-object")
        help_on_f1(self._window, "select-object")
        self._take_marks(self._marks)
        while True:
            if self._window.run() != Gtk.ResponseType.OK:
                return None
            wish = self._wish()
            if self._found is not None and self._found[0] == wish:
                return self._choices(), self._found[1]
            self._accepting = True
            self._look()

    def destroy(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
        self._finder.stop()
        self._preview.restore()
        self._window.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    # ---------------------------------------------------------------------------- its values

    def _choices(self) -> ObjectChoices:
        settings = Settings(**{name: made.get() for name, made in self._widgets.items()})
        chosen = {name: combo.get_active_id() or "" for name, combo in self._options.items()}
        return ObjectChoices(settings, **chosen)

    def _wish(self) -> Wish:
        choices = self._choices()
        return Wish(self._marks, choices.part, choices.settings)

    def _fill_in(self, choices: ObjectChoices) -> None:
        for name, made in self._widgets.items():
            made.set(getattr(Settled.of(choices.settings), name))
        for name, combo in self._options.items():
            combo.set_active_id(getattr(choices, name))

    # ---------------------------------------------------------------------------- reactions

    def _on_key(self, _window: Gtk.Window, event: Gdk.EventKey) -> bool:
        control = event.state & Gdk.ModifierType.CONTROL_MASK
        undo = event.keyval == Gdk.KEY_z and control
        back = event.keyval == Gdk.KEY_BackSpace and not isinstance(
            self._window.get_focus(), Gtk.Entry
        )
        if undo or back:
            self._on_undo()
            return True
        if event.keyval in (Gdk.KEY_0, Gdk.KEY_KP_0) and control:
            self._view.show_all_of_it()
            return True
        return False

    def _on_mark(self, mark: Mark) -> None:
        self._take_marks(self._marks.with_mark(mark))

    def _on_undo(self) -> None:
        self._take_marks(self._marks.without_last())

    def _take_marks(self, marks: Marks) -> None:
        self._marks = marks
        for button in (self._undo, self._clear):
            button.set_sensitive(bool(marks.made or marks.rough))
        self._view.show(self._found[1] if self._found else None, marks.made)
        self._look()

    def _look_later(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
        self._timer = GLib.timeout_add(_LATER_MILLISECONDS, self._on_time)

    def _on_time(self) -> bool:
        self._timer = 0
        self._look()
        return False

    def _look(self) -> None:
        self._warning.say("")
        ready = self._marks.mean_something
        self._window.set_response_sensitive(Gtk.ResponseType.OK, ready)
        if not ready:
            self._finder.want_nothing()
            self._show_nothing()
            return
        wish = self._wish()
        if self._found is not None and self._found[0] == wish:
            self._take(self._found[1])
            return
        self._words.set_text(_("Looking for the object…"))
        self._finder.want(wish)
        self._turn(self._finder.busy)

    def _turn(self, on: bool) -> None:
        self._spinner.set_visible(on)
        self._spinner.set_property("active", on)

    def _show_nothing(self) -> None:
        self._found = None
        self._accepting = False
        self._turn(False)
        self._words.set_text("")
        self._preview.restore()
        self._view.show(None, self._marks.made)

    def _on_progress(self, _fraction: float, words: str) -> None:
        self._words.set_text(f"{words}…")

    def _on_found(self, mask: Plane, wish: Wish) -> None:
        self._turn(False)
        self._found = (wish, mask)
        size = size_in_words(coverage_of(rounded(mask)), mask.width * mask.height)
        self._words.set_text(_("Found: {size}").format(size=size))
        self._take(mask)

    def _take(self, mask: Plane) -> None:
        """Show a mask, and end the dialog when that is what OK has waited for."""
        accepting, self._accepting = self._accepting, False
        self._view.show(mask, self._marks.made)
        if is_empty(mask):
            self._preview.restore()
            return
        how = self._choices().combination
        try:
            self._preview.show(lambda: combined(self._target, mask, "selection", how))
        except InpaintError as error:
            self._warning.say(in_gimp(error))
            return
        if accepting:
            self._window.response(Gtk.ResponseType.OK)

    def _on_error(self, error: BaseException) -> None:
        if not isinstance(error, InpaintError):
            error = messages.unexpected(error, Path(Gimp.directory()))
        self._show_nothing()
        self._warning.say(in_gimp(error))
