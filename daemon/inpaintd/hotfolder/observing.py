"""The system's reports of changes in the inbox.

They are only hints: they miss files that existed before and, on network drives, most others. So
the folder is still scanned regularly.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import PurePath

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from .drops import is_result
from .layout import PRIVATE, Layout

log = logging.getLogger(__name__)
logging.getLogger("watchdog").setLevel(logging.CRITICAL)  # it logs errors during shutdown


class Observed:
    """Ask the system to report changes of the inbox, as far as it can.

    Args:
        on_change: called from another thread.
    """

    def __init__(self, layout: Layout, on_change: Callable[[], None]) -> None:
        self._observer = Observer()
        try:
            self._observer.schedule(
                _Handler(on_change, in_place=layout.in_place), str(layout.inbox), recursive=True
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
    def __init__(self, on_change: Callable[[], None], *, in_place: bool) -> None:
        self._on_change = on_change
        self._in_place = in_place

    def on_any_event(self, event: FileSystemEvent) -> None:
        if is_news(event, in_place=self._in_place):
            self._on_change()


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
