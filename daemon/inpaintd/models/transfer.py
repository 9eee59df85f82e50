"""Progress of a download, measured on the disk and so independent of the downloader."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.25
_RATE_SECONDS = 10.0


@dataclass(frozen=True)
class Transfer:
    """Progress of a download.

    Attributes:
        done_bytes: received so far, including earlier attempts.
        rate: bytes per second, over the last ten seconds.
    """

    done_bytes: int
    total_bytes: int
    rate: float


OnTransfer = Callable[[Transfer], None]


@contextmanager
def watching(folder: Path, total: int, on_transfer: OnTransfer | None) -> Iterator[None]:
    """Report the growth of a folder to `total` bytes, four times a second, until the block ends."""
    if on_transfer is None:
        yield
        return
    ended = threading.Event()
    seen: deque[tuple[float, int]] = deque()

    def look() -> None:
        now, done = time.monotonic(), min(bytes_in(folder), total)
        seen.append((now, done))
        while now - seen[0][0] > _RATE_SECONDS:
            seen.popleft()
        seconds = now - seen[0][0]
        rate = (done - seen[0][1]) / seconds if seconds > 0 else 0.0
        on_transfer(Transfer(done, total, max(rate, 0.0)))

    def keep_looking() -> None:
        while not ended.wait(_POLL_SECONDS):
            look()

    look()
    thread = threading.Thread(target=keep_looking, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    look()


def bytes_in(folder: Path) -> int:
    """Total size of a folder's files, some of which may vanish meanwhile; links count as 0."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            try:
                total += 0 if path.is_symlink() else path.stat().st_size
            except OSError:
                continue
    return total
