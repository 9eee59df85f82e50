"""The row of a dialog that loads, saves and deletes presets."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gtk

from inpaintd_protocol.errors import InpaintError

from .presets import delete_preset, presets, save_preset
from .remembered import Choices
from .texts import _


class PresetRow:
    """A combo box of presets whose text can be edited to name a new one, Save and Delete."""

    def __init__(
        self,
        current: Callable[[], Choices],
        load: Callable[[Choices], None],
        tell: Callable[[str], None],
    ) -> None:
        """
        Args:
            current: the settings in the dialog.
            load: shows other choices in the dialog.
            tell: shows what went wrong.
        """
        self._current = current
        self._load = load
        self._tell = tell
        self.box = Gtk.Box(spacing=6)
        self._combo = Gtk.ComboBoxText.new_with_entry()
        self._name = self._combo.get_child()
        self._name.set_placeholder_text(_("Name of a preset"))
        self._combo.set_tooltip_text(_("Choose a preset, or type a name to save one."))
        self._combo.connect("changed", lambda *_args: self._on_change())
        self._save = Gtk.Button(label=_("Save"))
        self._save.connect("clicked", lambda *_args: self._on_save())
        self._delete = Gtk.Button(label=_("Delete"))
        self._delete.connect("clicked", lambda *_args: self._on_delete())
        self.box.pack_start(self._combo, True, True, 0)
        self.box.pack_start(self._save, False, False, 0)
        self.box.pack_start(self._delete, False, False, 0)
        self._list()
        self._on_change()

    def _list(self) -> None:
        self._combo.remove_all()
        for name in presets():
            self._combo.append_text(name)

    def _typed(self) -> str:
        return str(self._name.get_text()).strip()

    def _on_change(self) -> None:
        name = self._typed()
        known = presets()
        self._save.set_sensitive(bool(name))
        self._delete.set_sensitive(name in known)
        if self._combo.get_active() >= 0 and name in known:  # chosen, not typed
            self._load(known[name])

    def _on_save(self) -> None:
        name = self._typed()
        self._guarded(lambda: save_preset(name, self._current()))
        self._list()
        self._name.set_text(name)

    def _on_delete(self) -> None:
        name = self._typed()
        self._guarded(lambda: delete_preset(name))
        self._list()
        self._name.set_text("")

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except InpaintError as error:
            self._tell(str(error))
