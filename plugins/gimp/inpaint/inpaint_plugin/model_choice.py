"""The list of models as the daemon gave it, with what each needs."""

from __future__ import annotations

from contextlib import suppress

from gi.repository import Gtk, Pango

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import ModelInfo, Models

from .card_bar import MENDED_BY_SET_UP, CardBar
from .daemon import connected
from .model_notes import model_in_words, notices_in_words
from .texts import _


class ModelChoice:
    """A combo box of models, and the notes below it: on the model, and on this machine."""

    def __init__(self, answer: Models, tooltip: str) -> None:
        self._by_name: dict[str, ModelInfo] = {}
        self._usual: ModelInfo | None = None
        self.combo = Gtk.ComboBoxText()
        self.combo.set_tooltip_text(tooltip)
        # a long title must not widen the whole dialog
        for cell in self.combo.get_cells():
            cell.set_property("ellipsize", Pango.EllipsizeMode.END)
        self._note = _small_label()
        self._note.get_style_context().add_class("dim-label")
        self._notices = _small_label()
        self._card = CardBar(self._ask_again)
        self._manage = Gtk.Button(label=_("Models…"), halign=Gtk.Align.END)
        self._manage.set_tooltip_text(_("Install models, check or remove them"))
        self._manage.connect("clicked", lambda *_args: self._on_manage())
        self.notes = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        for label in (self._note, self._notices):
            label.set_no_show_all(True)
            self.notes.pack_start(label, False, False, 0)
        self.notes.pack_start(self._card.bar, False, False, 0)
        self.notes.pack_start(self._manage, False, False, 0)
        self.update(answer)

    def update(self, answer: Models) -> None:
        """Refresh the list of installed models; the choice is kept if it still exists."""
        chosen = self.get()
        self._by_name = {model.name: model for model in answer.models}
        self._usual = usual = next((model for model in answer.models if model.default), None)
        self.combo.remove_all()
        default = _("Default ({model})").format(model=usual.title) if usual else _("Default")
        self.combo.append("", default)
        for model in sorted(answer.models, key=lambda model: not model.installed):
            missing = _("{model} (not installed)").format(model=model.title)
            self.combo.append(model.name, model.title if model.installed else missing)
        self._card.tell(answer.notices)
        others = [notice for notice in answer.notices if notice.code not in MENDED_BY_SET_UP]
        self._notices.set_text(notices_in_words(others))
        self.set(chosen)

    def _on_manage(self) -> None:
        from .models_window import manage_models  # imported here, as it is seldom needed

        manage_models(self.get())
        self._ask_again()

    def _ask_again(self) -> None:
        # Where inpaintd has just been uninstalled, nothing answers.
        with suppress(InpaintError), connected(lambda: None) as client:
            self.update(client.models())

    def get(self) -> str:
        return self.combo.get_active_id() or ""

    def set(self, name: str) -> None:
        """Choose a model; one that is gone from the registry becomes the default."""
        self.combo.set_active_id(name if name in self._by_name else "")

    def chosen(self) -> ModelInfo | None:
        return self._by_name.get(self.get(), self._usual)

    def show_notes(self) -> None:
        """Show what there is to say about the chosen model, and about this machine."""
        self._note.set_text(model_in_words(self.chosen()))
        for label in (self._note, self._notices):
            label.set_visible(bool(label.get_text()))


def _small_label() -> Gtk.Label:
    # selectable, for a command that it tells to run
    label = Gtk.Label(xalign=0.0, wrap=True, selectable=True, max_width_chars=40)
    # a window is made as high as its text is at its narrowest
    label.set_width_chars(40)
    label.set_can_focus(False)
    attributes = Pango.AttrList()
    attributes.insert(Pango.attr_scale_new(0.9))
    label.set_attributes(attributes)
    return label
