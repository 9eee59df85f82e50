"""A clock for the age of answers; no change to the system's clock makes them suddenly old."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

LONGEST_GAP_SECONDS = 86_400.0
"""A pause between two runs counts as one day at most. After a longer one answers are kept for
longer than promised, which does no harm; a clock that jumps ahead deletes none."""


class JournalClock:
    """Seconds in the life of a journal. Between runs they are taken from the system's clock;
    within a run no change to that clock affects them.

    Args:
        path: a small file with the count; its own modification time says when that was written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._started = time.monotonic()
        self._lived = 0.0
        with suppress(OSError, ValueError):
            gap = time.time() - path.stat().st_mtime
            lived = float(path.read_text("ascii"))
            self._lived = max(0.0, lived) + min(max(0.0, gap), LONGEST_GAP_SECONDS)

    def now(self) -> float:
        return self._lived + time.monotonic() - self._started

    def save(self) -> None:
        """Save the count for the next run; if the disk is full, the previous one remains."""
        with suppress(OSError):
            part = self._path.with_suffix(".part")
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(f"{self.now():.0f}")
            part.replace(self._path)
