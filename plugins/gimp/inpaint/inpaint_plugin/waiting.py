"""Waiting for the daemon, with somebody looking or not."""

from __future__ import annotations

import time

from gi.repository import Gimp

from inpaintd_protocol.client import Client
from inpaintd_protocol.messages import Finished, Inpaint, MakeMask, Preview

from .following import Following, OnPreview, Shown
from .texts import _

STARTING = "Starting the inpaint daemon"
_WINDOW_AFTER_SECONDS = 3.0
_POLL_SECONDS = 0.25


def _title_of(request: Inpaint | MakeMask) -> str:
    if isinstance(request, Inpaint):
        return _("Inpainting")
    return _("Mask by Text") if request.object is None else _("Select Object")


class Quiet:
    """For scripts: progress goes wherever the caller's progress goes, no window, no sketches."""

    previews = False

    def starting_daemon(self) -> None:
        Gimp.progress_init(_(STARTING))

    def until_finished(
        self, client: Client, request: Inpaint | MakeMask, on_preview: OnPreview
    ) -> Finished:
        Gimp.progress_init(_title_of(request))
        following = Following(request.request_id, request.settings.count or 1, _show, on_preview)
        client.submit(request)
        while following.finished is None:
            _read_once(client, following)
        Gimp.progress_end()
        return following.finished


class Windowed:
    """Progress for users: GIMP's status bar, and a window if it takes long.

    GIMP's own Cancel, in the status bar, ends the plug-in at once, and the daemon notices that. So
    previews, which somebody has to remove again, start with the window, whose Cancel ends the
    request and leaves the plug-in to tidy up.
    """

    previews = True

    def starting_daemon(self) -> None:
        Gimp.progress_init(_(STARTING))

    def until_finished(
        self, client: Client, request: Inpaint | MakeMask, on_preview: OnPreview
    ) -> Finished:
        # The picture may be closed at any moment; calls about it then fail, and say nothing.
        Gimp.get_plug_in().set_pdb_error_handler(Gimp.PDBErrorHandler.PLUGIN)
        title = _title_of(request)
        Gimp.progress_init(title)
        shown = Shown(title, changed=lambda: _show(shown.fraction, shown.words))
        held_back: list[Preview] = []
        show_preview: OnPreview = held_back.append

        def on_each_preview(preview: Preview) -> None:
            show_preview(preview)

        following = Following(
            request.request_id, request.settings.count or 1, shown.progress, on_each_preview
        )
        client.submit(request)
        open_at = time.monotonic() + _WINDOW_AFTER_SECONDS
        while following.finished is None and time.monotonic() < open_at:
            _read_once(client, following, open_at - time.monotonic())
        Gimp.progress_end()
        if following.finished is not None:
            return following.finished
        show_preview = on_preview
        if held_back:
            on_preview(held_back[-1])
        from .progress_window import wait_in_window

        return wait_in_window(client, following, request.request_id, shown)


def _read_once(client: Client, following: Following, seconds: float = _POLL_SECONDS) -> None:
    answer = client.poll(min(seconds, _POLL_SECONDS))
    if answer is not None:
        following.take(answer)
    following.check_alive()


def _show(fraction: float, words: str) -> None:
    Gimp.progress_set_text(words)
    Gimp.progress_update(fraction)
