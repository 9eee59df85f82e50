"""The job state machine, with no sockets and no processes."""

from __future__ import annotations

import pytest

from inpaintd.server import events as e
from inpaintd.server.job_state import INTERRUPT_SECONDS
from inpaintd.server.jobs import Jobs
from inpaintd.server.slots import END_SECONDS, FIRST_PAUSE_SECONDS, PATIENCE, STARTS, TimeLimits
from inpaintd.server.story import MOST_MOMENTS, MOST_STORIES
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
from inpaintd_protocol.settings import Settings

PIXEL = Plane(1, 1, 4, "u8", bytes(4))
MASK = Plane(1, 1, 1, "u8", b"\xff")


def inpaint(request_id: str, on_disconnect: str = "cancel", plane: Plane = PIXEL) -> Inpaint:
    return Inpaint(request_id, layer=plane, on_disconnect=on_disconnect)


def finished(request_id: str) -> Finished:
    return Finished(request_id, layers=(), mask=MASK, mask_offset=(0, 0), model="m")


class Story:
    """Lets events happen at a clock of its own and remembers what was asked for."""

    def __init__(
        self, workers: int = 1, limits: TimeLimits | None = None, *, restoring: bool = False
    ) -> None:
        self.jobs = Jobs(workers=workers, time_limits=limits, restoring=restoring)
        self.now = 0.0
        self.past: list[e.Instruction] = []
        self.log: list[e.Log] = []

    def happen(self, event: e.Event) -> list[e.Instruction]:
        told = self.jobs.handle(event, self.now)
        out = [instruction for instruction in told if not isinstance(instruction, e.Log)]
        self.log += [i for i in told if isinstance(i, e.Log)]
        self.past += out
        return out

    def submit(
        self, request_id: str, client: bytes = b"A", **kwargs: object
    ) -> list[e.Instruction]:
        """Send a request; one that is to be kept is journalled at once."""
        out = self.happen(e.Submitted(client, inpaint(request_id, **kwargs)))  # type: ignore[arg-type]
        if any(isinstance(instruction, e.Keep) for instruction in out):
            out = self.happen(e.Kept(request_id))
        return out

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


def killed(instructions: list[e.Instruction]) -> list[int]:
    """The slots whose workers are ended."""
    return [i.worker for i in instructions if isinstance(i, e.KillWorker)]


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
    assert killed(story.tick(INTERRUPT_SECONDS - 0.1)) == []
    assert killed(story.tick(0.2)) == [0]
    story.happen(e.WorkerEnded(0, "killed"))
    assert story.sent()[-1] == Cancelled("1")


def test_cancelling_an_uninterruptible_engine_kills_its_worker_at_once() -> None:
    story = Story()
    story.running("1", interruptible=False)
    assert killed(story.happen(e.CancelRequested(b"A", "1"))) == [0]
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
        assert killed(started) == ([] if interruptible else [0])


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
    assert any(isinstance(i, e.Keep) for i in story.past)
    story.happen(e.ClientVanished(b"A"))
    out = story.happen(e.WorkerSaid(0, finished("1")))
    assert e.KeepAnswer(finished("1")) in out
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
    assert story.happen(e.AttachRequested(b"A", "0")) == [e.Recall(b"A", "", "0")]
    assert story.submit("0") == [e.Recall(b"A", "", "0")], "it is not done a second time"
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


def fail_to_start(story: Story, times: int, reason: str = "its exit code was 1") -> None:
    for _ in range(times):
        while not any(slot.state == "starting" for slot in story.jobs.slots):
            story.tick(1.0)
        (number,) = [n for n, _ in story.jobs.slots.numbered("starting")]
        story.happen(e.WorkerEnded(number, reason))


