"""The window shown while a fill is being made: how far it is, and Cancel."""

from __future__ import annotations

import time
from collections.abc import Callable

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import GimpUi, GLib, Gtk  # noqa: E402

from inpaintd_protocol.client import Client  # noqa: E402
from inpaintd_protocol.errors import InpaintError  # noqa: E402
from inpaintd_protocol.messages import Finished  # noqa: E402

from .following import CANCELLED, Following, Shown  # noqa: E402

TITLE = "Inpainting"
_TICK_MILLISECONDS = 250
_CANCEL_SECONDS = 4.0
"""How long the daemon may take to end a cancelled request before we hang up on it."""


def wait_in_window(client: Client, following: Following, request_id: str, shown: Shown) -> Finished:
    """Show the window until the request has ended.

    Raises:
        InpaintError: what the request ended with; `cancelled` after Cancel.
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
        self._dialog = GimpUi.Dialog(title=TITLE, role="inpaint-progress")
        self._dialog.add_button("_Cancel", Gtk.ResponseType.CANCEL)
        self._dialog.connect("response", lambda *_: self._guarded(self._cancel))
        box = self._dialog.get_content_area()
        box.set_spacing(6)
        box.set_border_width(12)
        self._label = Gtk.Label(xalign=0.0)
        self._bar = Gtk.ProgressBar()
        self._bar.set_size_request(360, -1)
        box.pack_start(self._label, False, False, 0)
        box.pack_start(self._bar, False, False, 0)
        box.show_all()

    def run(self) -> Finished:
        self._shown.changed = self._update
        self._update()
        self._dialog.show()
        events = GLib.IOCondition.IN | GLib.IOCondition.HUP | GLib.IOCondition.ERR
        watch = GLib.io_add_watch(
            self._client.fileno(), GLib.PRIORITY_DEFAULT, events, self._on_readable
        )
        tick = GLib.timeout_add(_TICK_MILLISECONDS, self._on_tick)
        self._guarded(self._read)
        if self._error is None and self._following.finished is None:
            self._loop.run()
        GLib.source_remove(watch)
        GLib.source_remove(tick)
        if self._error is not None:
            raise self._error
        assert self._following.finished is not None
        return self._following.finished

    def close(self) -> None:
        self._shown.changed = lambda: None
        self._dialog.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    def _on_readable(self, *_: object) -> bool:
        self._guarded(self._read)
        return True

    def _on_tick(self) -> bool:
        self._guarded(self._check)
        return True

    def _guarded(self, action: Callable[[], None]) -> None:
        """An exception in a GLib callback would vanish: keep it for run()."""
        if self._error is not None:
            return
        try:
            action()
        except BaseException as error:
            self._error = error
        if self._error is not None or self._following.finished is not None:
            self._loop.quit()

    def _read(self) -> None:
        while self._following.finished is None:
            answer = self._client.poll(0)
            if answer is None:
                return
            self._following.take(answer)

    def _check(self) -> None:
        self._read()
        if self._hang_up_at is not None and time.monotonic() > self._hang_up_at:
            raise InpaintError(CANCELLED, "The request was cancelled.")
        self._following.check_alive()

    def _cancel(self) -> None:
        if self._hang_up_at is not None:
            return
        self._hang_up_at = time.monotonic() + _CANCEL_SECONDS
        self._dialog.set_response_sensitive(Gtk.ResponseType.CANCEL, False)
        self._label.set_text("Cancelling…")
        self._client.cancel(self._request_id)

    def _update(self) -> None:
        if self._hang_up_at is None:
            self._label.set_text(self._shown.words)
            self._bar.set_fraction(min(1.0, max(0.0, self._shown.fraction)))
