"""Waiting for the daemon, with somebody looking or not."""

from __future__ import annotations

import time

from gi.repository import Gimp

from inpaintd_protocol.client import Client
from inpaintd_protocol.messages import Finished, Inpaint, MakeMask

from .following import Following, OnPreview, Shown

STARTING = "Starting the inpaint daemon"
TITLES = {Inpaint: "Inpainting", MakeMask: "Mask by Text"}
_WINDOW_AFTER_SECONDS = 0.5
_POLL_SECONDS = 0.25


class Quiet:
    """For scripts: progress goes wherever the caller's progress goes, no window, no sketches."""

    previews = False

    def starting_daemon(self) -> None:
        Gimp.progress_init(STARTING)

    def until_finished(
        self, client: Client, request: Inpaint | MakeMask, on_preview: OnPreview
    ) -> Finished:
        Gimp.progress_init(TITLES[type(request)])
        following = Following(request.request_id, request.settings.count or 1, _show, on_preview)
        client.submit(request)
        while following.finished is None:
            _read_once(client, following)
        Gimp.progress_end()
        return following.finished


class Windowed:
    """For people: a window with a Cancel of its own once it takes longer than a moment.

    GIMP's own Cancel ends the plug-in at once, and the daemon notices that; ours ends the request
    and leaves the plug-in to tidy up.
    """

    previews = True

    def starting_daemon(self) -> None:
        Gimp.progress_init(STARTING)

    def until_finished(
        self, client: Client, request: Inpaint | MakeMask, on_preview: OnPreview
    ) -> Finished:
        Gimp.progress_init(TITLES[type(request)])
        shown = Shown(TITLES[type(request)])
        following = Following(
            request.request_id, request.settings.count or 1, shown.progress, on_preview
        )
        client.submit(request)
        # Most fills without a prompt are done before a window would be on the screen.
        open_at = time.monotonic() + _WINDOW_AFTER_SECONDS
        while following.finished is None and time.monotonic() < open_at:
            _read_once(client, following, open_at - time.monotonic())
        Gimp.progress_end()
        if following.finished is not None:
            return following.finished
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
