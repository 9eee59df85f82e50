"""The job queue under any sequence of events, against a model of ten lines."""

from __future__ import annotations

from collections import Counter

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from inpaintd.server import events as e
from inpaintd.server.jobs import ATTEMPTS, Jobs
from inpaintd.server.slots import END_SECONDS, TimeLimits
from inpaintd_protocol.messages import Progress
from tests.server.test_jobs import finished, inpaint

CLIENTS = st.sampled_from([b"A", b"B", b"C"])
ENDS = ("finished", "failed", "cancelled")


class Model:
    """Invariants of requests: each is open or has ended, once."""

    def __init__(self) -> None:
        self.open: dict[str, bool] = {}  # whether it is kept
        self.ended: Counter[str] = Counter()
        self.sent = 0
        self.assigned: Counter[str] = Counter()

    def end(self, request_id: str) -> None:
        del self.open[request_id]
        self.ended[request_id] += 1


class Queue(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.jobs = Jobs(workers=2, time_limits=TimeLimits(start=20, stall=60, keep_alive=30))
        self.model = Model()
        self.now = 0.0
        self.to_write: list[str] = []
        self.doomed: set[int] = set()

    def happen(self, event: e.Event) -> None:
        if isinstance(event, e.WorkerEnded):
            self.doomed.discard(event.worker)
        before = sum(self.jobs.counts.values())
        ends: set[str] = set()
        for done in self.jobs.handle(event, self.now):
            if isinstance(done, e.Log) and done.facts.get("what") in ENDS:
                ends.add(done.facts["request"])
            elif isinstance(done, e.Keep):
                self.to_write.append(done.request.request_id)
            elif isinstance(done, e.KeepAnswer):
                assert done.answer.request_id in self.model.open, "answers once"
            elif isinstance(done, e.Assign):
                self.model.assigned[done.request.request_id] += 1
                assert done.worker not in self.doomed, "a worker that is being ended gets nothing"
            elif isinstance(done, e.KillWorker):
                self.doomed.add(done.worker)
            elif isinstance(done, e.AbandonWorker):
                self.doomed.discard(done.worker)
        for request_id in ends:
            self.model.end(request_id)
        assert sum(self.jobs.counts.values()) - before == len(ends)

    @rule(client=CLIENTS, keep=st.booleans())
    def submit(self, client: bytes, keep: bool) -> None:
        self.model.sent += 1
        request_id = str(self.model.sent)
        self.model.open[request_id] = keep
        request = inpaint(request_id, "keep" if keep else "cancel")
        self.happen(e.Submitted(client, request, "a client"))

    @precondition(lambda self: self.model.open or self.model.ended)
    @rule(client=CLIENTS, data=st.data())
    def submit_again(self, client: bytes, data: st.DataObject) -> None:
        known = sorted({*self.model.open, *self.model.ended})
        request_id = data.draw(st.sampled_from(known))
        ended_in_memory = request_id in self.model.ended
        self.happen(e.Submitted(client, inpaint(request_id), "again"))
        if ended_in_memory and request_id in {s.request_id for s in self.jobs.states()}:
            # Refused for lack of a journal: its id is free again.
            self.model.open[request_id] = False
            self.model.ended[request_id] -= 1

    @precondition(lambda self: self.to_write)
    @rule(works=st.booleans())
    def journal_answers(self, works: bool) -> None:
        request_id = self.to_write.pop(0)
        self.happen(e.Kept(request_id) if works else e.NotKept(request_id, "the disk is full"))

    @rule(number=st.integers(0, 1), event=st.sampled_from(["ready", "begin", "step", "end", "die"]))
    def worker(self, number: int, event: str) -> None:
        slot = self.jobs.slots[number]
        running = slot.request_id
        if event == "ready" and slot.state == "starting":
            self.happen(e.WorkerReady(number))
        elif event == "begin" and running:
            self.happen(e.WorkStarted(number, "m", running in self.model.open))
        elif event == "step" and running:
            self.happen(e.WorkerSaid(number, Progress(running, "denoising", 0.5)))
        elif event == "end" and running:
            self.happen(e.WorkerSaid(number, finished(running)))
        elif event == "die" and slot.state != "absent":
            self.happen(e.WorkerEnded(number, "it was ended by SIGSEGV"))

    @precondition(lambda self: self.model.open)
    @rule(client=CLIENTS, data=st.data())
    def cancel(self, client: bytes, data: st.DataObject) -> None:
        chosen = data.draw(st.sampled_from(sorted(self.model.open)))
        self.happen(e.CancelRequested(client, chosen))

    @rule(client=CLIENTS)
    def vanish(self, client: bytes) -> None:
        self.happen(e.ClientVanished(client))

    @rule()
    def plan(self) -> None:
        self.happen(e.Anticipated())

    @rule(seconds=st.sampled_from([0.3, 6.0, 21.0, END_SECONDS + 1, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.happen(e.Ticked())

    @invariant()
    def nobody_is_lost_or_doubled(self) -> None:
        states = [state.request_id for state in self.jobs.states()]
        assert sorted(states) == sorted(self.model.open)
        assert all(count <= 1 for count in self.model.ended.values())
        running = [slot.request_id for slot in self.jobs.slots if slot.request_id is not None]
        assert len(running) == len(set(running))
        assert all(slot.request_id is None for _, slot in self.jobs.slots.numbered("idle"))

    def teardown(self) -> None:
        """From every state there is a way on: all that is open ends."""
        while self.to_write:
            self.happen(e.Kept(self.to_write.pop(0)))
        for _ in range(200):
            if not self.model.open:
                break
            self.now += 1.0
            self.happen(e.Ticked())
            for number, slot in enumerate(self.jobs.slots):
                if slot.state == "starting":
                    self.happen(e.WorkerReady(number))
                elif slot.state == "ending":
                    self.happen(e.WorkerEnded(number, "killed"))
                elif slot.request_id is not None:
                    self.happen(e.WorkerSaid(number, finished(slot.request_id)))
        assert not self.model.open
        assert max(self.model.assigned.values(), default=0) <= ATTEMPTS
        self.happen(e.ShutdownRequested())


TestQueue = Queue.TestCase
TestQueue.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes
)
