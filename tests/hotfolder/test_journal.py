"""A journal that cannot be read costs nobody a picture."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from inpaintd.hotfolder.journal import Journal, Row
from tests.hotfolder import pictures
from tests.hotfolder.conftest import HotFolder


def test_tries_are_counted_until_they_are_over(tmp_path: Path) -> None:
    for count in (1, 2):
        with closing(Journal(tmp_path / "j")) as journal:
            journal.begin("a")
            journal.begin("b")
            journal.over("b")
            assert journal.tries() == {"a": count}


@pytest.mark.parametrize("damage", ["garbage", "row"])
def test_a_damaged_journal_is_known_at_once(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "j"
    with closing(Journal(path)) as journal:
        journal.add(Row("a.png", {"picture": "a.png"}))
    if damage == "garbage":
        path.write_bytes(b"garbage" * 1000)
    else:
        with closing(sqlite3.connect(path)) as database:
            database.execute("UPDATE jobs SET row = '{}'")
            database.commit()
    with pytest.raises(sqlite3.DatabaseError):
        Journal(path)


def test_a_damaged_journal_is_put_aside(folder: HotFolder) -> None:
    private = folder.root / ".inpaintd"
    private.mkdir()
    (private / "journal.sqlite").write_bytes(b"garbage" * 1000)
    (folder.root / "processing/7").mkdir(parents=True)
    (folder.root / "processing/7/a.png").write_bytes(pictures.encoded(pictures.with_hole(1)))
    events = folder.run()
    assert events[0]["event"] == "trouble"
    assert "damaged" in events[0]["message"]
    assert folder.files("outbox") == {"a.png"}
    assert (private / "damaged-journal.sqlite").read_bytes() == b"garbage" * 1000
