"""The window that leads through the variants of a fill: previous, next, keep this one, more."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gdk, Gimp, GimpUi, Gtk

from inpaintd_protocol.errors import InpaintError

from .following import CANCELLED
from .layout import WarningBar
from .texts import _
from .variants import keep_variant, show_variant, shown_variant
from .windows import show_beside_the_picture

_MORE = 1


def choose(group: Gimp.GroupLayer, more: Callable[[], None]) -> Gimp.Layer:
    """Let the user look through the variants.

    Args:
        more: adds variants to the group.

    Returns:
        The variant that was kept, or the group as it was left.
    """
    GimpUi.init("inpaint")
    window = _Window(group, more)
    try:
        return window.run()
    finally:
        window.close()


class _Window:
    def __init__(self, group: Gimp.GroupLayer, more: Callable[[], None]) -> None:
        self._group = group
        self._more = more
        self._dialog = GimpUi.Dialog(title=_("Choose a Variant"), role="inpaint-variants")
        self._dialog.add_button(_("_More"), _MORE)
        self._dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        self._dialog.add_button(_("_Keep This One"), Gtk.ResponseType.OK)
        self._dialog.set_default_response(Gtk.ResponseType.OK)
        self._dialog.connect("key-press-event", self._on_key)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=12)
        self._warning = WarningBar()
        row = Gtk.Box(spacing=12)
        self._label = Gtk.Label()
        row.pack_start(self._arrow("go-previous", _("Previous"), -1), False, False, 0)
        row.pack_start(self._label, True, True, 0)
        row.pack_start(self._arrow("go-next", _("Next"), 1), False, False, 0)
        box.pack_start(row, False, False, 0)
        box.pack_start(self._warning.bar, False, False, 0)
        self._dialog.get_content_area().pack_start(box, True, True, 0)
        box.show_all()
        self._warning.say("")
        self._show(shown_variant(group))

    def run(self) -> Gimp.Layer:
        show_beside_the_picture(self._dialog, "inpaint-variants")
        while True:
            response = self._dialog.run()
            if not self._group.is_valid() or not self._group.get_children():
                raise InpaintError(CANCELLED, "The variants are gone.")
            if response == _MORE:
                self._add()
            elif response == Gtk.ResponseType.OK:
                return keep_variant(self._group, self._position)
            else:
                return self._group

    def close(self) -> None:
        self._dialog.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    def _add(self) -> None:
        self._dialog.hide()
        try:
            self._more()
        except InpaintError as error:
            if error.code != CANCELLED:
                self._warning.say(str(error))
        self._dialog.show()
        self._show(shown_variant(self._group))

    def _show(self, position: int) -> None:
        variants = self._group.get_children() if self._group.is_valid() else []
        if not variants:
            self._dialog.response(Gtk.ResponseType.CLOSE)
            return
        self._position = position % len(variants)
        show_variant(self._group, self._position)
        self._label.set_text(variants[self._position].get_name())

    def _arrow(self, icon: str, tooltip: str, step: int) -> Gtk.Button:
        button = Gtk.Button.new_from_icon_name(icon, Gtk.IconSize.BUTTON)
        button.set_tooltip_text(tooltip)
        button.connect("clicked", lambda *_args: self._show(self._position + step))
        return button

    def _on_key(self, _window: Gtk.Window, event: Gdk.EventKey) -> bool:
        step = {Gdk.KEY_Left: -1, Gdk.KEY_Right: 1}.get(event.keyval)
        if step is not None:
            self._show(self._position + step)
        return step is not None
