"""Survival of a restart."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inpaintd.server import events as e
from inpaintd.server import journal_index
from inpaintd.server.journal import Journal
from inpaintd.server.journal_clock import LONGEST_GAP_SECONDS, JournalClock
from inpaintd.server.journal_index import KEEP_DAYS
from inpaintd.server.journal_thread import JournalThread
from inpaintd_protocol.codec import encode
from inpaintd_protocol.messages import Cancelled, Finished, Inpaint, MakeMask, ResultLayer
from inpaintd_protocol.plane import Plane
from tests.running import eventually
from tests.small_disk import small_disk

LAYER = Plane(2, 1, 4, "u16", bytes(range(16)))
MASK = Plane(2, 1, 1, "u16", b"\xff\xff\x00\x00")
DAY = 86_400.0


def finished(request_id: str) -> Finished:
    layers = (ResultLayer(LAYER, (3, 4), seed=5, mask=MASK),)
    return Finished(request_id, layers=layers, mask=MASK, mask_offset=(3, 4), model="m")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def waiting(journal: Journal) -> list[str]:
    return [request.request_id for request in journal.unfinished()]


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix in (".request", ".answer"))


def test_requests_and_answers_come_back_as_they_were(folder: Path) -> None:
    odd = "/../~ .request"
    requests = (Inpaint(odd, layer=LAYER, mask=MASK), MakeMask("2", layer=LAYER))
    journal = Journal(folder)
    for request in (*requests, Inpaint("3", layer=LAYER), Inpaint("4" * 64, layer=LAYER)):
        journal.write_request(request)
    journal.write_answer(finished("3"))
    journal.write_answer(Cancelled("4" * 64))
    journal.close()

    reopened = Journal(folder)
    assert tuple(reopened.unfinished()) == requests
    assert reopened.answered() == {"3", "4" * 64}
    assert reopened.recall("3") == finished("3")
    assert reopened.recall("4" * 64) == Cancelled("4" * 64)
    assert reopened.recall(odd) == requests[0]
    assert reopened.recall("unheard of") is None
    assert len(files(folder)) == 4, "an answer takes the place of its request"


def test_it_is_for_this_user_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        journal = Journal(folder)
        journal.write_request(Inpaint("1", layer=LAYER))
        journal.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_what_the_daemon_was_writing_when_it_ended_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each step of writing an answer: either it is there, or its request still is."""
    for step in ("open", "fsync", "replace"):
        journal = Journal(folder)
        journal.write_request(Inpaint(step, layer=LAYER))
        with monkeypatch.context() as patch:
            owner = Path if step == "replace" else os
            patch.setattr(owner, step, _dies)
            with pytest.raises(KeyboardInterrupt):
                journal.write_answer(finished(step))
        reopened = Journal(folder)
        assert step in waiting(reopened)
        assert not list(folder.glob("*.part"))


def _dies(*_arguments: object, **_named: object) -> None:
    raise KeyboardInterrupt


def test_an_answer_beside_its_request_counts_alone(folder: Path) -> None:
    """As when the daemon ends between writing the one and deleting the other."""
    journal = Journal(folder)
    journal.write_request(Inpaint("1", layer=LAYER))
    (request,) = files(folder)
    content = request.read_bytes()
    journal.write_answer(finished("1"))
    request.write_bytes(content)
    reopened = Journal(folder)
    assert (waiting(reopened), reopened.answered()) == ([], {"1"})
    assert not request.exists()


