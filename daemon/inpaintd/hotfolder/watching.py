"""Watch one hot folder, from acquiring the lock to the final report."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from filelock import FileLock, Timeout

from inpaintd.wake import Wake
from inpaintd_protocol.errors import InpaintError

from .fills import Connect
from .journal import Journal
from .layout import Layout
from .moving import free_name
from .observing import Observed
from .options import read_watch_options
from .report import Counts, Tell, for_people
from .watcher import Watcher

OnStart = Callable[[Watcher], None]


def watch(
    layout: Layout,
    tell: Tell,
    connect: Connect,
    *,
    once: bool,
    least_ahead: int = 0,
    on_start: OnStart | None = None,
) -> Counts:
    """Process a hot folder until a signal stops it or, with `once`, until nothing is left.

    Args:
        least_ahead: for the option `ahead` of the folder's inpaintd.toml.

    Raises:
        InpaintError: `busy` when another process watches this folder; `unwritable`, `unreadable`
            and `not_running` when it cannot be watched at all.
    """
    layout.make()
    options = read_watch_options(layout)
    options = replace(options, ahead=max(options.ahead, least_ahead))
    lock = FileLock(layout.private / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InpaintError(
            "busy",
            f"Another process is already watching {layout.root}.",
            "Drop your pictures there: it will fill them.",
        ) from error
    with lock, _said_to_people():
        journal = _journal(layout, tell)
        wake = Wake()
        try:
            watcher = Watcher(layout, options, journal, tell, wake, connect, once=once)
            if on_start is not None:
                on_start(watcher)
            tell("watching", {"folder": str(layout.root)})
            with _stopped_by_signals(watcher):
                observed = None if once else Observed(layout, watcher.note_change)
                try:
                    counts = watcher.run()
                finally:
                    if observed is not None:
                        observed.close()
        finally:
            journal.close()
            wake.close()
        facts = {"done": counts.done, "failed": counts.failed, "duplicates": counts.duplicates}
        tell("stopped", facts)
        return counts


def _journal(layout: Layout, tell: Tell) -> Journal:
    """The folder's journal; a damaged one is set aside, and its contents are reconstructed.

    Files in processing then go back to the inbox, and pictures with a result may be filled twice.
    """
    try:
        return Journal(layout.journal)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        aside = layout.private / free_name(layout.private, f"damaged-{layout.journal.name}")
        layout.journal.replace(aside)
        for ending in ("-wal", "-shm"):
            layout.journal.with_name(layout.journal.name + ending).unlink(missing_ok=True)
        message = f"The journal of this folder was damaged; it is now {aside}."
        tell("trouble", {"message": message, "hint": "A new journal was started."})
        return Journal(layout.journal)


@contextmanager
def _said_to_people() -> Iterator[None]:
    """The error for a disk that is full, or fails, at startup."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise for_people(error) from error


@contextmanager
def _stopped_by_signals(watcher: Watcher) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        watcher.stop()

    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
