"""The life of every request, as a state machine: events in, instructions out, no I/O.

A job is waiting (in the queue) or running (on a worker slot) until its one terminal answer. Workers
are slots. State changes here and nowhere else; whoever owns the sockets and processes reports
events and carries out the instructions in order.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatchmethod

from inpaintd.server import events as e
from inpaintd.server import refusals
from inpaintd.server.fair_queue import FairQueue
from inpaintd.server.job_state import JobState, Slot
from inpaintd.server.recent import RecentAnswers
from inpaintd_protocol import limits
from inpaintd_protocol import messages as m
from inpaintd_protocol.errors import InpaintError

ATTEMPTS = 2
"""How often a request is given to a worker before a dying worker fails it; how often in a row no
worker can be started before that fails all that wait."""

RESTART_SECONDS = 10.0
"""How long a slot whose worker could not start leaves the work to the others."""


class Jobs:
    """All requests and worker slots of one daemon."""

    def __init__(self, *, workers: int, keep_alive_seconds: float) -> None:
        self.slots = [Slot() for _ in range(workers)]
        self.counts = {"finished": 0, "failed": 0, "cancelled": 0}
        self._keep_alive_seconds = keep_alive_seconds
        self._jobs: dict[str, JobState] = {}
        self._queue = FairQueue()
        self._kept = RecentAnswers()
        self._journalled: set[str] = set()
        self._failed_starts = 0
        self._mean_seconds = 0.25
        self._closing = False
        self._out: list[e.Instruction] = []
        self._now = 0.0

    def handle(self, event: e.Event, now: float) -> list[e.Instruction]:
        """Take in what happened at `now` (monotonic seconds); return what is to be done."""
        self._now = now
        self._out = []
        self._on(event)
        self._dispatch()
        if self._closing and not self._jobs:
            self._out.append(e.Exit())
        return self._out

    @property
    def busy(self) -> bool:
        """Whether a request waits or runs."""
        return bool(self._jobs)

    @property
    def active(self) -> bool:
        """Whether ticks are needed: something runs, waits or may time out."""
        return self.busy or not self._without_workers

    def states(self) -> tuple[m.RequestState, ...]:
        return tuple(
            m.RequestState(id_, job.owner_name, job.progress.phase, job.progress.fraction)
            for id_, job in self._jobs.items()
        )

    @property
    def _without_workers(self) -> bool:
        return all(slot.state == "absent" for slot in self.slots)

    @singledispatchmethod
    def _on(self, event: e.Event) -> None:
        raise TypeError(event)

    # -------------------------------------------------------------------------- client events

    @_on.register
    def _submitted(self, event: e.Submitted) -> None:
        request_id = event.request.request_id
        answer = self._kept.get(request_id)
        if request_id in self._jobs or request_id in self._journalled:
            self._attach_requested(e.AttachRequested(event.client, request_id, event.client_name))
        elif answer is not None:
            self._send(event.client, answer)
        else:
            self._admit(self._new_job(event.request, event.client, event.client_name), event.client)

    def _admit(self, job: JobState, client: bytes) -> None:
        refusal = self._refusal(job)
        if refusal is not None:
            # Not kept: the same id may be sent again once there is room.
            self._send(client, m.Failed.of(job.id, refusal))
            return
        self._enqueue(job)
        if job.kept:
            self._journalled.add(job.id)
            self._out.append(e.Journal(job.request))
        self._send(client, m.Accepted(job.id, position=self._queue.position(job.id)))

    def _refusal(self, job: JobState) -> InpaintError | None:
        if self._closing:
            return refusals.stopping()
        full = len(self._queue) >= limits.QUEUED_REQUESTS
        if full or self._queue.byte_count + job.byte_count > limits.QUEUED_BYTES:
            return refusals.busy(len(self._queue), self._mean_seconds)
        return None

    @_on.register
    def _restored(self, event: e.Restored) -> None:
        self._journalled.update(event.answered)
        for request in event.requests:
            self._journalled.add(request.request_id)
            if request.request_id not in self._jobs:
                self._enqueue(self._new_job(request, None, "kept from before"))

    @_on.register
    def _forgotten(self, event: e.Forgotten) -> None:
        self._journalled.discard(event.request_id)

    @_on.register
    def _anticipated(self, _event: e.Anticipated) -> None:
        if not self._closing and self._without_workers:
            self._start(0)

    @_on.register
    def _attach_requested(self, event: e.AttachRequested) -> None:
        job = self._jobs.get(event.request_id)
        answer = self._kept.get(event.request_id)
        if job is not None:
            job.owner, job.owner_name = event.client, event.client_name
            self._send(event.client, m.Accepted(job.id, position=self._queue.position(job.id)))
            self._tell(job)
        elif answer is not None:
            self._send(event.client, answer)
        elif event.request_id in self._journalled:
            self._out.append(e.Recall(event.client, event.request_id))
        else:
            self._send(event.client, refusals.unknown_request(event.request_id))

    @_on.register
    def _cancel_requested(self, event: e.CancelRequested) -> None:
        job = self._jobs.get(event.request_id)
        if job is None:
            # Ended before the cancellation came: its answer says how.
            self._attach_requested(e.AttachRequested(event.client, event.request_id))
            return
        if event.client != job.owner:
            job.watchers.add(event.client)
        self._cancel(job)

    @_on.register
    def _client_vanished(self, event: e.ClientVanished) -> None:
        for job in list(self._jobs.values()):
            job.watchers.discard(event.client)
            if job.owner == event.client:
                job.owner = None
                if not job.kept:
                    self._cancel(job)

    @_on.register
    def _shutdown_requested(self, _event: e.ShutdownRequested) -> None:
        self._closing = True
        for job in list(self._jobs.values()):
            if job.slot is None:
                self._queue.remove(job.lane, job.id)
            error = refusals.stopped(job.id, kept=job.kept)
            self._end(job, m.Failed.of(job.id, error), journal=False)
        for number, slot in enumerate(self.slots):
            if slot.state != "absent":
                self._out.append(e.KillWorker(number))

    # -------------------------------------------------------------------------- worker events

    @_on.register
    def _worker_ready(self, event: e.WorkerReady) -> None:
        self.slots[event.worker].rest(self._now)
        self._failed_starts = 0

    @_on.register
    def _work_started(self, event: e.WorkStarted) -> None:
        slot = self.slots[event.worker]
        slot.model, slot.interruptible = event.model, event.interruptible
        job = self._jobs.get(slot.request_id or "")
        if job is not None and job.cancelling and not event.interruptible:
            self._out.append(e.KillWorker(event.worker))

    @_on.register
    def _worker_said(self, event: e.WorkerSaid) -> None:
        slot = self.slots[event.worker]
        message = event.message
        job = self._jobs.get(message.request_id)
        if job is None or slot.request_id != job.id:
            return  # late words about a request that has been answered
        if isinstance(message, m.Progress):
            job.progress = message
            self._tell(job)
        elif isinstance(message, m.Preview):
            if job.owner is not None:
                self._send(job.owner, message)
        elif isinstance(message, (m.Finished, m.Failed, m.Cancelled)):
            seconds = self._now - slot.started_at
            self._mean_seconds += 0.2 * (seconds - self._mean_seconds)
            slot.rest(self._now)
            self._end(job, message)

    @_on.register
    def _worker_ended(self, event: e.WorkerEnded) -> None:
        slot = self.slots[event.worker]
        job = self._jobs.get(slot.request_id or "")
        failed = slot.state == "starting"
        self.slots[event.worker] = Slot(rests_until=self._now + RESTART_SECONDS if failed else 0.0)
        if job is not None:
            job.slot = None
            self._bereaved(job, event.reason)
        elif failed and self._without_workers:
            # Without this, a worker that cannot start would be started again for ever.
            self._failed_starts += 1
            if event.explained or self._failed_starts == ATTEMPTS:
                self._failed_starts = 0
                self._fail_waiting(refusals.no_worker(event.reason))

    def _bereaved(self, job: JobState, reason: str) -> None:
        """The worker of this job has died."""
        if job.cancelling:
            self._end(job, m.Cancelled(job.id))
        elif job.attempts < ATTEMPTS:
            job.progress = m.Progress(job.id, phase="waiting", fraction=0.0)
            self._queue.put_first(job.lane, job.id, job.byte_count)
        else:
            self._end(job, m.Failed.of(job.id, refusals.worker_died(reason)))

    def _fail_waiting(self, error: InpaintError) -> None:
        for request_id in list(self._queue):
            job = self._jobs[request_id]
            self._queue.remove(job.lane, request_id)
            self._end(job, m.Failed.of(request_id, error))

    # ------------------------------------------------------------------------ passage of time

    @_on.register
    def _ticked(self, _event: e.Ticked) -> None:
        for job in self._jobs.values():
            if job.heartbeat_due(self._now):
                self._tell(job)
        for number, slot in enumerate(self.slots):
            running = self._jobs.get(slot.request_id or "")
            overdue = running is not None and running.overdue(self._now)
            unused = slot.unused(self._now, self._keep_alive_seconds)
            if unused:
                slot.state = "ending"  # so that nothing is assigned to it any more
            if overdue or unused:
                self._out.append(e.KillWorker(number))

    def _dispatch(self) -> None:
        """Put waiting requests on idle workers, and start workers while some must wait."""
        for number, slot in enumerate(self.slots):
            if slot.state == "idle" and len(self._queue) and not self._closing:
                self._assign(number, slot)
        starting = sum(slot.state == "starting" for slot in self.slots)
        for number, slot in enumerate(self.slots):
            rested = self._now >= slot.rests_until or self._without_workers
            wanted = len(self._queue) > starting and not self._closing
            if slot.state == "absent" and rested and wanted:
                self._start(number)
                starting += 1

    def _assign(self, number: int, slot: Slot) -> None:
        job = self._jobs[self._queue.take()]
        job.slot = number
        job.attempts += 1
        job.progress = m.Progress(job.id, phase="preparing", fraction=0.0)
        slot.take_up(job.id, self._now)
        self._out.append(e.Assign(number, job.request))
        self._tell(job)

    def _start(self, number: int) -> None:
        self.slots[number] = Slot(state="starting")
        self._out.append(e.StartWorker(number))

    # -------------------------------------------------------------------------------- one job

    def _new_job(self, request: m.Job, owner: bytes | None, owner_name: str) -> JobState:
        return JobState(
            request=request,
            owner=owner,
            owner_name=owner_name,
            lane=owner or b"",
            progress=m.Progress(request.request_id, phase="waiting", fraction=0.0),
            told_at=self._now,
        )

    def _enqueue(self, job: JobState) -> None:
        self._jobs[job.id] = job
        self._queue.put(job.lane, job.id, job.byte_count)

    def _cancel(self, job: JobState) -> None:
        if job.cancelling:
            return
        job.cancelling = True
        if job.slot is None:
            self._queue.remove(job.lane, job.id)
            self._end(job, m.Cancelled(job.id))
        elif self.slots[job.slot].interruptible is False:
            self._out.append(e.KillWorker(job.slot))
        else:
            # An engine still loading is left to finish: the next request will want it.
            job.interrupted_at = self._now
            self._out.append(e.Interrupt(job.slot, job.id))

    def _end(self, job: JobState, answer: m.Terminal, *, journal: bool = True) -> None:
        """Give the job its one terminal answer."""
        del self._jobs[job.id]
        self.counts[answer.type] += 1
        self._kept.put(answer)
        if job.kept and journal:
            self._out.append(e.JournalAnswer(answer))
        for client in job.watchers | ({job.owner} if job.owner is not None else set()):
            self._send(client, answer)

    def _tell(self, job: JobState) -> None:
        """Send the owner how far the job is."""
        job.told_at = self._now
        if job.owner is not None:
            # A job that runs has no place in the queue.
            self._send(job.owner, replace(job.progress, position=self._queue.position(job.id)))

    def _send(self, client: bytes, message: m.Message) -> None:
        self._out.append(e.Send(client, message))
