"""The fills that the daemon works on, over a connection that may break at any time."""

from __future__ import annotations

import time
from collections.abc import Callable

from inpaintd.launch.background import connect_or_start
from inpaintd_protocol.client import SILENCE_SECONDS, Client
from inpaintd_protocol.errors import InpaintError, category_of
from inpaintd_protocol.messages import Failed, Inpaint, Message, Plan

_NAME = "inpaintd watch"
_RETRY_SECONDS = 2.0


class Fills:
    """Requests that have no answer yet. Sent again, under the same id, whenever need be."""

    def __init__(self, on_trouble: Callable[[InpaintError], None]) -> None:
        self._on_trouble = on_trouble
        self._client: Client | None = None
        self._open: dict[str, Inpaint | Plan] = {}
        self._unsent: list[str] = []
        self._not_before = 0.0
        self._heard_at = 0.0

    def __len__(self) -> int:
        return len(self._open)

    def fileno(self) -> int | None:
        """To be watched for reading while there is a connection."""
        return self._client.fileno() if self._client is not None else None

    def add(self, request: Inpaint | Plan) -> None:
        if not self._open:
            self._heard_at = time.monotonic()  # nothing was due, so silence meant nothing
        self._open[request.request_id] = request
        self._unsent.append(request.request_id)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def answers(self) -> list[Message]:
        """Send what waits to be sent, and return what has come; never waits for long.

        Of terminal answers, only the ones that sending again would not change.
        """
        try:
            return [*self._send(), *self._receive()]
        except InpaintError as error:
            # Of whatever kind: the next connection may be to another daemon, newer or mended.
            self._lost(error)
            return []

    def _send(self) -> list[Message]:
        """Send what waits; returns the ends of requests that cannot be sent at all."""
        refused: list[Message] = []
        if not self._unsent or time.monotonic() < self._not_before:
            return refused
        if self._client is None:
            self._client = connect_or_start(_NAME)
            self._unsent = list(self._open)
            self._heard_at = time.monotonic()
        while self._unsent:
            request_id = self._unsent[0]
            try:
                self._client.submit(self._open[request_id])
            except InpaintError as error:
                if error.category == "connection":
                    raise
                # This one breaks a limit of the protocol; the others are no worse for it.
                refused.append(Failed.of(request_id, error))
                del self._open[request_id]
            self._unsent.pop(0)
        return refused

    def _receive(self) -> list[Message]:
        found: list[Message] = []
        if self._client is None:
            return found
        while (message := self._client.poll(0)) is not None:
            self._heard_at = time.monotonic()
            if message.request_id not in self._open:
                continue
            if isinstance(message, Failed) and category_of(message.code) == "passing":
                self._unsent.append(message.request_id)
                self._not_before = time.monotonic() + (
                    message.retry_after_seconds or _RETRY_SECONDS
                )
                if message.code == "shutting_down":
                    self._lost(message.error())
                    return found
                continue
            if message.type in ("finished", "failed", "cancelled", "planned"):
                del self._open[message.request_id]
            found.append(message)
        if self._open and time.monotonic() - self._heard_at > SILENCE_SECONDS:
            raise InpaintError("timed_out", "The inpaint daemon gave no sign of life.")
        return found

    def _lost(self, error: InpaintError) -> None:
        self.close()
        self._unsent = list(self._open)
        self._not_before = time.monotonic() + _RETRY_SECONDS
        if self._open:
            self._on_trouble(error)
