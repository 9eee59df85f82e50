"""What survives a restart."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from inpaintd.journal import KEEP_DAYS, Journal
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
        strange = b"\x03\0\0\0\0\0\0\0abc"
        database.execute("INSERT INTO jobs VALUES ('0', 0, 0, ?)", (strange,))
    database.close()

    reopened = Journal(path)
    assert [request.request_id for request in reopened.unfinished()] == ["1"]
    reopened.close()
