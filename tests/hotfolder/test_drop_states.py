"""The life of drops, told as events, with no file, process or daemon."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaintd.hotfolder import drop_events as e
from inpaintd.hotfolder.drop_states import Drops
from inpaintd.hotfolder.drops import Drop, Member
from inpaintd.hotfolder.intake import Intake
from inpaintd.hotfolder.journal import DONE, FAILED, FAILING, PUBLISHED, TAKEN, WRITTEN, Row
from inpaintd.hotfolder.retries import RETRY_SECONDS
from inpaintd.hotfolder.slots import Slots
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Failed, Finished, Inpaint, Plan, Planned
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

BOX = Rectangle(0, 0, 2, 2)
PLANE = Plane(2, 2, 4, "u8", bytes(16))
FULL = InpaintError("unwritable", "The disk is full.", "Free some space.")
BAD = InpaintError("unreadable", "It is no picture.", "Drop a picture.")


class Story:
    """Drops, and a world that does what they ask for until it is told not to."""

    def __init__(self, *, slots: int = 2, once: bool = True) -> None:
        self.drops = Drops(
            Intake(settle_seconds=0, patience_seconds=0),
            Slots(slots, ahead=2),
            once=once,
            in_place=False,
        )
        self.now = 100.0
        self.todo: list[e.Instruction] = []
        self.said: list[str] = []
        self.keys: dict[str, str] = {}
        self.most_open = 0
        self._rows = 0

    def happens(self, event: e.Event) -> None:
        for instruction in self.drops.handle(event, self.now):
            if isinstance(instruction, e.GiveUp):
                raise instruction.error
            if isinstance(instruction, e.Say):
                self.said.append(f"{instruction.event} {instruction.facts.get('name', '')}".strip())
            else:
                self.todo.append(instruction)
        busy = [i.slot for i in self.todo if isinstance(i, e.Pixels)]
        assert len(set(busy)) == len(busy), "two instructions for one process"
        self.most_open = max(self.most_open, len(busy))

    def scan(self, *names: str) -> None:
        members = {n: {"picture": Member(n, (1, 1, 1, hash(n)), 0.0)} for n in names}
        self.happens(e.Scanned(tuple(Drop(n, m) for n, m in members.items())))

    def next(self, kind: type) -> Any:
        """Take the next instruction of this kind off the list."""
        found = next(i for i in self.todo if isinstance(i, kind))
        self.todo.remove(found)
        return found

    def has(self, kind: type) -> bool:
        return any(isinstance(i, kind) for i in self.todo)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.happens(e.Tick())

    def run(self) -> None:
        """Let everything go well until nothing is left to do."""
        while self.todo:
            self.does(self.todo.pop(0))

    def does(self, instruction: e.Instruction) -> None:
        """Let an instruction go well."""
        event = self.outcome(instruction)
        if event is not None:
            self.happens(event)

    def outcome(self, i: e.Instruction) -> e.Event | None:
        if isinstance(i, e.Open):
            name = i.files.members["picture"]
            key = self.keys.get(name, name)
            signatures = {"picture": (1, 1, 1, hash(name))}
            return e.Opened(i.ticket, e.Looked(key, signatures, Settings(), BOX, BOX))
        if isinstance(i, e.Take):
            self._rows += 1
            return e.Taken(i.ticket, replace(i.row, id=self._rows, state=TAKEN))
        if isinstance(i, e.Ask):
            request = i.request
            if isinstance(request, Plan):
                return e.Answered(Planned(request.request_id, BOX))
            return e.Answered(Finished(request.request_id, (), PLANE, (0, 0), "m"))
        if isinstance(i, e.CutOut):
            return e.Cut(i.ticket, Inpaint(i.request_id, PLANE))
        if isinstance(i, e.Store):
            return e.Stored(i.ticket, ("1.png",))
        if isinstance(i, e.NoteFailure):
            texts = (i.error.message, i.error.hint)
            return e.Stepped(i.ticket, replace(i.row, state=FAILING, error=texts))
        if isinstance(i, e.GiveBack):
            return e.Stepped(i.ticket, None)
        steps = {e.NoteResults: WRITTEN, e.Publish: PUBLISHED, e.PutAway: DONE, e.PutAside: FAILED}
        if type(i) in steps:
            row: Row = i.row  # type: ignore[union-attr]
            row = replace(row, state=steps[type(i)])
            if isinstance(i, e.NoteResults):
                row = replace(row, outputs=(("1.png", row.name),))
            return e.Stepped(i.ticket, row)  # type: ignore[union-attr]
        return None


def test_all_goes_well() -> None:
    story = Story()
    story.scan("a", "b", "c", "d", "e", "f")
    story.run()
    assert story.drops.counts.done == 6
    assert story.drops.idle
    assert story.most_open <= 2


def test_a_drop_that_meets_a_full_disk_is_not_opened_again() -> None:
    story = Story(once=False)
    names = tuple("abcdefgh")
    story.scan(*names)
    opened = 0
    for _ in range(20):
        while story.has(e.Open):
            opened += 1
            story.does(story.next(e.Open))
        while story.has(e.Take):
            story.happens(e.Stuck(story.next(e.Take), FULL))
        story.scan(*names)
        story.wait(RETRY_SECONDS)
    assert opened == 4  # as many as there may be at once
    assert story.said == ["trouble"] * 2  # once a minute
    story.run()
    for _ in range(3):
        story.wait(RETRY_SECONDS)
        story.run()
    assert story.drops.counts.done == 8


def test_once_gives_up_on_a_full_disk() -> None:
    story = Story()
    story.scan("a")
    story.does(story.next(e.Open))
    for _ in range(5):
        story.happens(e.Stuck(story.next(e.Take), FULL))
        story.wait(RETRY_SECONDS)
    with pytest.raises(InpaintError, match="full"):
        story.happens(e.Stuck(story.next(e.Take), FULL))


@pytest.mark.parametrize("unexpected", [False, True], ids=["dies", "unexpected"])
def test_a_suspect_is_tried_again_alone_and_then_put_aside(unexpected: bool) -> None:
    def goes_wrong(ticket: int) -> e.Event:
        return e.Unopened(ticket, BAD, unexpected=True) if unexpected else e.Died(ticket, "SIGSEGV")

    story = Story(slots=3)
    story.scan("bad", "b", "c", "d")
    bad = story.next(e.Open)
    assert bad.files.members["picture"] == "bad"
    story.happens(goes_wrong(bad.ticket))
    others = [story.next(e.Open), story.next(e.Open)]
    assert not story.has(e.Open), "nothing new begins while a suspect waits"
    for other in others:
        story.does(other)
    again = story.next(e.Open)
    assert again.alone
    assert again.ticket == bad.ticket
    assert not story.has(e.Open)
    story.happens(goes_wrong(again.ticket))
    story.run()
    assert "failed bad" in story.said
    assert story.drops.counts.done == 3
    assert story.drops.counts.failed == 1


def test_what_ended_the_watch_twice_is_not_opened_again() -> None:
    story = Story()
    drop = Drop("bad", {"picture": Member("bad", (1, 1, 1, hash("bad")), 0.0)})
    story.happens(e.Restored((), (), {drop.signature: 2}))
    story.scan("bad", "b")
    assert [i.files.members["picture"] for i in story.todo if isinstance(i, e.Open)] == ["b"]
    story.run()
    assert "failed bad" in story.said


def test_a_lack_of_memory_is_tried_again_with_all_of_it() -> None:
    story = Story()
    story.scan("large")
    lack = InpaintError("too_large", "There is no room.", retriable=True)
    first = story.next(e.Open)
    story.happens(e.Unopened(first.ticket, lack))
    second = story.next(e.Open)
    assert (first.alone, second.alone) == (False, True)
    story.run()
    story.does(second)
    story.run()
    assert story.drops.counts.done == 1


def test_twins_are_filled_once() -> None:
    story = Story()
    story.keys = {"a": "same", "b": "same"}
    story.scan("a", "b")
    opens = [story.next(e.Open), story.next(e.Open)]
    for instruction in opens:
        story.does(instruction)
    assert sum(isinstance(i, e.Take) for i in story.todo) == 1
    story.run()
    assert story.drops.counts.done == 2  # here nobody says that the result is there


def test_a_refusal_of_the_daemon_fails_that_drop_alone() -> None:
    story = Story()
    story.scan("a", "b")
    while not story.has(e.Ask):
        story.does(story.todo.pop(0))
    ask = story.next(e.Ask)
    story.happens(e.Answered(Failed(ask.request.request_id, "unknown_model", "No such model.")))
    story.run()
    assert (story.drops.counts.done, story.drops.counts.failed) == (1, 1)


def test_a_file_that_cannot_be_moved_is_left_alone_for_a_while() -> None:
    story = Story(once=False)
    story.scan("a")
    story.does(story.next(e.Open))
    take = story.next(e.Take)
    story.happens(e.NotTaken(take.ticket, replace(take.row, id=1), "Permission denied"))
    story.run()
    story.scan("a")
    assert not story.todo
    assert story.said == ["trouble"]
    story.wait(RETRY_SECONDS)
    story.run()
    assert story.drops.counts.done == 1


def test_a_step_that_fails_every_time_ends_only_its_job() -> None:
    story = Story(once=False)
    story.scan("a", "b")
    while not story.has(e.PutAway):
        story.does(story.todo.pop(0))
    broken = story.next(e.PutAway)
    for _ in range(2):
        story.happens(e.Stuck(broken, BAD, unexpected=True))
        story.wait(RETRY_SECONDS)
    story.todo = [i for i in story.todo if not isinstance(i, e.PutAway) or i != broken]
    story.run()
    assert (story.drops.counts.done, story.drops.counts.failed) == (1, 1)
    assert story.drops.idle


@given(st.data())
def test_whatever_happens_every_drop_ends_once(data: st.DataObject) -> None:
    """Steps fail and processes die at random; nothing is lost, doubled or left undone."""
    story = Story(slots=data.draw(st.integers(1, 3)), once=False)
    names = tuple("abcdef")
    story.scan(*names)
    for _ in range(400):
        if not story.todo:
            if story.drops.idle:
                break
            left = tuple(n for n in names if not any(n == s.split(" ")[1] for s in ends(story)))
            story.scan(*left)
            story.wait(RETRY_SECONDS)
            continue
        instruction = story.todo.pop(data.draw(st.integers(0, len(story.todo) - 1)))
        mishap = data.draw(st.sampled_from(["", "", "", "dies", "stuck", "broken", "changed"]))
        event = story.outcome(instruction)
        if isinstance(instruction, e.Pixels):
            if mishap == "dies":
                event = e.Died(instruction.ticket, "SIGKILL")
            elif mishap == "broken":
                event = e.Unopened(instruction.ticket, BAD, unexpected=True)
            elif mishap == "changed" and isinstance(instruction, e.Open):
                event = e.Changed(instruction.ticket)
        elif mishap == "stuck" and not isinstance(instruction, (e.Ask, e.Release, e.Rescan)):
            event = e.Stuck(instruction, FULL)
        if event is not None:
            story.happens(event)
    assert story.drops.idle
    assert sorted(s.split(" ")[1] for s in ends(story)) == sorted(names)


def ends(story: Story) -> list[str]:
    return [s for s in story.said if s.split(" ")[0] in ("done", "failed")]
