"""A button that installs the chosen model, with its progress."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import GLib, Gtk

from inpaintd_protocol.client import Client, new_request_id
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Cancelled, Failed, InstallModel, ModelDone, ModelProgress

from .daemon import connected
from .texts import _

_LOOK_MILLISECONDS = 200


class InstallButton:
    """Has the daemon fetch a model. The download goes on when the dialog closes."""

    def __init__(self, installed: Callable[[], None], tell: Callable[[str], None]) -> None:
        """
        Args:
            installed: called when the model is there.
            tell: shows what went wrong.
        """
        self._installed = installed
        self._tell = tell
        self._model = ""
        self._accept_licence = False
        self._client: Client | None = None
        self._request = ""
        self._timer = 0
        self.button = Gtk.Button(no_show_all=True)
        self.button.connect("clicked", lambda *_args: self._start())

    def offer(self, model: str) -> None:
        """Offer to install a model; "" hides the button."""
        if self._client is not None:
            return
        self._model, self._accept_licence = model, False
        self.button.set_label(_("Install This Model"))
        self.button.set_visible(bool(model))

    def stop(self) -> None:
        """Look no more; the daemon goes on."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        client, self._client = self._client, None
        if client is not None:
            client.close()
        self.button.set_sensitive(True)

    def _start(self) -> None:
        try:
            self._client = connected(lambda: None)
            self._request = new_request_id()
            request = InstallModel(self._request, self._model, self._accept_licence)
            self._client.submit(request)
        except InpaintError as error:
            self._tell(str(error))
            return
        self.button.set_sensitive(False)
        self._timer = GLib.timeout_add(_LOOK_MILLISECONDS, self._look)

    def _look(self) -> bool:
        try:
            while self._client is not None:
                answer = self._client.poll(0)
                if answer is None:
                    break
                if answer.request_id == self._request:
                    self._take(answer)
        except Exception as error:  # raised out of a callback, it would vanish
            self.stop()
            self._tell(str(error))
        return self._client is not None

    def _take(self, answer: object) -> None:
        if isinstance(answer, ModelProgress) and answer.total_bytes:
            percent = round(100 * answer.done_bytes / answer.total_bytes)
            self.button.set_label(_("Installing: {percent} %").format(percent=percent))
        elif isinstance(answer, ModelDone):
            self._end()
            self._installed()
        elif isinstance(answer, Failed):
            self._end()
            if answer.code == "licence":
                self._accept_licence = True
                self.button.set_label(_("Accept the Licence and Install"))
            self._tell(str(answer.error()))
        elif isinstance(answer, Cancelled):
            self._end()

    def _end(self) -> None:
        self._timer = 0  # the source ends by itself when `_look` returns False
        client, self._client = self._client, None
        if client is not None:
            client.close()
        self.button.set_sensitive(True)
        self.button.set_label(_("Install This Model"))
