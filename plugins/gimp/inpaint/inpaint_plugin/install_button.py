"""A button that installs the chosen model, with its progress."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gtk

from inpaintd_protocol.client import new_request_id
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import GetOffer, Message, ModelProgress, Offer

from .download_consent import ask_before
from .following import CANCELLED
from .model_errands import ModelErrands
from .model_words import progress_in_words
from .texts import _


class InstallButton:
    """Has the daemon download a model. The download continues after the dialog closes."""

    def __init__(self, installed: Callable[[], None], tell: Callable[[str], None]) -> None:
        """
        Args:
            installed: called once the model is installed.
            tell: shows what went wrong.
        """
        self._installed = installed
        self._tell = tell
        self._model = ""
        self._busy = False
        self._errands = ModelErrands()
        self.button = Gtk.Button(no_show_all=True, use_underline=True)
        self.button.connect("clicked", lambda *_args: self._start())

    def offer(self, model: str) -> None:
        """Offer to install a model; "" hides the button."""
        if not self._busy:
            self._model = model
            self.button.set_label(_("I_nstall This Model…"))
            self.button.set_visible(bool(model))

    def stop(self) -> None:
        """Stop watching; the daemon continues."""
        self._errands.close()

    def _start(self) -> None:
        self._wait(_("Contacting the hub"))
        self._errands.start(GetOffer(new_request_id(), self._model), self._on_offer)

    def _wait(self, words: str) -> None:
        self._busy = True
        self.button.set_sensitive(False)
        self.button.set_label(words)

    def _on_offer(self, answer: Message | None, error: InpaintError | None) -> None:
        window = self.button.get_toplevel()
        request = ask_before(self._model, answer, window) if isinstance(answer, Offer) else None
        if request is None:
            self._end(error)
            return
        self._wait(_("Fetching"))
        self._errands.start(request, lambda _done, failed: self._end(failed, done=True), self._show)

    def _show(self, progress: ModelProgress) -> None:
        self.button.set_label(progress_in_words(progress))

    def _end(self, error: InpaintError | None, *, done: bool = False) -> None:
        self._busy = False
        self.button.set_sensitive(True)
        self.offer(self._model)
        if error is None and done:
            self._installed()
        elif error is not None and error.code != CANCELLED:
            self._tell(error.message)