def test_a_worker_that_cannot_start_is_tried_again_after_longer_and_longer_pauses() -> None:
    story = Story()
    story.submit("1")
    pauses = []
    for _ in range(3):
        story.happen(e.WorkerEnded(0, "its exit code was 1"))
        begun = story.now
        while e.StartWorker(0) not in story.tick(0.1):
            pass
        pauses.append(story.now - begun)
    assert pauses == pytest.approx([n * FIRST_PAUSE_SECONDS for n in (1, 2, 4)], abs=0.11)


def test_two_failed_starts_fail_nothing_that_waits() -> None:
    story = Story()
    story.submit("1")
    fail_to_start(story, 2)
    story.tick(60)
    story.happen(e.WorkerReady(0))
    story.happen(e.WorkerSaid(0, finished("1")))
    assert story.sent()[-1] == finished("1")


def test_when_no_worker_ever_starts_people_are_told_why_and_kept_requests_wait_on() -> None:
    story = Story()
    story.submit("person")
    story.submit("kept", on_disconnect="keep")
    fail_to_start(story, STARTS, "its exit code was 1")
    (failed,) = [m for m in story.sent() if isinstance(m, Failed)]
    assert (failed.request_id, failed.code, failed.retriable) == ("person", "worker_died", True)
    assert "its exit code was 1" in failed.message
    fail_to_start(story, 20)
    story.tick(100)
    story.happen(e.WorkerReady(0))
    story.happen(e.WorkerSaid(0, finished("kept")))
    assert story.sent()[-1] == finished("kept")
    told = story.jobs.story("kept")
    assert told is not None
    assert any("no worker could be started" in text for _, text in told.moments)


def test_a_worker_that_says_why_it_cannot_start_fails_those_who_wait_in_person() -> None:
    story = Story()
    story.submit("1")
    story.submit("2", on_disconnect="keep")
    story.happen(e.WorkerEnded(0, "the cluster is full", explained=True))
    assert [m.request_id for m in story.sent() if isinstance(m, Failed)] == ["1"]


def test_a_worker_that_cannot_start_beside_others_fails_nobody() -> None:
    story = Story(workers=2)
    story.running("1")
    assert e.StartWorker(1) in story.submit("2")
    fail_to_start(story, STARTS + 1)
    assert not any(isinstance(message, Failed) for message in story.sent())


class TestStuckWorkers:
    LIMITS = TimeLimits(start=20, stall=100)

    def test_one_that_is_never_ready_is_ended_and_started_anew(self) -> None:
        story = Story(limits=self.LIMITS)
        story.submit("1")
        assert killed(story.tick(19)) == []
        assert killed(story.tick(2)) == [0]
        assert killed(story.tick(5)) == [], "once is enough"
        story.happen(e.WorkerEnded(0, "it was not ready"))
        assert e.StartWorker(0) in story.tick(1)

    def test_a_request_can_be_cancelled_while_its_worker_is_stuck_at_its_start(self) -> None:
        story = Story(limits=self.LIMITS)
        story.submit("1")
        story.happen(e.CancelRequested(b"A", "1"))
        assert story.sent()[-1] == Cancelled("1")

    def test_one_that_makes_no_progress_is_ended_and_its_request_tried_once_more(self) -> None:
        story = Story(limits=self.LIMITS)
        story.running("1")
        story.now += 60
        story.happen(e.WorkerSaid(0, Progress("1", "denoising", 0.5)))
        assert killed(story.tick(99)) == []
        (kill,) = [i for i in story.tick(82) if isinstance(i, e.KillWorker)]
        assert "no progress for 180 seconds" in kill.reason, f"{PATIENCE} times its own silence"
        story.happen(e.WorkerEnded(0, kill.reason))
        story.tick(1)
        assert e.Assign(0, inpaint("1")) in story.happen(e.WorkerReady(0))
        story.tick(101)
        story.happen(e.WorkerEnded(0, kill.reason))
        failed = story.sent()[-1]
        assert isinstance(failed, Failed)
        assert "no progress" in failed.message

    def test_heartbeats_to_the_client_are_no_progress(self) -> None:
        story = Story(limits=self.LIMITS)
        story.running("1")
        out = [i for _ in range(101) for i in story.tick(1)]
        assert killed(out) == [0]

    def test_one_that_cannot_even_be_killed_is_given_up(self) -> None:
        story = Story(limits=self.LIMITS)
        story.running("1")
        story.tick(101)
        assert e.AbandonWorker(0) in story.tick(END_SECONDS + 1)
        assert e.Assign(0, inpaint("1")) in [
            *story.tick(1),
            *story.happen(e.WorkerReady(0)),
        ]

    def test_an_answer_that_comes_while_it_is_being_ended_counts(self) -> None:
        story = Story(limits=self.LIMITS)
        story.running("1")
        story.tick(101)
        story.happen(e.WorkerSaid(0, finished("1")))
        assert story.sent()[-1] == finished("1")
        assert story.jobs.slots[0].state == "ending", "it is given nothing more"


