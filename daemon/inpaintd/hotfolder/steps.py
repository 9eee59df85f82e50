"""The steps of a job on disk. Each can be repeated after a crash, and none replaces a file.

`inbox -> processing -> results -> outbox -> done or failed`: every arrow is a rename, and the
journal's row is written before it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from inpaintd.files.names import with_ending
from inpaintd.system.files import try_to_sync_folder
from inpaintd_protocol.errors import InpaintError

from .drops import ERROR_SUFFIX, RESULT_MARK, Signature, signature_of
from .inside import rename_inside
from .journal import DONE, FAILED, FAILING, PUBLISHED, WRITTEN, Journal, Row
from .layout import Layout
from .moving import free_name, move, remove_empty

_ERROR_ROLE = "error"


def move_in(layout: Layout, row: Row) -> bool:
    """Move the files of a job from the inbox to processing; returns whether all are there now."""
    if layout.in_place:
        return all(os.path.lexists(layout.inbox / name) for name in row.members.values())
    folder = layout.members_folder(row.id)
    for name in row.members.values():
        if not os.path.lexists(folder / name) and os.path.lexists(layout.inbox / name):
            rename_inside(layout.root, layout.inbox / name, folder / name)
    return all(os.path.lexists(folder / name) for name in row.members.values())


def unchanged(layout: Layout, row: Row, signatures: Mapping[str, Signature]) -> bool:
    """Test whether the files in processing are those that were read in the inbox."""
    folder = layout.members_folder(row.id)
    try:
        found = {r: signature_of((folder / name).lstat()) for r, name in row.members.items()}
    except FileNotFoundError:
        return False
    return found == dict(signatures)


def give_back(layout: Layout, journal: Journal, row: Row) -> None:
    """Move the files of a job back to the inbox, to be read again."""
    if not layout.in_place:
        folder = layout.members_folder(row.id)
        for name in row.members.values():
            if os.path.lexists(folder / name):
                move(folder / name, layout.inbox / free_name(layout.inbox, name))
        remove_empty(folder)
    journal.remove(row)


def results_written(layout: Layout, journal: Journal, row: Row, files: tuple[str, ...]) -> Row:
    """Record that the results are in the private folder, and their final names."""
    outputs = []
    for file in files:
        # The number of a variant is kept: 7.2.png of photo.png becomes photo.2.png.
        ending = file.partition(".")[2]
        mark = RESULT_MARK if layout.in_place else ""
        wanted = with_ending(PurePosixPath(row.name), f"{mark}.{ending}")
        outputs.append((file, free_name(layout.outbox, wanted)))
    return journal.write(replace(row, state=WRITTEN, outputs=tuple(outputs)))


def publish(layout: Layout, journal: Journal, row: Row) -> Row:
    """Move the results to the outbox."""
    folders = set()
    for index, (file, final) in enumerate(row.outputs):
        source = layout.results / file
        while os.path.lexists(source):
            try:
                move(source, layout.outbox / final)
            except FileExistsError:
                final = free_name(layout.outbox, final)
                outputs = list(row.outputs)
                outputs[index] = (file, final)
                row = journal.write(replace(row, outputs=tuple(outputs)))
        folders.add((layout.outbox / final).parent)
    for folder in folders:
        try_to_sync_folder(folder)
    return journal.write(replace(row, state=PUBLISHED))


def put_away_done(layout: Layout, journal: Journal, row: Row) -> Row:
    """Move the job's files to done."""
    if not layout.in_place:
        row = _put_away(layout, journal, row, layout.done)
    return journal.write(replace(row, state=DONE))


def note_failure(journal: Journal, row: Row, error: InpaintError) -> Row:
    """Record that the job's files are to be moved to failed, and why."""
    row = replace(row, state=FAILING, error=(error.message, error.hint), targets={})
    return journal.write(row) if row.id else journal.add(row)


def put_away_failed(layout: Layout, journal: Journal, row: Row) -> Row:
    """Move the job's files to failed, from wherever they are, and write the text file."""
    if not row.targets:  # otherwise they have been in processing before
        move_in(layout, row)
    if not layout.in_place:
        row = _put_away(layout, journal, row, layout.failed)
    if _ERROR_ROLE not in row.targets:
        name = PurePosixPath(next(iter(row.targets.values()), row.name))
        text_name = free_name(layout.failed, with_ending(name, ERROR_SUFFIX))
        targets = row.targets | {_ERROR_ROLE: text_name}
        row = journal.write(replace(row, targets=targets))
    _write_text(layout, row, layout.failed / row.targets[_ERROR_ROLE])
    return journal.write(replace(row, state=FAILED))


def _put_away(layout: Layout, journal: Journal, row: Row, folder: Path) -> Row:
    if not row.targets:
        targets = {role: free_name(folder, name) for role, name in row.members.items()}
        row = journal.write(replace(row, targets=targets))
    source_folder = layout.members_folder(row.id)
    for role, name in row.members.items():
        source = source_folder / name
        while os.path.lexists(source):
            try:
                move(source, folder / row.targets[role])
            except FileExistsError:
                targets = row.targets | {role: free_name(folder, name)}
                row = journal.write(replace(row, targets=targets))
    remove_empty(source_folder)
    return row


def _write_text(layout: Layout, row: Row, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = layout.results / f"{row.id}{ERROR_SUFFIX}"
    message, hint = row.error
    text = f"{row.name}\n\n{message}\n\n{hint}\n"
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    temporary.replace(path)  # the name was unused when the journal recorded it as ours
