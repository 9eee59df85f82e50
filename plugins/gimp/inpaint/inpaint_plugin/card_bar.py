"""A bar that says what keeps models from running well here, with the button that mends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gi.repository import Gtk

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Notice

from .libraries_offer import offer_libraries
from .offer_window import paragraph
from .texts import _

MENDED_BY_SET_UP = frozenset(["no_torch", "card_unused", "setup_mismatch"])
"""Codes of the daemon's notices that end with set-up."""


class CardBar:
    """Shows itself when there is something to mend."""

    def __init__(self, done: Callable[[], None]) -> None:
        """
        Args:
            done: called when the libraries have been set up.
        """
        self._done = done
        self.bar = Gtk.InfoBar(message_type=Gtk.MessageType.INFO, no_show_all=True)
        self._words = paragraph("")
        self._words.show()
        self.bar.get_content_area().add(self._words)
        button = self.bar.add_button(_("_Set Up…"), Gtk.ResponseType.OK)
        button.show()
        self.bar.connect("response", lambda *_args: self._on_button())

    def tell(self, notices: Sequence[Notice]) -> None:
        """Say those of the daemon's notices that set-up mends."""
        mended = [notice.message for notice in notices if notice.code in MENDED_BY_SET_UP]
        self._words.set_text("\n".join(mended))
        self.bar.set_visible(bool(mended))

    def _on_button(self) -> None:
        try:
            offer_libraries()
        except InpaintError as error:
            if error.code != "cancelled":
                self._words.set_text(str(error))
            return
        self._done()
