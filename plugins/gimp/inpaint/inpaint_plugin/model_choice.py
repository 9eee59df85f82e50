"""The list of models as the daemon gave it, with what each needs."""

from __future__ import annotations

from collections.abc import Sequence

from gi.repository import Gtk, Pango

from inpaintd_protocol.messages import ModelInfo
from inpaintd_protocol.settings import settings_fields

from .texts import _

ENGINE_SETTINGS = frozenset(
    field.name for field in settings_fields() if field.metadata.get("done_by") == "engine"
)
"""Settings that only some models take into account; all others work with every model."""


def takes(model: ModelInfo, setting: str) -> bool:
    """Whether a setting makes a difference to a model."""
    return setting not in ENGINE_SETTINGS or setting in model.honours


class ModelChoice:
    """A combo box of models, and a note below it."""

    def __init__(self, models: Sequence[ModelInfo], tooltip: str) -> None:
        self._by_name = {model.name: model for model in models}
        self.combo = Gtk.ComboBoxText()
        usual = next((model for model in models if model.default), None)
        default = _("Default ({model})").format(model=usual.title) if usual else _("Default")
        self.combo.append("", default)
        for model in sorted(models, key=lambda model: not model.installed):
            missing = _("{model} (not installed)").format(model=model.title)
            self.combo.append(model.name, model.title if model.installed else missing)
        self.combo.set_tooltip_text(tooltip)
        # a long title must not widen the whole dialog
        for cell in self.combo.get_cells():
            cell.set_property("ellipsize", Pango.EllipsizeMode.END)
        self._usual = usual
        self.note = Gtk.Label(xalign=0.0, wrap=True, selectable=True, max_width_chars=40)
        self.note.set_can_focus(False)
        self.note.get_style_context().add_class("dim-label")
        attributes = Pango.AttrList()
        attributes.insert(Pango.attr_scale_new(0.9))
        self.note.set_attributes(attributes)

    def update(self, models: Sequence[ModelInfo]) -> None:
        """Take over what is installed by now; what is chosen stays."""
        self._by_name = {model.name: model for model in models}
        self._usual = next((model for model in models if model.default), None)

    def get(self) -> str:
        return self.combo.get_active_id() or ""

    def set(self, name: str) -> None:
        """Choose a model; one that is gone from the registry becomes the default."""
        self.combo.set_active_id(name if name in self._by_name else "")

    def chosen(self) -> ModelInfo | None:
        return self._by_name.get(self.get(), self._usual)

    def show_note(self) -> None:
        model = self.chosen()
        words = []
        if model is not None and model.needs:
            words.append(_("Needs {what}.").format(what=model.needs))
        if model is not None and not model.installed and model.install:
            command = _("Install it in a terminal with: {command}")
            words.append(command.format(command=model.install))
        if model is not None and not takes(model, "prompt"):
            words.append(_("Fills from the surroundings; takes no prompt."))
        self.note.set_text(" ".join(words))
        self.note.set_visible(bool(words))
