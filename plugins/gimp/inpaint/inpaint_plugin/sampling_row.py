"""The row of a dialog that says which channel shows what may be copied, and shows the area."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gimp, Gtk

from .layout import attach_row
from .sampling_channel import channels_of
from .texts import _


class SamplingRow:
    """A combo box of the image's channels, and a button that shows the area to copy from."""

    def __init__(
        self, image: Gimp.Image, show: Callable[[], None], changed: Callable[[], None]
    ) -> None:
        """
        Args:
            show: shows in the picture what may be copied.
            changed: called when the preview is out of date.
        """
        self._combo = Gtk.ComboBoxText(hexpand=True)
        self._combo.append("", _("None"))
        for name in channels_of(image):
            self._combo.append(name, name)
        self._combo.set_tooltip_text(
            _(
                "Copy only from where this channel is white. Select > Save to Channel makes one of "
                "a selection."
            )
        )
        self._combo.connect("changed", lambda *_args: changed())
        button = Gtk.Button(label=_("Show"))
        button.set_tooltip_text(
            _(
                "Show the area that the fill may copy from, as a selection, while this dialog is "
                "open."
            )
        )
        button.connect("clicked", lambda *_args: show())
        self._box = Gtk.Box(spacing=6)
        self._box.pack_start(self._combo, True, True, 0)
        self._box.pack_start(button, False, False, 0)

    def attach_to(self, rows: Gtk.Grid) -> None:
        attach_row(rows, _("Painted area"), self._box)

    def get(self) -> str:
        return str(self._combo.get_active_id() or "")

    def set(self, name: str) -> None:
        """Choose a channel; one that is gone is still named, so that its loss is not silent."""
        if not self._combo.set_active_id(name):
            self._combo.append(name, name)
            self._combo.set_active_id(name)
