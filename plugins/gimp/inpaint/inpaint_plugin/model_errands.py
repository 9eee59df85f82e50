"""Requests about models, which the daemon carries out while a window stays usable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gi.repository import GLib

from inpaintd_protocol.client import Client
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Cancelled, Failed, Message, ModelProgress

from .daemon import connected
from .following import CANCELLED
from .texts import _

_LOOK_MILLISECONDS = 200

OnProgress = Callable[[ModelProgress], None]
OnEnd = Callable[[Message | None, InpaintError | None], None]
"""Called once with the answer, or with what went wrong."""


@dataclass
class _Errand:
    on_end: OnEnd
    on_progress: OnProgress


class ModelErrands:
    """Requests on one connection, opened when needed. Downloads continue after `close`."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._running: dict[str, _Errand] = {}
        self._timer = 0

    def start(
        self, request: Message, on_end: OnEnd, on_progress: OnProgress = lambda _progress: None
    ) -> None:
        """Send a request; everything else is reported by callbacks, even a failure to send it."""
        try:
            if self._client is None:
                self._client = connected(lambda: None)
            self._client.submit(request)
        except InpaintError as error:
            on_end(None, error)
            return
        self._running[request.request_id] = _Errand(on_end, on_progress)
        if not self._timer:
            self._timer = GLib.timeout_add(_LOOK_MILLISECONDS, self._look)

    def cancel(self, request_id: str) -> None:
        """Request its end, which is reported like any other."""
        if self._client is not None and request_id in self._running:
            self._client.cancel(request_id)

    def close(self) -> None:
        """Look no more, and hang up."""
        if self._timer:
            GLib.source_remove(self._timer)
        self._timer = 0
        self._running.clear()
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _look(self) -> bool:
        try:
            while self._client is not None and (answer := self._client.poll(0)) is not None:
                self._take(answer)
        except InpaintError as error:  # the daemon is gone
            ended, self._running = self._running, {}
            self._client = None
            for errand in ended.values():
                errand.on_end(None, error)
        if self._running:
            return True
        self._timer = 0
        return False

    def _take(self, answer: Message) -> None:
        errand = self._running.get(answer.request_id)
        if errand is None:
            return
        if isinstance(answer, ModelProgress):
            errand.on_progress(answer)
            return
        del self._running[answer.request_id]
        if isinstance(answer, Failed):
            errand.on_end(None, answer.error())
        elif isinstance(answer, Cancelled):
            errand.on_end(None, InpaintError(CANCELLED, _("Cancelled.")))
        else:
            errand.on_end(answer, None)
