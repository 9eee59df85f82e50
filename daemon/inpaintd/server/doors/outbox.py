"""A client's unread answers, and the limits on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import zmq

from inpaintd_protocol import limits
from inpaintd_protocol.plane import Buffer

MOST_MESSAGES = 1024
"""Most answers queued for a client; one that fills the daemon's queue is owed 512."""

MOST_BYTES = limits.MESSAGE_BYTES
"""Most bytes of pixels that a client may leave unread; a single answer may be that long."""

_TRACKED_BYTES = 64 * 1024
"""Frame length from which pyzmq sends without copying, and can report when it has done so."""


class Outbox:
    """The answers for one client: those handed to libzmq, and those still queued behind them."""

    def __init__(self) -> None:
        self.waiting: deque[list[Buffer]] = deque()
        self._waiting_bytes = 0
        self._leaving: deque[tuple[zmq.MessageTracker, int]] = deque()
        self._leaving_bytes = 0

    def __bool__(self) -> bool:
        """True if there is anything to remember about this client."""
        self._forget_what_left()
        return bool(self.waiting or self._leaving)

    @property
    def overflows(self) -> bool:
        """True if this client has exceeded a limit on unread answers."""
        self._forget_what_left()
        unread = len(self.waiting) + len(self._leaving)
        too_long = self._waiting_bytes + self._leaving_bytes > MOST_BYTES
        return len(self.waiting) > MOST_MESSAGES or (too_long and unread > 1)

    def put(self, frames: list[Buffer]) -> None:
        """Queue a message."""
        self.waiting.append(frames)
        self._waiting_bytes += _byte_count(frames)

    def take(self) -> None:
        """Remove the first queued message."""
        self._waiting_bytes -= _byte_count(self.waiting.popleft())

    def left(self, tracker: zmq.MessageTracker | None, frames: Sequence[Buffer]) -> None:
        """Record that libzmq has taken a message; `tracker` reports when its pixels are sent."""
        if tracker is not None:
            size = _byte_count(frames)
            self._leaving.append((tracker, size))
            self._leaving_bytes += size

    def _forget_what_left(self) -> None:
        while self._leaving and self._leaving[0][0].done:
            self._leaving_bytes -= self._leaving.popleft()[1]


def send(
    socket: zmq.Socket[bytes], client: bytes, frames: Sequence[Buffer]
) -> zmq.MessageTracker | None:
    """Pass a message to a ROUTER without blocking; returns a tracker if it has many pixels.

    Raises:
        zmq.ZMQError: EAGAIN when the client's pipe is full, EHOSTUNREACH when the client is gone.
    """
    parts: list[Buffer | zmq.Frame] = [client, *frames]
    tracker = None
    for index, frame in enumerate(frames, start=1):
        if len(frame) >= _TRACKED_BYTES:
            part = zmq.Frame(frame, track=True, copy=False)
            parts[index], tracker = part, part.tracker
    socket.send_multipart(parts, zmq.DONTWAIT, copy=False)
    return tracker


def _byte_count(frames: Sequence[Buffer]) -> int:
    return sum(map(len, frames))
