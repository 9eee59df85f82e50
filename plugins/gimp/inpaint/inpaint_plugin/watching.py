"""Waiting for the daemon's answer in GLib's main loop, so that windows stay usable."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import GLib

from inpaintd_protocol.client import Client
from inpaintd_protocol.messages import Inpaint, MakeMask

from .following import Following

_TICK_MILLISECONDS = 250

Ended = Callable[[BaseException | None], None]
"""Called once when a request ends, with its error, or None if it succeeded."""


class Watch:
    """Reads the daemon's messages about one request, until its end or until `stop`."""

    def __init__(
        self,
        client: Client,
        following: Following,
        ended: Ended,
        on_tick: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Args:
            on_tick: called a few times a second; an exception from it ends the watch.
        """
        self._client = client
        self._following = following
        self._ended = ended
        self._on_tick = on_tick
        events = GLib.IOCondition.IN | GLib.IOCondition.HUP | GLib.IOCondition.ERR
        self._sources = [
            GLib.io_add_watch(client.fileno(), GLib.PRIORITY_DEFAULT, events, self._look),
            GLib.timeout_add(_TICK_MILLISECONDS, self._look),
        ]

    def stop(self) -> None:
        sources, self._sources = self._sources, []
        for source in sources:
            GLib.source_remove(source)

    def _look(self, *_: object) -> bool:
        if not self._sources:
            return False
        error: BaseException | None = None
        try:
            self._read()
            if self._following.finished is None:
                self._on_tick()
                self._following.check_alive()
        except BaseException as caught:  # raised out of here, it would vanish
            error = caught
        if error is not None or self._following.finished is not None:
            self.stop()
            self._ended(error)
        return True

    def _read(self) -> None:
        while self._following.finished is None:
            answer = self._client.poll(0)
            if answer is None:
                return
            self._following.take(answer)


class Asking:
    """A request on a connection of its own. To stop it is to hang up."""

    def __init__(
        self,
        client: Client,
        request: Inpaint | MakeMask,
        on_progress: Callable[[float, str], None],
        ended: Callable[[Following, BaseException | None], None],
    ) -> None:
        """Send the request; the client is closed when it has ended."""
        self._client = client
        following = Following(
            request.request_id, request.settings.count or 1, on_progress, lambda _: None
        )

        def hang_up(error: BaseException | None) -> None:
            client.close()
            ended(following, error)

        try:
            client.submit(request)
        except BaseException:
            client.close()
            raise
        self._watch = Watch(client, following, hang_up)

    def stop(self) -> None:
        self._watch.stop()
        self._client.close()
