"""Killed between any two changes on disk, a job still ends once, and ends whole."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from inpaintd.hotfolder import steps
from inpaintd.hotfolder.journal import DONE, PUBLISHED, TAKEN, Journal, Row
from inpaintd.hotfolder.layout import Layout
from inpaintd.hotfolder.recover import recover
from inpaintd_protocol.errors import InpaintError

MEMBERS = {"picture": "sub/a.png", "mask": "sub/a.mask.png"}


class Killed(BaseException):
    """Like SIGKILL: no except clause of the code under test sees it."""


class Fuse:
    """Lets so many changes of the disk happen, then kills."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        for owner, names in (
            (Journal, ("add", "write", "remove")),
            (Path, ("rename", "replace", "unlink", "rmdir", "write_text")),
            (os, ("link", "mkdir", "rename")),
        ):
            for name in names:
                monkeypatch.setattr(owner, name, self._fused(getattr(owner, name)))

    def _fused(self, function: Any) -> Any:
        def burning(*arguments: Any, **options: Any) -> Any:
            if self.left is not None:
                if self.left == 0:
                    raise Killed
                self.left -= 1
            return function(*arguments, **options)

        return burning


def _fill(layout: Layout, journal: Journal, row: Row, *, good: bool) -> Row:
    """The watcher's steps for a job, without the pixels."""
    if not good:
        error = InpaintError("unreadable", "Bad.", "Be good.")
        return steps.put_away_failed(layout, journal, steps.note_failure(journal, row, error))
    (layout.results / f"{row.id}.png").write_text("result")
    row = steps.results_written(layout, journal, row, (f"{row.id}.png",))
    row = steps.publish(layout, journal, row)
    return steps.put_away_done(layout, journal, row)


@pytest.mark.parametrize("way", ["good", "bad", "duplicate"])
def test_every_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    fuse = Fuse(monkeypatch)
    for changes in count():
        layout = Layout(tmp_path / str(changes))
        layout.make()
        (layout.inbox / "sub").mkdir()
        for name in MEMBERS.values():
            (layout.inbox / name).write_bytes(name.encode())
        journal = Journal(layout.journal)
        fuse.left = changes
        try:
            _run(layout, journal, way)
        except Killed:
            finished = False
        else:
            finished = True
        fuse.left = None
        journal.close()
        _restart(layout, way)
        _check(layout, way)
        if finished:
            assert changes > 5
            return


def _run(layout: Layout, journal: Journal, way: str) -> None:
    state = PUBLISHED if way == "duplicate" else TAKEN
    row = journal.add(Row("sub/a.png", MEMBERS, key="k", state=state))
    assert steps.move_in(layout, row)
    if way == "duplicate":
        steps.put_away_done(layout, journal, row)
    else:
        _fill(layout, journal, row, good=way == "good")


def _restart(layout: Layout, way: str) -> None:
    """A new run, which takes what lies in the inbox, too."""
    journal = Journal(layout.journal)
    for row in recover(layout, journal, lambda _row: None):
        _fill(layout, journal, row, good=way == "good")
    assert not journal.unfinished()
    if (layout.inbox / MEMBERS["picture"]).exists():
        _run(layout, journal, way)
    ends = [r for r in journal.with_key("k") if r.state == DONE]
    assert len(ends) == (way != "bad")
    journal.close()


def _check(layout: Layout, way: str) -> None:
    def files(folder: Path) -> dict[str, str]:
        return {
            p.relative_to(folder).as_posix(): p.read_text()
            for p in folder.rglob("*")
            if p.is_file()
        }

    sources = {name: name for name in MEMBERS.values()}
    assert files(layout.inbox) == {}
    assert files(layout.processing) == {}
    assert files(layout.results) == {}
    assert files(layout.outbox) == ({"sub/a.png": "result"} if way == "good" else {})
    text = {"sub/a.error.txt": "sub/a.png\n\nBad.\n\nBe good.\n"}
    assert files(layout.done) == ({} if way == "bad" else sources)
    assert files(layout.failed) == (sources | text if way == "bad" else {})
