"""The job state machine, with no sockets and no processes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaintd.server import events as e
from inpaintd.server.job_state import INTERRUPT_SECONDS
from inpaintd.server.jobs import RESTART_SECONDS, Jobs
from inpaintd_protocol import limits
from inpaintd_protocol.messages import (
    Accepted,
    Cancelled,
    Failed,
    Finished,
    Inpaint,
    Preview,
    Progress,
)
from inpaintd_protocol.plane import Plane

PIXEL = Plane(1, 1, 4, "u8", bytes(4))
MASK = Plane(1, 1, 1, "u8", b"\xff")


def inpaint(request_id: str, on_disconnect: str = "cancel", plane: Plane = PIXEL) -> Inpaint:
    return Inpaint(request_id, layer=plane, on_disconnect=on_disconnect)


def finished(request_id: str) -> Finished:
    return Finished(request_id, layers=(), mask=MASK, mask_offset=(0, 0), model="m")


class Story:
    """Lets events happen at a clock of its own and remembers what was asked for."""

    def __init__(self, workers: int = 1, keep_alive_seconds: float = 300.0) -> None:
        self.jobs = Jobs(workers=workers, keep_alive_seconds=keep_alive_seconds)
        self.now = 0.0
        self.past: list[e.Instruction] = []

    def happen(self, event: e.Event) -> list[e.Instruction]:
        out = self.jobs.handle(event, self.now)
        self.past += out
        return out

    def submit(
        self, request_id: str, client: bytes = b"A", **kwargs: object
    ) -> list[e.Instruction]:
        return self.happen(e.Submitted(client, inpaint(request_id, **kwargs)))  # type: ignore[arg-type]

    def running(
        self, request_id: str = "1", *, interruptible: bool = True, **kwargs: object
    ) -> None:
        self.submit(request_id, **kwargs)  # type: ignore[arg-type]
        self.happen(e.WorkerReady(0))
        self.happen(e.WorkStarted(0, "m", interruptible))

    def tick(self, seconds: float) -> list[e.Instruction]:
        self.now += seconds
        return self.happen(e.Ticked())

    def sent(self, client: bytes = b"A") -> list[object]:
        return [i.message for i in self.past if isinstance(i, e.Send) and i.client == client]


def kinds(instructions: list[e.Instruction]) -> list[type[object]]:
    return [type(i) for i in instructions]


def test_a_request_starts_a_worker_is_assigned_to_it_and_answered_once() -> None:
    story = Story()
    assert kinds(story.submit("1")) == [e.Send, e.StartWorker]
    assert kinds(story.happen(e.WorkerReady(0))) == [e.Assign, e.Send]
    story.happen(e.WorkerSaid(0, Progress("1", "denoising", 0.5)))
    story.happen(e.WorkerSaid(0, finished("1")))
    story.happen(e.WorkerSaid(0, finished("1")))  # a repeated end changes nothing
    assert [type(m) for m in story.sent()] == [Accepted, Progress, Progress, Finished]
    assert not story.jobs.states()


def test_positions_count_from_the_next_to_run() -> None:
    story = Story()
    story.running("0")
    for name in ("1", "2"):
        story.submit(name)
    assert [m.position for m in story.sent() if isinstance(m, Accepted)] == [1, 1, 2]
    story.tick(limits.HEARTBEAT_SECONDS)
    waiting = [m for m in story.sent() if isinstance(m, Progress) and m.phase == "waiting"]
    assert [(m.request_id, m.position) for m in waiting] == [("1", 1), ("2", 2)]


def test_clients_take_turns() -> None:
    story = Story()
    story.running("a0", client=b"A")
    for name in ("a1", "a2", "a3"):
        story.submit(name, client=b"A")
    story.submit("b1", client=b"B")
    served = []
    running = "a0"
    for _ in range(4):
        out = story.happen(e.WorkerSaid(0, finished(running)))
        (given,) = [i for i in out if isinstance(i, e.Assign)]
        running = given.request.request_id
        served.append(running)
    assert served == ["a1", "b1", "a2", "a3"]


def test_a_repeated_id_is_answered_from_its_state() -> None:
    story = Story()
    story.running("1")
    story.submit("1", client=b"B")
    assert isinstance(story.sent(b"B")[0], Accepted)
    assert sum(isinstance(i, e.Assign) for i in story.past) == 1
    story.happen(e.WorkerSaid(0, finished("1")))
    assert isinstance(story.sent(b"B")[-1], Finished), "the latest sender owns the answer"
    before = len(story.past)
    story.submit("1", client=b"C")
    assert story.past[before:] == [e.Send(b"C", finished("1"))]


def test_cancelling_a_waiting_request_answers_at_once() -> None:
    story = Story()
    story.running("1")
    story.submit("2")
    story.happen(e.CancelRequested(b"A", "2"))
    assert story.sent()[-1] == Cancelled("2")
    assert [s.request_id for s in story.jobs.states()] == ["1"]


def test_cancelling_an_interruptible_engine_keeps_its_worker() -> None:
    story = Story()
    story.running("1")
    assert story.happen(e.CancelRequested(b"A", "1")) == [e.Interrupt(0, "1")]
    assert story.happen(e.CancelRequested(b"A", "1")) == [], "asking twice changes nothing"
    story.happen(e.WorkerSaid(0, Cancelled("1")))
    assert story.sent()[-1] == Cancelled("1")
    assert story.jobs.slots[0].state == "idle"


def test_an_engine_that_does_not_heed_is_killed_after_a_while() -> None:
    story = Story()
    story.running("1")
    story.happen(e.CancelRequested(b"A", "1"))
    assert e.KillWorker(0) not in story.tick(INTERRUPT_SECONDS - 0.1)
    assert e.KillWorker(0) in story.tick(0.2)
    story.happen(e.WorkerEnded(0, "killed"))
    assert story.sent()[-1] == Cancelled("1")


def test_cancelling_an_uninterruptible_engine_kills_its_worker_at_once() -> None:
    story = Story()
    story.running("1", interruptible=False)
    assert story.happen(e.CancelRequested(b"A", "1")) == [e.KillWorker(0)]
    story.submit("2")
    out = story.happen(e.WorkerEnded(0, "killed"))
    assert out == [e.Send(b"A", Cancelled("1")), e.StartWorker(0)]


def test_cancelling_while_the_engine_loads_waits_for_what_it_can_do() -> None:
    for interruptible in (True, False):
        story = Story()
        story.submit("1")
        story.happen(e.WorkerReady(0))
        assert story.happen(e.CancelRequested(b"A", "1")) == [e.Interrupt(0, "1")]
        started = story.happen(e.WorkStarted(0, "m", interruptible))
        assert started == ([] if interruptible else [e.KillWorker(0)])


def test_somebody_else_who_cancels_learns_of_it_too() -> None:
    story = Story()
    story.running("1")
    story.happen(e.CancelRequested(b"B", "1"))
    story.happen(e.WorkerSaid(0, Cancelled("1")))
    assert story.sent(b"A")[-1] == story.sent(b"B")[-1] == Cancelled("1")


def test_cancelling_what_has_ended_gives_its_end() -> None:
    story = Story()
    story.running("1")
    story.happen(e.WorkerSaid(0, finished("1")))
    story.happen(e.CancelRequested(b"B", "1"))
    assert story.sent(b"B") == [finished("1")]
    story.happen(e.CancelRequested(b"B", "2"))
    last = story.sent(b"B")[-1]
    assert isinstance(last, Failed)
    assert last.code == "unknown_request"


def test_a_vanished_client_cancels_its_requests_and_no_others() -> None:
    story = Story()
    story.running("1")
    story.submit("2", client=b"A")
    story.submit("3", client=b"B")
    assert e.Interrupt(0, "1") in story.happen(e.ClientVanished(b"A"))
    story.happen(e.WorkerSaid(0, Cancelled("1")))
    assert [s.request_id for s in story.jobs.states()] == ["3"]


def test_a_kept_request_survives_its_client_and_can_be_fetched() -> None:
    story = Story()
    story.running("1", on_disconnect="keep")
    assert any(isinstance(i, e.Journal) for i in story.past)
    story.happen(e.ClientVanished(b"A"))
    out = story.happen(e.WorkerSaid(0, finished("1")))
    assert e.JournalAnswer(finished("1")) in out
    story.happen(e.AttachRequested(b"B", "1"))
    assert story.sent(b"B") == [finished("1")]


def test_attaching_to_a_running_request_moves_its_answers() -> None:
    story = Story()
    story.running("1", on_disconnect="keep")
    story.happen(e.AttachRequested(b"B", "1"))
    before = len(story.sent(b"A"))
    story.happen(e.WorkerSaid(0, Preview("1", 0, (0, 0), (1, 1), PIXEL)))
    story.happen(e.WorkerSaid(0, finished("1")))
    assert [type(m) for m in story.sent(b"B")] == [Accepted, Progress, Preview, Finished]
    assert len(story.sent(b"A")) == before


def test_after_a_restart_kept_work_goes_on_and_kept_answers_are_recalled() -> None:
    story = Story()
    out = story.happen(e.Restored((inpaint("1", "keep"),), frozenset({"0"})))
    assert out == [e.StartWorker(0)]
    assert story.happen(e.AttachRequested(b"A", "0")) == [e.Recall(b"A", "0")]
    assert story.submit("0") == [e.Recall(b"A", "0")], "it is not done a second time"
    story.happen(e.AttachRequested(b"A", "1"))
    assert isinstance(story.sent()[-1], Progress)


def test_a_dying_worker_fails_its_request_only_the_second_time() -> None:
    story = Story()
    story.running("1")
    assert e.StartWorker(0) in story.happen(e.WorkerEnded(0, "exit code -11"))
    assert e.Assign(0, inpaint("1")) in story.happen(e.WorkerReady(0))
    story.submit("2")
    out = story.happen(e.WorkerEnded(0, "exit code -11"))
    failed = story.sent()[-1]
    assert isinstance(failed, Failed)
    assert (failed.request_id, failed.code) == ("1", "worker_died")
    assert e.StartWorker(0) in out, "the next request gets a fresh worker"


def test_a_worker_that_cannot_start_is_tried_once_more_then_fails_the_waiting() -> None:
    story = Story()
    story.submit("1")
    assert story.happen(e.WorkerEnded(0, "exit code 1")) == [e.StartWorker(0)]
    assert story.happen(e.WorkerEnded(0, "exit code 1")) == [
        e.Send(b"A", story.sent()[-1]),  # type: ignore[arg-type]
    ]
    assert isinstance(story.sent()[-1], Failed)
    story.submit("2")
    assert story.happen(e.WorkerEnded(0, "exit code -9")) == [e.StartWorker(0)]


def test_a_worker_that_says_why_it_cannot_start_is_not_tried_again() -> None:
    story = Story()
    story.submit("1")
    story.happen(e.WorkerEnded(0, "the cluster is full", explained=True))
    assert isinstance(story.sent()[-1], Failed)


def test_a_worker_that_cannot_start_beside_others_is_not_tried_again_at_once() -> None:
    story = Story(workers=2)
    story.running("1")
    assert e.StartWorker(1) in story.submit("2")
    story.submit("3")
    assert story.happen(e.WorkerEnded(1, "exit code 1")) == []
    assert e.StartWorker(1) not in story.tick(RESTART_SECONDS - 1)
    assert e.StartWorker(1) in story.tick(2)


def test_the_only_worker_is_tried_again_for_the_next_request() -> None:
    story = Story()
    story.submit("1")
    story.happen(e.WorkerEnded(0, "it said why", explained=True))
    assert e.StartWorker(0) in story.submit("2")


def test_what_the_journal_has_forgotten_can_be_sent_again() -> None:
    story = Story()
    story.happen(e.Restored((), frozenset({"1"})))
    assert story.submit("1") == [e.Recall(b"A", "1")]
    story.happen(e.Forgotten("1"))
    story.submit("1")
    assert isinstance(story.sent()[-1], Accepted)


def test_a_journal_that_opens_late_disturbs_nothing_under_way() -> None:
    story = Story()
    story.submit("1", on_disconnect="keep")
    story.happen(e.Restored((inpaint("1", "keep"), inpaint("2", "keep")), frozenset()))
    assert [state.request_id for state in story.jobs.states()] == ["1", "2"]
    story.happen(e.WorkerReady(0))
    story.happen(e.WorkerSaid(0, finished("1")))
    assert story.sent()[-1] == finished("1")


def test_a_full_queue_says_busy_and_forgets_the_request() -> None:
    story = Story()
    story.running("0")
    for number in range(limits.QUEUED_REQUESTS):
        story.submit(f"n{number}")
    story.submit("late")
    busy = story.sent()[-1]
    assert isinstance(busy, Failed)
    assert (busy.code, busy.retriable) == ("busy", True)
    assert busy.retry_after_seconds
    story.happen(e.CancelRequested(b"A", "n0"))
    story.submit("late")
    assert isinstance(story.sent()[-1], Accepted), "the same id is welcome once there is room"


def test_a_queue_full_of_bytes_says_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "QUEUED_BYTES", 8)
    story = Story()
    story.running("0")
    for name in ("1", "2", "3"):
        story.submit(name)
    assert [type(m) for m in story.sent()[-3:]] == [Accepted, Accepted, Failed]
    story.happen(e.WorkerSaid(0, finished("0")))
    story.submit("3")
    assert isinstance(story.sent()[-1], Accepted), "the bytes of what runs no longer count"


def test_an_idle_worker_is_ended_after_keep_alive_and_assigned_nothing_meanwhile() -> None:
    story = Story(keep_alive_seconds=10)
    story.running("1")
    story.happen(e.WorkerSaid(0, finished("1")))
    assert story.tick(9) == []
    assert story.tick(2) == [e.KillWorker(0)]
    assert kinds(story.submit("2")) == [e.Send]
    assert e.StartWorker(0) in story.happen(e.WorkerEnded(0, "ended"))
    assert story.jobs.active


def test_a_plan_warms_one_worker() -> None:
    story = Story(workers=2)
    assert story.happen(e.Anticipated()) == [e.StartWorker(0)]
    assert story.happen(e.Anticipated()) == []


def test_shutting_down_answers_everybody_and_exits() -> None:
    story = Story()
    story.running("1")
    story.submit("2", client=b"B")
    story.submit("3", client=b"B", on_disconnect="keep")
    out = story.happen(e.ShutdownRequested())
    assert out[-1] == e.Exit()
    answers = [i.message for i in out if isinstance(i, e.Send)]
    assert [(m.request_id, type(m)) for m in answers] == [(n, Failed) for n in "123"]
    assert not any(isinstance(i, e.JournalAnswer) for i in out), "kept work stays to be done"


@settings(max_examples=200)
@given(st.data())
def test_every_request_gets_exactly_one_terminal_answer(data: st.DataObject) -> None:
    """Whatever happens in whatever order: one terminal answer for each id, not two, not none."""
    story = Story(workers=data.draw(st.integers(1, 3)))
    owner: dict[str, bytes] = {}
    for number in range(data.draw(st.integers(1, 12))):
        client = data.draw(st.sampled_from([b"A", b"B", b"C"]))
        owner[str(number)] = client
        story.submit(str(number), client=client)
        for _ in range(data.draw(st.integers(0, 3))):
            _something_happens(story, data, list(owner))
    for _ in range(200):
        if not story.jobs.states():
            break
        _workers_go_on(story)
    terminals = Counter(
        i.message.request_id
        for i in story.past
        if isinstance(i, e.Send)
        and i.client == owner[i.message.request_id]
        and isinstance(i.message, (Finished, Failed, Cancelled))
    )
    assert terminals == Counter(dict.fromkeys(owner, 1))


def _workers_go_on(story: Story) -> None:
    for number, slot in enumerate(story.jobs.slots):
        if slot.state == "starting":
            story.happen(e.WorkerReady(number))
        elif slot.state == "busy":
            assert slot.request_id is not None
            story.happen(e.WorkerSaid(number, finished(slot.request_id)))


def _something_happens(story: Story, data: st.DataObject, ids: list[str]) -> None:
    number = data.draw(st.integers(0, len(story.jobs.slots) - 1))
    slot = story.jobs.slots[number]
    what = data.draw(st.sampled_from(["ready", "finish", "die", "cancel", "tick", "started"]))
    if what == "ready" and slot.state == "starting":
        story.happen(e.WorkerReady(number))
    elif what == "started" and slot.state == "busy":
        story.happen(e.WorkStarted(number, "m", data.draw(st.booleans())))
    elif what == "finish" and slot.state == "busy":
        assert slot.request_id is not None
        story.happen(e.WorkerSaid(number, finished(slot.request_id)))
    elif what == "die" and slot.state != "absent":
        story.happen(e.WorkerEnded(number, "died"))
    elif what == "cancel":
        unfinished = [s.request_id for s in story.jobs.states()]
        if unfinished:
            chosen = data.draw(st.sampled_from(unfinished))
            story.happen(e.CancelRequested(b"Z", chosen))
    else:
        story.tick(data.draw(st.floats(0, 10)))
