"""The life of every request, as a state machine: events in, instructions out, no I/O.

A job is waiting (in the queue) or running (on a worker slot) until its one terminal answer. Workers
are slots. State changes here and nowhere else; whoever owns the
sockets and processes feeds in events and carries out the instructions in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatchmethod

from inpaintd.events import (
    Anticipated,
    AttachRequested,
    CancelRequested,
    ClientVanished,
    Event,
    Exit,
    Feed,
    Instruction,
    Interrupt,
    Journal,
    JournalAnswer,
    KillWorker,
    Recall,
    Restored,
    Send,
    ShutdownRequested,
    StartWorker,
    Submitted,
    Ticked,
    WorkerEnded,
    WorkerReady,
    WorkerSaid,
    WorkStarted,
)
from inpaintd.fair_queue import FairQueue
from inpaintd.kept import KeptAnswers
from inpaintd_protocol import limits
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import (
    Accepted,
    Cancelled,
    Failed,
    Finished,
    Inpaint,
    Job,
    Message,
    Preview,
    Progress,
    RequestState,
    Terminal,
)

ATTEMPTS = 2
"""How often a request is given to a worker before a dying worker fails it."""

INTERRUPT_SECONDS = 5.0
"""How long an interruptible engine may take to heed a cancellation before its worker is killed."""


@dataclass
class _Running:
    """A request between its acceptance and its terminal answer."""

    request: Job
    owner: bytes | None
    owner_name: str
    lane: bytes  # whose turn it uses up in the queue, even when the owner has gone
    progress: Progress
    told_at: float
    attempts: int = 0
    slot: int | None = None
    interrupted_at: float | None = None
    cancelling: bool = False
    watchers: set[bytes] = field(default_factory=set)  # cancelled it, wait for its end

    @property
    def kept(self) -> bool:
        return self.request.on_disconnect == "keep"

    @property
    def byte_count(self) -> int:
        request = self.request
        masks = [request.mask, *(request.stage_masks if isinstance(request, Inpaint) else ())]
        return request.layer.byte_count + sum(mask.byte_count for mask in masks if mask)


@dataclass
class Slot:
    """One place for a worker process."""

    state: str = "absent"
    """absent, starting, idle, busy or ending."""
    request_id: str | None = None
    model: str = ""
    interruptible: bool | None = None
    """Of the engine at work; None while it is being loaded."""
    idle_since: float = 0.0
    started_at: float = 0.0


class Jobs:
    """All requests and worker slots of one daemon."""

    def __init__(self, *, workers: int, keep_alive_seconds: float) -> None:
        self.slots = [Slot() for _ in range(workers)]
        self.counts = {"finished": 0, "failed": 0, "cancelled": 0}
        self._keep_alive_seconds = keep_alive_seconds
        self._jobs: dict[str, _Running] = {}
        self._queue = FairQueue()
        self._queued_bytes = 0
        self._kept = KeptAnswers()
        self._journalled: set[str] = set()
        self._mean_seconds = 0.25
        self._closing = False
        self._out: list[Instruction] = []
        self._now = 0.0

    def handle(self, event: Event, now: float) -> list[Instruction]:
        """Take in what happened at `now` (monotonic seconds); return what is to be done."""
        self._now = now
        self._out = []
        self._on(event)
        self._dispatch()
        if self._closing and not self._jobs:
            self._out.append(Exit())
        return self._out

    @property
    def busy(self) -> bool:
        """Whether a request waits or runs."""
        return bool(self._jobs)

    @property
    def active(self) -> bool:
        """Whether ticks are needed: something runs, waits or may time out."""
        return self.busy or any(slot.state != "absent" for slot in self.slots)

    def states(self) -> tuple[RequestState, ...]:
        return tuple(
            RequestState(id_, job.owner_name, job.progress.phase, job.progress.fraction)
            for id_, job in self._jobs.items()
        )

    @singledispatchmethod
    def _on(self, event: Event) -> None:
        raise TypeError(event)

    # -------------------------------------------------------------------------- client events

    @_on.register
    def _submitted(self, event: Submitted) -> None:
        request_id = event.request.request_id
        if request_id in self._jobs or request_id in self._journalled:
            self._attach_requested(AttachRequested(event.client, request_id, event.client_name))
            return
        answer = self._kept.get(request_id)
        if answer is not None:
            self._send(event.client, answer)
            return
        job = self._new_job(event.request, event.client, event.client_name)
        refusal = self._refusal(job)
        if refusal is not None:
            # Not kept: the same id may be sent again once there is room.
            self._send(event.client, Failed.of(request_id, refusal))
            return
        self._enqueue(job)
        if job.kept:
            self._journalled.add(request_id)
            self._out.append(Journal(event.request))
        self._send(event.client, Accepted(request_id, position=self._position(request_id)))

    @_on.register
    def _restored(self, event: Restored) -> None:
        self._journalled.update(event.answered)
        for request in event.requests:
            self._journalled.add(request.request_id)
            self._enqueue(self._new_job(request, None, "kept from before"))

    @_on.register
    def _anticipated(self, _event: Anticipated) -> None:
        if not self._closing and all(slot.state == "absent" for slot in self.slots):
            self._start(0)

    @_on.register
    def _attach_requested(self, event: AttachRequested) -> None:
        job = self._jobs.get(event.request_id)
        answer = self._kept.get(event.request_id)
        if job is not None:
            job.owner, job.owner_name = event.client, event.client_name
            self._send(
                event.client, Accepted(event.request_id, position=self._position(event.request_id))
            )
            self._tell(job)
        elif answer is not None:
            self._send(event.client, answer)
        elif event.request_id in self._journalled:
            self._out.append(Recall(event.client, event.request_id))
        else:
            self._send(event.client, unknown_request(event.request_id))

    @_on.register
    def _cancel_requested(self, event: CancelRequested) -> None:
        job = self._jobs.get(event.request_id)
        if job is None:
            # Ended before the cancellation came: its answer says how.
            self._attach_requested(AttachRequested(event.client, event.request_id))
            return
        if event.client != job.owner:
            job.watchers.add(event.client)
        self._cancel(job)

    @_on.register
    def _client_vanished(self, event: ClientVanished) -> None:
        for job in list(self._jobs.values()):
            job.watchers.discard(event.client)
            if job.owner == event.client:
                job.owner = None
                if not job.kept:
                    self._cancel(job)

    @_on.register
    def _shutdown_requested(self, _event: ShutdownRequested) -> None:
        self._closing = True
        for request_id, job in list(self._jobs.items()):
            if job.slot is None:
                self._leave_queue(job)
            hint = (
                f"It will be done when the daemon runs again; fetch it with: "
                f"inpaintd attach {request_id}"
                if job.kept
                else "Start the daemon and send the request again."
            )
            error = InpaintError(
                "shutting_down", "The inpaint daemon was stopped.", hint, retriable=True
            )
            self._end(job, Failed.of(request_id, error), journal=False)
        for number, slot in enumerate(self.slots):
            if slot.state != "absent":
                self._out.append(KillWorker(number))

    # -------------------------------------------------------------------------- worker events

    @_on.register
    def _worker_ready(self, event: WorkerReady) -> None:
        slot = self.slots[event.worker]
        slot.state, slot.idle_since = "idle", self._now

    @_on.register
    def _work_started(self, event: WorkStarted) -> None:
        slot = self.slots[event.worker]
        slot.model, slot.interruptible = event.model, event.interruptible
        job = self._jobs.get(slot.request_id or "")
        if job is not None and job.cancelling and not event.interruptible:
            self._out.append(KillWorker(event.worker))

    @_on.register
    def _worker_said(self, event: WorkerSaid) -> None:
        slot = self.slots[event.worker]
        job = self._jobs.get(event.message.request_id)
        if job is None or slot.request_id != event.message.request_id:
            return  # late words about a request that has been answered
        message = event.message
        if isinstance(message, Progress):
            job.progress = message
            self._tell(job)
        elif isinstance(message, Preview):
            if job.owner is not None:
                self._send(job.owner, message)
        elif isinstance(message, (Finished, Failed, Cancelled)):
            seconds = self._now - slot.started_at
            self._mean_seconds += 0.2 * (seconds - self._mean_seconds)
            self._release(slot)
            self._end(job, message)

    @_on.register
    def _worker_ended(self, event: WorkerEnded) -> None:
        slot = self.slots[event.worker]
        job = self._jobs.get(slot.request_id or "")
        self.slots[event.worker] = Slot()
        if job is not None:
            job.slot = None
            self._bereaved(job, event.reason)
        elif slot.state == "starting" and all(s.state == "absent" for s in self.slots):
            # Without this, a worker that cannot start would be started again for ever.
            self._fail_waiting(event.reason)

    def _bereaved(self, job: _Running, reason: str) -> None:
        """The worker of this job has died."""
        request_id = job.request.request_id
        if job.cancelling:
            self._end(job, Cancelled(request_id))
        elif job.attempts < ATTEMPTS:
            job.progress = Progress(request_id, phase="waiting", fraction=0.0)
            self._queued_bytes += job.byte_count
            self._queue.put_first(job.lane, request_id)
        else:
            self._end(job, Failed.of(request_id, _worker_died(reason)))

    def _fail_waiting(self, reason: str) -> None:
        error = InpaintError(
            "worker_died",
            f"No worker process could be started: {reason}.",
            "The daemon's log says more: inpaintd status names it.",
        )
        for request_id in list(self._queue):
            job = self._jobs[request_id]
            self._leave_queue(job)
            self._end(job, Failed.of(request_id, error))

    # ------------------------------------------------------------------------------- passage

    @_on.register
    def _ticked(self, _event: Ticked) -> None:
        for job in self._jobs.values():
            if self._now - job.told_at >= limits.HEARTBEAT_SECONDS:
                self._tell(job)
        for number, slot in enumerate(self.slots):
            running = self._jobs.get(slot.request_id or "")
            overdue = (
                running is not None
                and running.interrupted_at is not None
                and self._now - running.interrupted_at > INTERRUPT_SECONDS
            )
            unused = slot.state == "idle" and self._now - slot.idle_since > self._keep_alive_seconds
            if unused:
                slot.state = "ending"  # so that nothing is fed to it any more
            if overdue or unused:
                self._out.append(KillWorker(number))

    def _dispatch(self) -> None:
        """Put waiting requests on idle workers, and start workers while some must wait."""
        for number, slot in enumerate(self.slots):
            if slot.state == "idle" and len(self._queue) and not self._closing:
                self._feed(number, slot)
        starting = sum(slot.state == "starting" for slot in self.slots)
        for number, slot in enumerate(self.slots):
            if slot.state == "absent" and len(self._queue) > starting and not self._closing:
                self._start(number)
                starting += 1

    def _feed(self, number: int, slot: Slot) -> None:
        request_id = self._queue.take()
        assert request_id is not None
        job = self._jobs[request_id]
        self._queued_bytes -= job.byte_count
        job.slot = number
        job.attempts += 1
        job.progress = Progress(request_id, phase="preparing", fraction=0.0)
        slot.state, slot.request_id, slot.started_at = "busy", request_id, self._now
        slot.interruptible = None
        self._out.append(Feed(number, job.request))
        self._tell(job)

    def _start(self, number: int) -> None:
        self.slots[number] = Slot(state="starting")
        self._out.append(StartWorker(number))

    def _release(self, slot: Slot) -> None:
        slot.state, slot.request_id, slot.idle_since = "idle", None, self._now

    # ------------------------------------------------------------------------------ one job

    def _new_job(self, request: Job, owner: bytes | None, owner_name: str) -> _Running:
        return _Running(
            request=request,
            owner=owner,
            owner_name=owner_name,
            lane=owner or b"",
            progress=Progress(request.request_id, phase="waiting", fraction=0.0),
            told_at=self._now,
        )

    def _refusal(self, job: _Running) -> InpaintError | None:
        if self._closing:
            return InpaintError(
                "shutting_down", "The inpaint daemon is stopping.", "Send the request again soon."
            )
        waiting = len(self._queue)
        if (
            waiting >= limits.QUEUED_REQUESTS
            or self._queued_bytes + job.byte_count > limits.QUEUED_BYTES
        ):
            return InpaintError(
                "busy",
                f"The daemon is busy: {waiting} requests are waiting.",
                "Wait for some of them, or cancel them.",
                retriable=True,
                retry_after_seconds=round(min(60.0, max(0.1, self._mean_seconds)), 2),
            )
        return None

    def _enqueue(self, job: _Running) -> None:
        request_id = job.request.request_id
        self._jobs[request_id] = job
        self._queue.put(job.lane, request_id)
        self._queued_bytes += job.byte_count

    def _leave_queue(self, job: _Running) -> None:
        self._queue.remove(job.lane, job.request.request_id)
        self._queued_bytes -= job.byte_count

    def _cancel(self, job: _Running) -> None:
        if job.cancelling:
            return
        job.cancelling = True
        request_id = job.request.request_id
        if job.slot is None:
            self._leave_queue(job)
            self._end(job, Cancelled(request_id))
        elif self.slots[job.slot].interruptible is False:
            self._out.append(KillWorker(job.slot))
        else:
            # An engine still loading is left to finish: the next request will want it.
            job.interrupted_at = self._now
            self._out.append(Interrupt(job.slot, request_id))

    def _end(self, job: _Running, answer: Terminal, *, journal: bool = True) -> None:
        """Give the job its one terminal answer."""
        del self._jobs[answer.request_id]
        self.counts[answer.type] += 1
        self._kept.put(answer)
        if job.kept and journal:
            self._out.append(JournalAnswer(answer))
        for client in job.watchers | ({job.owner} if job.owner is not None else set()):
            self._send(client, answer)

    def _tell(self, job: _Running) -> None:
        job.told_at = self._now
        if job.owner is None:
            return
        progress = job.progress
        if progress.phase == "waiting":
            progress = Progress(
                progress.request_id,
                phase="waiting",
                fraction=0.0,
                position=self._position(progress.request_id),
            )
        self._send(job.owner, progress)

    def _position(self, request_id: str) -> int:
        """Place in the queue, 1 = next; 0 when running."""
        for position, waiting in enumerate(self._queue, start=1):
            if waiting == request_id:
                return position
        return 0

    def _send(self, client: bytes, message: Message) -> None:
        self._out.append(Send(client, message))


def unknown_request(request_id: str) -> Failed:
    """The answer about a request that nobody here has heard of."""
    return Failed(
        request_id,
        code="unknown_request",
        message="The daemon knows no request of this id, or no longer keeps its result.",
        hint="Send the request again.",
    )


def _worker_died(reason: str) -> InpaintError:
    return InpaintError(
        "worker_died",
        f"The worker process ended twice while filling this hole: {reason}.",
        "Try a smaller region or another model; the daemon's log says more.",
    )