class TestBounds:
    def test_old_answers_are_dropped_and_old_requests_are_not(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = Journal(folder)
        journal.write_request(Inpaint("waits", layer=LAYER))
        journal.write_answer(finished("old"))
        monkeypatch.setattr(JournalClock, "now", lambda _self: (KEEP_DAYS + 1) * DAY)
        journal.write_answer(finished("new"))
        assert journal.answered() == {"new"}
        assert waiting(journal) == ["waits"]
        assert len(files(folder)) == 2

    def test_answers_that_take_too_much_room_go_oldest_first(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = Journal(folder)
        journal.write_request(Inpaint("waits", layer=LAYER))
        journal.write_answer(finished("1"))
        size = sum(map(len, encode(finished("1"))))
        monkeypatch.setattr(journal_index, "MOST_BYTES", int(2.5 * size))
        for name in "2345":
            journal.write_answer(finished(name))
        assert len(journal.answered()) in (2, 3)
        assert "5" in journal.answered()
        monkeypatch.setattr(journal_index, "MOST_BYTES", 0)
        journal.write_answer(finished("6"))
        assert journal.answered() == {"6"}, "the newest always stays"
        assert waiting(journal) == ["waits"]

    def test_so_do_more_answers_than_it_keeps(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal_index, "MOST_ANSWERS", 2)
        journal = Journal(folder)
        dropped = [journal.write_answer(finished(name)) for name in "1232"]
        assert dropped == [[], [], ["1"], []]
        assert journal.answered() == {"2", "3"}
        assert journal.write_answer(finished("4")) == ["3"], "the other was written again"
        assert Journal(folder).answered() == {"2", "4"}
        assert len(files(folder)) == 2

    def test_a_clock_that_jumps_ahead_drops_nothing(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = time.time()
        for jump in (0.0, 30 * DAY, -400 * DAY, 365 * DAY):
            monkeypatch.setattr("time.time", lambda jump=jump: now + jump)
            journal = Journal(folder)
            journal.write_answer(finished(f"after {jump}"))
            journal.close()
        assert len(Journal(folder).answered()) == 4

    def test_the_clock_counts_a_pause_of_the_daemon(self, tmp_path: Path) -> None:
        clock = JournalClock(tmp_path / "clock")
        clock.save()
        hours_ago = time.time() - 3600
        os.utime(tmp_path / "clock", (hours_ago, hours_ago))
        assert 3600 <= JournalClock(tmp_path / "clock").now() < 3700
        os.utime(tmp_path / "clock", (0, 0))
        assert JournalClock(tmp_path / "clock").now() < LONGEST_GAP_SECONDS + 100
        (tmp_path / "clock").write_bytes(b"\xffnonsense")
        assert JournalClock(tmp_path / "clock").now() < 100


class TestDamage:
    @pytest.mark.parametrize(
        ("change", "word"),
        [
            (lambda data: b"", "damaged"),
            (lambda data: b"this is no journal" * 9, "damaged"),
            (lambda data: data[: len(data) // 2], "truncated"),
            (lambda data: data[:20], "truncated"),
            (lambda data: data.replace(b"journal 1\n", b"journal 2\n"), "another version"),
            (lambda data: data.replace(b"request_id", b"request_ix"), "request_i"),
            (lambda data: data[:27] + b"\xff" * 8 + data[35:], "truncated"),
        ],
        ids=["empty", "garbage", "half", "head alone", "newer", "unreadable", "absurd length"],
    )
    def test_a_file_that_cannot_be_read_is_put_aside_and_harms_no_other(
        self, folder: Path, caplog: pytest.LogCaptureFixture, change: object, word: str
    ) -> None:
        journal = Journal(folder)
        journal.write_request(Inpaint("good", layer=LAYER))
        journal.write_request(Inpaint("bad", layer=LAYER))
        bad = files(folder)[1]
        bad.write_bytes(change(bad.read_bytes()))  # type: ignore[operator]
        reopened = Journal(folder)
        assert waiting(reopened) == ["good"]
        assert [p.name for p in (folder / "aside").iterdir()] == [bad.name]
        assert word in caplog.text
        assert reopened.recall("bad") is None

    def test_files_of_others_are_left_alone(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
        (folder / "000000000001-zz.request").write_text("no hexadecimal digits")
        assert waiting(Journal(folder)) == []
        assert len(list(folder.iterdir())) == 2

    def test_what_somebody_deletes_is_forgotten(self, folder: Path) -> None:
        journal = Journal(folder)
        journal.write_answer(finished("1"))
        files(folder)[0].unlink()
        assert journal.recall("1") is None
        assert journal.answered() == frozenset()


class Thread:
    """A journal's thread, and what it has reported."""

    def __init__(self, folder: Path) -> None:
        self.woken = threading.Event()
        self.thread = JournalThread(folder, self.woken.set)
        self.heard: list[e.Event] = []

    def hear(self, kind: type[e.Event]) -> e.Event:
        def heard() -> bool:
            self.heard += self.thread.events()
            return any(isinstance(event, kind) for event in self.heard)

        eventually(heard, f"{kind.__name__} comes")
        return next(event for event in reversed(self.heard) if isinstance(event, kind))


@pytest.fixture
def thread(folder: Path) -> Iterator[Thread]:
    running = Thread(folder)
    yield running
    running.thread.close()


class TestThread:
    def test_it_reports_what_it_has_done(self, thread: Thread, folder: Path) -> None:
        request = Inpaint("1", layer=LAYER)
        thread.thread.carry_out(e.Keep(request))
        assert thread.hear(e.Kept) == e.Kept("1")
        assert thread.woken.is_set()
        thread.thread.carry_out(e.Recall(b"A", "a client", "1"))
        assert thread.hear(e.Recalled) == e.Recalled(b"A", "a client", "1", request=request)
        thread.thread.carry_out(e.KeepAnswer(finished("1")))
        thread.thread.close()
        later = Thread(folder)
        later.thread.restore()
        assert later.hear(e.Restored) == e.Restored((), frozenset({"1"}))
        later.thread.carry_out(e.Discard("1"))
        later.thread.close()
        assert files(folder) == []

    def test_nothing_starts_before_it_is_needed(self, folder: Path) -> None:
        idle = Thread(folder)
        idle.thread.restore()
        assert idle.thread._thread is None
        idle.thread.close()
        assert not folder.exists()

    def test_a_folder_that_cannot_be_used_is_said_and_tried_again(
        self, thread: Thread, folder: Path
    ) -> None:
        folder.write_text("a file, where the folder should be")
        thread.thread.carry_out(e.Keep(Inpaint("1", layer=LAYER)))
        failed = thread.hear(e.NotKept)
        assert isinstance(failed, e.NotKept)
        assert failed.reason == "File exists"
        folder.unlink()
        thread.thread.carry_out(e.Keep(Inpaint("1", layer=LAYER)))
        thread.hear(e.Kept)

    def test_a_full_disk_is_said_and_leaves_no_half_file(self, tmp_path: Path) -> None:
        with small_disk(tmp_path, "256k") as disk:
            thread = Thread(disk / "journal")
            big = Plane(300, 300, 4, "u8", bytes(360_000))
            thread.thread.carry_out(e.Keep(Inpaint("big", layer=big)))
            failed = thread.hear(e.NotKept)
            assert failed == e.NotKept("big", "No space left on device")
            thread.thread.carry_out(e.Keep(Inpaint("small", layer=LAYER)))
            thread.hear(e.Kept)
            assert len(list((disk / "journal").iterdir())) == 1
            thread.thread.close()