class TestKeeping:
    def test_nothing_is_promised_before_the_journal_holds_it(self) -> None:
        story = Story()
        request = inpaint("1", "keep")
        assert story.happen(e.Submitted(b"A", request)) == [e.Keep(request)]
        assert story.tick(10) == [], "not a word yet"
        story.happen(e.Submitted(b"A", request))
        assert story.sent() == [], "nor for asking twice"
        assert kinds(story.happen(e.Kept("1"))) == [e.Send, e.StartWorker]
        assert isinstance(story.sent()[0], Accepted)

    def test_what_cannot_be_kept_is_refused_and_can_be_sent_again(self) -> None:
        story = Story()
        request = inpaint("1", "keep")
        story.happen(e.Submitted(b"A", request))
        story.happen(e.NotKept("1", "No space left on device"))
        refused = story.sent()[-1]
        assert isinstance(refused, Failed)
        assert (refused.code, refused.retriable) == ("unwritable", True)
        assert "No space left on device" in refused.message
        assert story.happen(e.Submitted(b"A", request)) == [e.Keep(request)]

    def test_an_answer_that_cannot_be_kept_is_sent_and_the_request_done_again(self) -> None:
        story = Story()
        story.running("1", on_disconnect="keep")
        story.happen(e.WorkerSaid(0, finished("1")))
        story.happen(e.NotKept("1", "No space left on device"))
        assert story.sent()[-1] == finished("1")
        assert any("could not be kept" in line.text for line in story.log)
        later = Story()
        later.happen(e.Restored((), frozenset({"1"})))
        assert later.submit("1", client=b"B") == [e.Recall(b"B", "", "1")]
        later.happen(e.Recalled(b"B", "", "1", request=inpaint("1", "keep")))
        assert isinstance(later.sent(b"B")[-1], Accepted)

    def test_it_can_be_cancelled_while_it_is_written(self) -> None:
        story = Story()
        story.happen(e.Submitted(b"A", inpaint("1", "keep")))
        out = story.happen(e.CancelRequested(b"A", "1"))
        assert out == [e.KeepAnswer(Cancelled("1")), e.Send(b"A", Cancelled("1"))]
        assert story.happen(e.Kept("1")) == []

    def test_a_daemon_that_stops_meanwhile_forgets_it(self) -> None:
        story = Story()
        story.happen(e.Submitted(b"A", inpaint("1", "keep")))
        out = story.happen(e.ShutdownRequested())
        assert kinds(out) == [e.Discard, e.Send, e.Exit]

    def test_its_bytes_count_while_it_is_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "QUEUED_BYTES", 7)
        story = Story()
        story.happen(e.Submitted(b"A", inpaint("1", "keep")))
        story.happen(e.Submitted(b"A", inpaint("2", "keep")))
        refused = story.sent()[-1]
        assert isinstance(refused, Failed)
        assert refused.code == "busy"


