"""What survives a restart."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from inpaintd.server import journal as journal_module
from inpaintd.server.journal import KEEP_DAYS, Journal, open_journal
from inpaintd_protocol.codec import encode
from inpaintd_protocol.messages import Cancelled, Finished, Inpaint, MakeMask, ResultLayer
from inpaintd_protocol.plane import Plane

LAYER = Plane(2, 1, 4, "u16", bytes(range(16)))
MASK = Plane(2, 1, 1, "u16", b"\xff\xff\x00\x00")


def finished(request_id: str) -> Finished:
    layers = (ResultLayer(LAYER, (3, 4), seed=5, mask=MASK),)
    return Finished(request_id, layers=layers, mask=MASK, mask_offset=(3, 4), model="m")


def test_requests_and_answers_come_back_as_they_were(tmp_path: Path) -> None:
    requests = (Inpaint("1", layer=LAYER, mask=MASK), MakeMask("2", layer=LAYER))
    journal = Journal(tmp_path / "journal.sqlite")
    for request in (*requests, Inpaint("3", layer=LAYER), Inpaint("4", layer=LAYER)):
        journal.write_request(request)
    journal.write_answer(finished("3"))
    journal.write_answer(Cancelled("4"))
    journal.close()

    reopened = Journal(tmp_path / "journal.sqlite")
    assert reopened.unfinished() == requests
    assert reopened.answered() == {"3", "4"}
    assert reopened.recall("3") == finished("3")
    assert reopened.recall("4") == Cancelled("4")
    assert reopened.recall("1") is None
    reopened.close()


def test_old_answers_are_dropped_and_old_requests_are_not(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.write_request(Inpaint("waits", layer=LAYER))
    journal.write_answer(finished("old"))
    journal.write_answer(finished("new"))
    journal.close()
    long_ago = time.time() - (KEEP_DAYS + 1) * 86_400
    with sqlite3.connect(path) as database:
        database.execute("UPDATE jobs SET written_at = ? WHERE request_id != 'new'", (long_ago,))
    database.close()

    reopened = Journal(path)
    assert reopened.answered() == {"new"}
    assert [request.request_id for request in reopened.unfinished()] == ["waits"]
    reopened.close()


def test_what_another_version_wrote_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.write_request(Inpaint("1", layer=LAYER))
    journal.close()
    with sqlite3.connect(path) as database:
        for number, strange in enumerate((b"\x03\0\0\0\0\0\0\0abc", b"abc", b"", b"\xff" * 9)):
            row = (f"strange {number}", strange)
            database.execute("INSERT INTO jobs VALUES (?, 0, 0, ?)", row)
    database.close()

    reopened = Journal(path)
    assert [request.request_id for request in reopened.unfinished()] == ["1"]
    reopened.close()


def test_a_daemon_that_runs_for_long_keeps_no_old_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal.write_request(Inpaint("waits", layer=LAYER))
    journal.write_answer(finished("old"))
    monkeypatch.setattr(journal_module, "KEEP_DAYS", 0)
    journal.write_answer(finished("new"))
    assert "old" not in journal.answered()
    assert [request.request_id for request in journal.unfinished()] == ["waits"]
    journal.close()


def test_answers_that_take_too_much_room_go_oldest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal.write_request(Inpaint("waits", layer=LAYER))
    journal.write_answer(finished("1"))
    size = sum(map(len, encode(finished("1"))))
    monkeypatch.setattr(journal_module, "MOST_BYTES", int(2.5 * size))
    for name in "2345":
        journal.write_answer(finished(name))
    assert journal.answered() == {"3", "4", "5"}, "the third newest began within the limit"
    monkeypatch.setattr(journal_module, "MOST_BYTES", 0)
    monkeypatch.setattr("time.time", lambda: 0.0)  # somebody sets the clock back
    journal.write_answer(finished("6"))
    assert journal.answered() == {"6"}, "the newest always stays"
    assert [request.request_id for request in journal.unfinished()] == ["waits"]
    journal.close()


def test_a_locked_journal_is_not_taken_for_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.write_request(Inpaint("1", layer=LAYER))
    journal.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        open_journal(path)
    other.close()
    journal, unfinished, answered = open_journal(path)
    assert ([request.request_id for request in unfinished], answered) == (["1"], frozenset())
    journal.close()


def test_every_damaged_journal_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for number in range(3):
        path.write_bytes(b"this is no database %d" % number * 100)
        journal, unfinished, answered = open_journal(path)
        assert (unfinished, answered) == ((), frozenset())
        journal.write_request(Inpaint("1", layer=LAYER))
        journal.close()
    names = ["journal.damaged.sqlite", "journal.damaged1.sqlite", "journal.damaged2.sqlite"]
    assert all((tmp_path / name).read_bytes().startswith(b"this is no") for name in names)


def test_a_journal_with_a_damaged_page_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    for number in range(200):
        journal.write_request(Inpaint(f"{number}", layer=LAYER))
    journal.close()
    pages = bytearray(path.read_bytes())
    pages[8192:] = b"\xaa" * (len(pages) - 8192)
    path.write_bytes(pages)
    journal, unfinished, _ = open_journal(path)
    assert unfinished == ()
    assert (tmp_path / "journal.damaged.sqlite").exists()
    journal.close()
