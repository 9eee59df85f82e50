"""Wake the watching thread: from other threads, and when the system reports a change.

The system's reports are only hints. They miss files that existed before and, on network drives,
most others, so the folder is still scanned regularly.
"""

from __future__ import annotations

import logging
import os
import select
import socket
from contextlib import suppress
from pathlib import PurePath

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from .drops import is_result
from .layout import PRIVATE, Layout

log = logging.getLogger(__name__)
logging.getLogger("watchdog").setLevel(logging.CRITICAL)  # it logs errors during shutdown


class Wake:
    """A flag to wait for. `changed` says whether the folder may have changed."""

    def __init__(self) -> None:
        self.changed = True
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def set(self) -> None:
        with suppress(BlockingIOError):  # the pipe holds enough bytes to wake the reader
            self._writer.send(b"w")

    def set_changed(self) -> None:
        self.changed = True
        self.set()

    def wait(self, seconds: float, also: int | None) -> None:
        """Wait until it is set, the file descriptor `also` is readable, or the time is over."""
        watched = [self._reader.fileno()] + ([] if also is None else [also])
        select.select(watched, [], [], max(0.0, seconds))
        with suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass

    def close(self) -> None:
        self._reader.close()
        self._writer.close()


class Observed:
    """Ask the system to report changes of the inbox, as far as it can."""

    def __init__(self, layout: Layout, wake: Wake) -> None:
        self._observer = Observer()
        try:
            self._observer.schedule(
                _Handler(wake, in_place=layout.in_place), str(layout.inbox), recursive=True
            )
            self._observer.start()
        except (OSError, RecursionError) as error:
            # No watches left, or folders nested too deeply: the regular scan finds everything.
            log.warning("the system does not report changes: %s", error)

    def close(self) -> None:
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()


class _Handler(FileSystemEventHandler):
    def __init__(self, wake: Wake, *, in_place: bool) -> None:
        self._wake = wake
        self._in_place = in_place

    def on_any_event(self, event: FileSystemEvent) -> None:
        if is_news(event, in_place=self._in_place):
            self._wake.set_changed()


def is_news(event: FileSystemEvent, *, in_place: bool) -> bool:
    """Test whether the inbox may have new files: the watch's own removals do not count.

    Removals by others are noticed by the next regular scan, or on opening the file.
    """
    if event.event_type in ("opened", "closed_no_write", "deleted"):
        return False
    if event.event_type == "modified" and event.is_directory:
        return False
    name = PurePath(os.fsdecode(event.dest_path or event.src_path))
    return not (in_place and (PRIVATE in name.parts or is_result(name.name)))