class TestRestoring:
    def test_who_asks_before_the_journal_is_read_waits_for_it(self) -> None:
        story = Story(restoring=True)
        assert story.happen(e.AttachRequested(b"A", "undone")) == []
        assert story.happen(e.AttachRequested(b"A", "done")) == []
        assert story.happen(e.AttachRequested(b"A", "unknown")) == []
        assert story.happen(e.CancelRequested(b"B", "undone")) == []
        assert story.happen(e.Submitted(b"C", inpaint("undone", "keep"))) == []
        story.happen(e.Restored((inpaint("undone", "keep"),), frozenset({"done"})))
        assert e.Recall(b"A", "", "done") in story.past
        kinds_of = [(m.request_id, type(m)) for m in story.sent() if not isinstance(m, Progress)]  # type: ignore[attr-defined]
        expected = [("undone", Accepted), ("unknown", Failed), ("undone", Cancelled)]
        assert kinds_of == expected
        assert [type(m) for m in story.sent(b"B")] == [Cancelled]
        assert not any(isinstance(i, e.Keep) for i in story.past), "it is not done twice"

    def test_others_are_served_meanwhile(self) -> None:
        story = Story(restoring=True)
        story.running("1")
        story.happen(e.CancelRequested(b"A", "1"))
        story.happen(e.WorkerSaid(0, Cancelled("1")))
        assert story.sent()[-1] == Cancelled("1")


class TestStories:
    def test_a_story_tells_each_transition_and_outlives_its_request(self) -> None:
        story = Story()
        story.running("1")
        story.happen(e.WorkerSaid(0, Progress("1", "denoising", 0.5)))
        story.happen(e.WorkerSaid(0, finished("1")))
        told = story.jobs.story("1")
        assert told is not None
        texts = [text.split(",")[0] for _, text in told.moments]
        assert texts == ["accepted", "given to a worker", "begun", "denoising", "finished"]

    def test_one_info_line_when_it_is_accepted_and_one_when_it_ends(self) -> None:
        story = Story()
        request = Inpaint("1", layer=PIXEL, settings=Settings(prompt="a secret wish"))
        story.happen(e.Submitted(b"A", request, "GIMP"))
        story.happen(e.WorkerReady(0))
        story.happen(e.WorkStarted(0, "m", True, "cuda:0"))
        story.now += 2
        story.happen(e.WorkerSaid(0, finished("1")))
        accepted, ended = [line for line in story.log if not line.debug]
        assert accepted.facts["client"] == "GIMP"
        assert (ended.facts["model"], ended.facts["hole"]) == ("m", "1x1")
        assert ended.facts["seconds"] == ended.facts["preparing_seconds"] == 2
        assert "secret" not in repr(story.log)

    def test_neither_moments_nor_stories_grow_without_bound(self) -> None:
        story = Story()
        story.running("1")
        for number in range(200):
            phase = ("denoising", "finishing")[number % 2]
            story.happen(e.WorkerSaid(0, Progress("1", phase, 0.5)))
        told = story.jobs.story("1")
        assert told is not None
        assert len(told.moments) == MOST_MOMENTS
        assert told.moments[0][1].startswith("accepted")
        story.happen(e.WorkerSaid(0, finished("1")))
        for number in range(MOST_STORIES + 1):  # the first of them runs on
            story.submit(f"n{number}")
            story.happen(e.CancelRequested(b"A", f"n{number}"))
        assert story.jobs.story("1") is None


def test_what_the_journal_has_forgotten_can_be_sent_again() -> None:
    story = Story()
    story.happen(e.Restored((), frozenset({"1"})))
    assert story.submit("1") == [e.Recall(b"A", "", "1")]
    story.happen(e.Recalled(b"A", "", "1"))
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
    story = Story(limits=TimeLimits(keep_alive=10))
    story.running("1")
    story.happen(e.WorkerSaid(0, finished("1")))
    assert story.tick(9) == []
    assert killed(story.tick(2)) == [0]
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
    assert not any(isinstance(i, e.KeepAnswer) for i in out), "kept work stays to be done"
