"""The interface between a client and the transport that carries its frames."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from .plane import Buffer


class Transport(Protocol):
    """An authenticated connection to a daemon. Not safe for use by several threads at once.

    Every method raises `InpaintError("disconnected")` once the connection is broken. Constructors
    raise `not_running` (no listener, or one that is not a daemon), `refused` (the password) or
    `timed_out`.
    """

    def send(self, frames: Sequence[Buffer]) -> None:
        """Send one message. The buffers must not change until it has been answered."""

    def receive(self, timeout_seconds: float | None) -> list[Buffer] | None:
        """Return the next message, or None after the timeout; 0 only looks, None has no limit."""

    def fileno(self) -> int:
        """A file descriptor that becomes readable when `receive` may have a message.

        Call `receive(0)` until it returns None: one wake-up can stand for several messages.
        """

    def close(self) -> None:
        """Send pending data, then close the connection. May be called again."""

    def __enter__(self) -> Transport: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
