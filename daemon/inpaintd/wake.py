"""Waking a loop from where it does not look: other threads and signal handlers."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType


class Wake:
    """A pair of sockets, one end of which the loop polls; a byte in it means "look around"."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        return self._reader.fileno()

    def __call__(self) -> None:
        """Wake the loop; from any thread."""
        with suppress(BlockingIOError):  # enough bytes are waiting to wake anybody
            self._writer.send(b"w")

    def drain(self) -> None:
        """Discard the bytes: the loop is awake."""
        with suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass

    def wait(self, seconds: float, also: int | None = None) -> None:
        """Sleep until woken, or the file descriptor `also` is readable, or the time is over."""
        watched = [self.fileno()] + ([] if also is None else [also])
        select.select(watched, [], [], max(0.0, seconds))
        self.drain()

    @contextmanager
    def on_signals(self, stop: Callable[[], None]) -> Iterator[None]:
        """Have SIGTERM and SIGINT call `stop` and wake the loop."""

        def handle(_number: int, _frame: FrameType | None) -> None:
            stop()
            self()

        # The byte first: a loop that sleeps already must not miss a signal that comes just now.
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
