"""What the client needs from whatever carries its frames: one small interface."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from .plane import Buffer


class Transport(Protocol):
    """An authenticated connection to a daemon. Not safe for use by several threads at once.

    Every method raises `InpaintError("disconnected")` once the connection is broken. Constructors
    raise `not_running` (nobody listens, or somebody who is no daemon), `refused` (the password) or
    `timed_out`.
    """

    def send(self, frames: Sequence[Buffer]) -> None:
        """Send one message. The buffers must not change until it has been answered."""

    def receive(self, timeout_seconds: float | None) -> list[Buffer] | None:
        """The next message, or None when none was complete in time; 0 only looks, None waits."""

    def fileno(self) -> int:
        """A descriptor that turns readable when `receive` may have something.

        Call `receive(0)` until it gives None: one wake-up can stand for several messages.
        """

    def close(self) -> None:
        """Send what is still on its way out, then hang up. May be called again."""

    def __enter__(self) -> Transport: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
