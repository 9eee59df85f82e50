"""The window of a fill that takes long: how far it is, and Cancel."""

from __future__ import annotations

import time

from gi.repository import GimpUi, GLib, Gtk

from inpaintd_protocol.client import Client
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished

from .following import CANCELLED, Following, Shown
from .texts import _
from .watching import Watch
from .windows import show_without_focus

_CANCEL_SECONDS = 4.0
"""Time limit for the daemon to end a cancelled request before we disconnect."""


def wait_in_window(client: Client, following: Following, request_id: str, shown: Shown) -> Finished:
    """Show the window, named by `shown.title`, until the request has ended.

    Raises:
        InpaintError: the error that ended the request; `cancelled` after Cancel.
    """
    GimpUi.init("inpaint")
    window = _Window(client, following, request_id, shown)
    try:
        return window.run()
    finally:
        window.close()


class _Window:
    def __init__(self, client: Client, following: Following, request_id: str, shown: Shown) -> None:
        self._client = client
        self._following = following
        self._request_id = request_id
        self._shown = shown
        self._loop = GLib.MainLoop()
        self._error: BaseException | None = None
        self._hang_up_at: float | None = None
        self._dialog = GimpUi.Dialog(title=shown.title, role="inpaint-progress")
        self._dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._dialog.connect("response", lambda *_args: self._on_cancel())
        box = self._dialog.get_content_area()
        box.set_spacing(6)
        box.set_border_width(12)
        self._label = Gtk.Label(xalign=0.0)
        self._bar = Gtk.ProgressBar()
        self._bar.set_size_request(320, -1)
        box.pack_start(self._label, False, False, 0)
        box.pack_start(self._bar, False, False, 0)
        box.show_all()

    def run(self) -> Finished:
        self._shown.changed = self._update
        self._update()
        # Space pans GIMP's canvas: were the window focused, it would press Cancel instead.
        show_without_focus(self._dialog)
        watch = Watch(self._client, self._following, self._ended, self._hang_up_in_time)
        self._loop.run()
        watch.stop()
        if self._error is not None:
            raise self._error
        assert self._following.finished is not None
        return self._following.finished

    def close(self) -> None:
        self._shown.changed = lambda: None
        self._dialog.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    def _ended(self, error: BaseException | None) -> None:
        self._error = error
        self._loop.quit()

    def _hang_up_in_time(self) -> None:
        if self._hang_up_at is not None and time.monotonic() > self._hang_up_at:
            raise InpaintError(CANCELLED, _("The request was cancelled."))

    def _on_cancel(self) -> None:
        if self._hang_up_at is not None:
            return
        self._hang_up_at = time.monotonic() + _CANCEL_SECONDS
        self._dialog.set_response_sensitive(Gtk.ResponseType.CANCEL, False)
        self._label.set_text(_("Cancelling…"))
        try:
            self._client.cancel(self._request_id)
        except InpaintError as error:  # raised out of here, it would vanish
            self._ended(error)

    def _update(self) -> None:
        if self._hang_up_at is None:
            self._label.set_text(self._shown.words)
            self._bar.set_fraction(min(1.0, max(0.0, self._shown.fraction)))
