"""The dialog of Outpaint: by how much each side grows, what to paint, and with which model."""

from __future__ import annotations

from dataclasses import replace

from gi.repository import GimpUi, Gtk

from inpaintd_protocol.messages import Models
from inpaintd_protocol.rectangle import Rectangle

from .arguments import fields_of
from .help import help_on_f1
from .layout import attach_below, attach_row, dim_label, grid
from .model_choice import ModelChoice
from .model_notes import takes
from .outpainting import Sides
from .remembered import Choices
from .setting_widgets import text_box
from .target import Target
from .texts import _
from .windows import show_beside_the_picture

_MOST_PIXELS = 16384
_SIDES = {"left": "_Left", "right": "_Right", "top": "_Top", "bottom": "_Bottom"}


def ask(target: Target, start: Choices, models: Models) -> tuple[Sides, Choices] | None:
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
        fields = {row[0].name: row[0] for row in fields_of(("prompt", "model"))}
        self._window = GimpUi.Dialog(title=_("Outpaint"), role="inpaint-outpaint")
        self._window.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._window.add_button(_("_Outpaint"), Gtk.ResponseType.OK)
        self._window.set_default_response(Gtk.ResponseType.OK)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=12)
        self._window.get_content_area().pack_start(box, True, True, 0)
        rows = grid()
        self._sides = {}
        for name, label in _SIDES.items():
            spin = Gtk.SpinButton.new_with_range(0, _MOST_PIXELS, 1)
            spin.set_activates_default(True)
            spin.connect("value-changed", lambda *_args: self._on_change())
            line = Gtk.Box(spacing=6)
            line.pack_start(spin, False, False, 0)
            line.pack_start(Gtk.Label(label="px"), False, False, 0)
            attach_row(rows, _(label), line).set_use_underline(True)
            self._sides[name] = spin
        self._size = dim_label()
        attach_below(rows, self._size)
        self._models = ModelChoice(models, _(fields["model"].metadata["help"]))
        self._models.combo.connect("changed", lambda *_args: self._on_change())
        attach_row(rows, _(fields["model"].metadata["label"]), self._models.combo)
        attach_below(rows, self._models.notes)
        box.pack_start(rows, False, False, 0)
        self._prompt = text_box(2, _(fields["prompt"].metadata["help"]))
        self._prompt_row = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=3)
        label = Gtk.Label(label=_(fields["prompt"].metadata["label"]), xalign=0.0)
        self._prompt_row.pack_start(label, False, False, 0)
        self._prompt_row.pack_start(self._prompt.widget, False, False, 0)
        box.pack_start(self._prompt_row, False, False, 0)
        box.show_all()
        self._models.set(start.settings.model or "")
        self._prompt.set(start.settings.prompt or "")
        self._on_change()

    def run(self) -> tuple[Sides, Choices] | None:
        show_beside_the_picture(self._window, "inpaint-outpaint")
        help_on_f1(self._window, "outpaint")
        if self._window.run() != Gtk.ResponseType.OK:
            return None
        model = self._models.get() or None
        prompt = self._prompt.get() if self._prompt_row.get_visible() else None
        settings = replace(self._start.settings, model=model, prompt=prompt or None, seed=None)
        return self._chosen(), replace(self._start, settings=settings)

    def destroy(self) -> None:
        self._window.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    def _chosen(self) -> Sides:
        return Sides(**{name: spin.get_value_as_int() for name, spin in self._sides.items()})

    def _on_change(self) -> None:
        model = self._models.chosen()
        self._models.show_notes()
        self._prompt_row.set_visible(model is None or takes(model, "prompt"))
        image = self._target.image
        canvas = self._chosen().around(Rectangle(0, 0, image.get_width(), image.get_height()))
        new = not self._target.extent.contains(canvas)
        ready = new and (model is None or model.installed)
        self._window.set_response_sensitive(Gtk.ResponseType.OK, ready)
        words = _("New canvas: {width} × {height} px")
        self._size.set_text(words.format(width=canvas.width, height=canvas.height))
