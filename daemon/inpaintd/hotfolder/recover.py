"""Resume the jobs of a run that was killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .journal import FAILING, PUBLISHED, TAKEN, WRITTEN, Journal, Row
from .layout import Layout
from .moving import free_name, move, remove_empty
from .steps import give_back, move_in, publish, put_away_done, put_away_failed

Ended = Callable[[Row], None]


def recover(layout: Layout, journal: Journal, ended: Ended) -> list[Row]:
    """Bring every unfinished job to its end, or to the point where it only needs to be filled.

    Args:
        ended: called with each job that has ended.

    Returns:
        The jobs to fill, with all their files in processing.
    """
    waiting = []
    for row in journal.unfinished():
        if row.state == TAKEN:
            if move_in(layout, row):
                waiting.append(row)
            else:
                give_back(layout, journal, row)
        if row.state == WRITTEN:
            row = publish(layout, journal, row)
        if row.state == PUBLISHED:
            if not row.outputs and not row.targets:  # a duplicate that was being taken
                move_in(layout, row)
            ended(put_away_done(layout, journal, row))
        elif row.state == FAILING:
            ended(put_away_failed(layout, journal, row))
    _tidy(layout, waiting)
    return waiting


def _tidy(layout: Layout, waiting: list[Row]) -> None:
    """Remove unfinished results, and move files in processing without a row back to the inbox."""
    for path in layout.results.iterdir():
        path.unlink()
    if layout.in_place:
        return
    known = {str(row.id) for row in waiting}
    for folder in layout.processing.iterdir():
        if folder.name in known:
            continue
        if folder.is_dir() and not folder.is_symlink():
            _give_back_all(layout, folder.name)
        else:
            move(folder, layout.inbox / free_name(layout.inbox, folder.name))


def _give_back_all(layout: Layout, name: str) -> None:
    folder = layout.processing / name
    for path, _, files in os.walk(folder):
        for file in files:
            source = Path(path) / file
            relative = source.relative_to(folder).as_posix()
            move(source, layout.inbox / free_name(layout.inbox, relative))
    remove_empty(folder)
