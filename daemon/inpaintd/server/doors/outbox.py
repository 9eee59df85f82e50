"""What one client has been sent and has not read yet, and how much of that there may be."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import zmq

from inpaintd_protocol import limits
from inpaintd_protocol.plane import Buffer

MOST_MESSAGES = 1024
"""Most answers that wait for a client; one that fills the daemon's queue has 512 to come."""

MOST_BYTES = limits.MESSAGE_BYTES
"""Most bytes of pixels that a client may leave unread; a single answer may be as long as that."""

_TRACKED_BYTES = 64 * 1024
"""From this length on pyzmq passes a frame on without a copy, and can tell when it has gone."""


class Outbox:
    """The answers for one client: those in libzmq's hands, and behind them those that wait."""

    def __init__(self) -> None:
        self.waiting: deque[list[Buffer]] = deque()
        self._waiting_bytes = 0
        self._leaving: deque[tuple[zmq.MessageTracker, int]] = deque()
        self._leaving_bytes = 0

    def __bool__(self) -> bool:
        """Whether there is anything to remember about this client."""
        self._forget_what_left()
        return bool(self.waiting or self._leaving)

    @property
    def overflows(self) -> bool:
        """Whether this client leaves more unread than anybody may."""
        self._forget_what_left()
        unread = len(self.waiting) + len(self._leaving)
        too_long = self._waiting_bytes + self._leaving_bytes > MOST_BYTES
        return len(self.waiting) > MOST_MESSAGES or (too_long and unread > 1)

    def put(self, frames: list[Buffer]) -> None:
        """Let a message wait behind the others."""
        self.waiting.append(frames)
        self._waiting_bytes += _byte_count(frames)

    def take(self) -> None:
        """The first that waited does so no more."""
        self._waiting_bytes -= _byte_count(self.waiting.popleft())

    def left(self, tracker: zmq.MessageTracker | None, frames: Sequence[Buffer]) -> None:
        """libzmq has taken a message; `tracker` tells when its pixels are on their way."""
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
    """Hand a message to a ROUTER without waiting; a tracker of its pixels if it has many.

    Raises:
        zmq.ZMQError: EAGAIN when the client's pipe is full, EHOSTUNREACH when the client has gone.
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
