"""The fills that the daemon works on, over a connection that may break at any time."""

from __future__ import annotations

import time
from collections.abc import Callable

from inpaintd_protocol.client import Client
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.following import End, Follower, SendAgain, Silence, Tell
from inpaintd_protocol.messages import Failed, Finished, Inpaint, Message, Plan, Planned

_RETRY_SECONDS = 2.0

Connect = Callable[[], Client]
"""Connects to the daemon, starting one if need be; raises InpaintError."""


class Fills:
    """Requests that have no answer yet. Sent again, under the same id, whenever need be."""

    def __init__(self, connect: Connect, on_trouble: Callable[[InpaintError], None]) -> None:
        self._connect = connect
        self._on_trouble = on_trouble
        self._client: Client | None = None
        self._open: dict[str, tuple[Inpaint | Plan, Follower[Message]]] = {}
        self._unsent: list[str] = []
        self._not_before = 0.0
        self._silence = Silence(0.0)

    def __len__(self) -> int:
        return len(self._open)

    def fileno(self) -> int | None:
        """To be watched for reading while there is a connection."""
        return self._client.fileno() if self._client is not None else None

    def add(self, request: Inpaint | Plan) -> None:
        if not self._open:
            self._silence.broken(time.monotonic())  # nothing was due, so it can be ignored
        expected = Planned if isinstance(request, Plan) else Finished
        follower: Follower[Message] = Follower(
            request.request_id, expected, silence=self._silence, sends_again=True
        )
        self._open[request.request_id] = (request, follower)
        self._unsent.append(request.request_id)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def answers(self) -> list[Message]:
        """Send queued messages and return those received; never blocks for long.

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
            self._client = self._connect()
            self._unsent = list(self._open)
            self._silence.broken(time.monotonic())
        while self._unsent:
            request_id = self._unsent[0]
            request, _ = self._open[request_id]
            try:
                self._client.submit(request)
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
            now = time.monotonic()
            self._silence.broken(now)
            if message.request_id not in self._open:
                continue
            _, follower = self._open[message.request_id]
            step = follower.take(message, now)
            if isinstance(step, Tell):
                found.append(step.news)
            elif isinstance(step, End):
                del self._open[message.request_id]
                found.append(step.answer)
            elif isinstance(step, SendAgain):
                self._unsent.append(message.request_id)
                self._not_before = now + (step.failure.retry_after_seconds or _RETRY_SECONDS)
                if step.failure.code == "shutting_down":
                    self._lost(step.failure.error())
                    return found
        if self._open and self._silence.seconds_left(time.monotonic()) <= 0:
            raise InpaintError("timed_out", "The inpaint daemon does not respond.")
        return found

    def _lost(self, error: InpaintError) -> None:
        self.close()
        self._unsent = list(self._open)
        self._not_before = time.monotonic() + _RETRY_SECONDS
        if self._open:
            self._on_trouble(error)
