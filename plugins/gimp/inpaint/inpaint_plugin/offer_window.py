"""A window that offers to do something that takes long, does it, and shows how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gi.repository import GdkPixbuf, GimpUi, GLib, Gtk, Pango

from inpaintd_protocol.errors import InpaintError

from .following import CANCELLED
from .help import help_on_f1
from .texts import _
from .windows import show_in_the_middle

ICON = Path(__file__).resolve().parent.parent / "icon.png"

_LOOK_MILLISECONDS = 100
_TEXT_CHARACTERS = 62

Work = Callable[[Callable[[str, float], None], Callable[[], bool]], None]
"""Does it, in a thread of its own, given on_progress(words, fraction) and should_cancel()."""


@dataclass(frozen=True)
class Offer:
    """The window's text and its actions."""

    title: str
    text: str
    """A paragraph that says what will be done, and why."""
    facts: Sequence[tuple[str, str]]
    """Rows of a label and a value, such as sizes and the licence."""
    button: str
    """The label of the button that starts it, with its key."""
    work: Work
    tick: str = ""
    """The label of a box to tick; empty for none."""


class OfferWindow:
    """Offers, then shows the progress; closes itself once all is done."""

    def __init__(self, offer: Offer) -> None:
        GimpUi.init("inpaint")
        self._offer = offer
        self._loop = GLib.MainLoop()
        self._done = self._cancelled = self._running = False
        self._words, self._fraction = "", 0.0
        self._ticked = False
        self._parent: Gtk.Window | None = None
        self._error: InpaintError | None = None
        self._window = GimpUi.Dialog(title=offer.title, role="inpaint-offer")
        self._window.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._window.add_button(offer.button, Gtk.ResponseType.OK)
        self._window.set_default_response(Gtk.ResponseType.OK)
        self._window.connect("response", lambda _window, response: self._on_response(response))
        self._window.connect("delete-event", lambda *_args: True)  # while its work is ended
        box = Gtk.Box(spacing=16, border_width=16)
        self._window.get_content_area().pack_start(box, True, True, 0)
        if ICON.exists():
            picture = Gtk.Image.new_from_pixbuf(GdkPixbuf.Pixbuf.new_from_file(str(ICON)))
            picture.set_valign(Gtk.Align.START)
            box.pack_start(picture, False, False, 0)
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=10)
        box.pack_start(column, True, True, 0)
        column.pack_start(heading(offer.title), False, False, 0)
        column.pack_start(paragraph(offer.text), False, False, 0)
        column.pack_start(table(offer.facts), False, False, 0)
        self._tick = Gtk.CheckButton(
            label=offer.tick, use_underline=True, no_show_all=not offer.tick
        )
        column.pack_start(self._tick, False, False, 0)
        self._bar = Gtk.ProgressBar(show_text=True, no_show_all=True, margin_top=6)
        self._bar.set_ellipsize(Pango.EllipsizeMode.END)
        column.pack_start(self._bar, False, False, 0)
        self._trouble = Gtk.InfoBar(message_type=Gtk.MessageType.ERROR, no_show_all=True)
        self._trouble_words = paragraph("")
        self._trouble.get_content_area().add(self._trouble_words)
        column.pack_start(self._trouble, False, False, 0)
        self._window.get_content_area().show_all()

    @property
    def ticked(self) -> bool:
        """True if the box was ticked at the start; GTK is not asked, as this may be a thread."""
        return self._ticked

    def stand_above(self, parent: Gtk.Window) -> None:
        """Stay above another window of this plug-in, rather than above GIMP's."""
        self._parent = parent

    def run(self) -> bool:
        """Show it until it is done (True) or the user has declined."""
        show_in_the_middle(self._window)
        if self._parent is not None:
            self._window.set_transient_for(self._parent)
            self._window.set_modal(True)
        help_on_f1(self._window, "install")
        self._window.get_widget_for_response(Gtk.ResponseType.OK).grab_focus()
        timer = GLib.timeout_add(_LOOK_MILLISECONDS, self._look)
        self._loop.run()
        GLib.source_remove(timer)
        self._window.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()
        return self._done

    def _on_response(self, response: int) -> None:
        if response == Gtk.ResponseType.HELP:
            return
        if response != Gtk.ResponseType.OK:
            # Also if closed by its frame or Escape: running work is notified and awaited.
            self._cancelled = True
            self._window.set_response_sensitive(Gtk.ResponseType.CANCEL, False)
            if not self._running:
                self._loop.quit()
            return
        self._running, self._error = True, None
        self._ticked = self._tick.get_active()
        self._words, self._fraction = "", 0.0
        self._trouble.hide()
        self._trouble_words.hide()
        self._bar.show()
        self._tick.set_sensitive(False)
        self._window.set_response_sensitive(Gtk.ResponseType.OK, False)
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        """In a thread of its own: touches nothing of GTK."""
        error: InpaintError | None = None
        try:
            self._offer.work(self._tell, lambda: self._cancelled)
            self._done = True
        except InpaintError as caught:
            error = caught
        except Exception as caught:  # it would vanish with the thread
            error = InpaintError("internal", f"{type(caught).__name__}: {caught}")
        self._error = error
        self._running = False

    def _tell(self, words: str, fraction: float) -> None:
        self._words, self._fraction = words, fraction

    def _look(self) -> bool:
        self._bar.set_fraction(min(1.0, max(0.0, self._fraction)))
        self._bar.set_text(_("Cancelling…") if self._cancelled else self._words)
        if self._running:
            return True
        if self._done or self._cancelled:
            self._loop.quit()
        elif self._error is not None and not self._trouble.get_visible():
            self._show_trouble(self._error)
        return True

    def _show_trouble(self, error: InpaintError) -> None:
        self._bar.hide()
        self._trouble_words.set_text(str(error))
        self._trouble_words.show()
        self._trouble.show()
        self._trouble.get_content_area().show()
        self._tick.set_sensitive(True)
        button = self._window.get_widget_for_response(Gtk.ResponseType.OK)
        button.set_label(_("_Try Again"))
        self._window.set_response_sensitive(Gtk.ResponseType.OK, True)
        button.grab_focus()


def offer(what: Offer) -> None:
    """Offer something, and return once it is done.

    Raises:
        InpaintError: `cancelled` when the user has declined.
    """
    if not OfferWindow(what).run():
        raise InpaintError(CANCELLED, _("Cancelled."))


def heading(text: str) -> Gtk.Label:
    """A line in large and bold type."""
    label = Gtk.Label(label=text, xalign=0.0)
    attributes = Pango.AttrList()
    attributes.insert(Pango.attr_weight_new(Pango.Weight.BOLD))
    attributes.insert(Pango.attr_scale_new(1.25))
    label.set_attributes(attributes)
    return label


def paragraph(text: str) -> Gtk.Label:
    """Text that wraps, and that can be copied."""
    label = Gtk.Label(label=text, xalign=0.0, wrap=True, selectable=True)
    label.set_line_wrap_mode(Pango.WrapMode.WORD_CHAR)
    label.set_width_chars(_TEXT_CHARACTERS)
    label.set_max_width_chars(_TEXT_CHARACTERS)
    label.set_can_focus(False)
    return label


def table(facts: Sequence[tuple[str, str]]) -> Gtk.Grid:
    """Labels on the left, values on the right."""
    grid = Gtk.Grid(column_spacing=12, row_spacing=4)
    for row, (name, value) in enumerate(facts):
        label = Gtk.Label(label=name, xalign=0.0, yalign=0.0)
        label.get_style_context().add_class("dim-label")
        words = Gtk.Label(label=value, xalign=0.0, wrap=True, selectable=True)
        words.set_max_width_chars(_TEXT_CHARACTERS - 18)
        words.set_can_focus(False)
        grid.attach(label, 0, row, 1, 1)
        grid.attach(words, 1, row, 1, 1)
    return grid
