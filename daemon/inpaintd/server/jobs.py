"""The life cycle of every request, as a state machine: events in, instructions out, no I/O.

    (arrives) -> recording -> waiting -> running -> (one terminal answer)

`recording` is for requests that are to be kept: nothing is promised before the journal has them.
If a worker dies, its request returns from running to waiting, once. The owner of the sockets
and processes reports events and carries out the instructions in order.
"""

from __future__ import annotations

from functools import singledispatchmethod

from inpaintd.server import events as e
from inpaintd.server import refusals
from inpaintd.server.job_state import JobState
from inpaintd.server.ledger import Ledger
from inpaintd.server.slots import END_SECONDS, STARTS, Slots, TimeLimits
from inpaintd.server.story import Story
from inpaintd_protocol import limits
from inpaintd_protocol import messages as m

ATTEMPTS = 2
"""Times a request is given to a worker before a dying worker makes it fail."""


class Jobs:
    """All requests and worker slots of one daemon.

    Args:
        workers: number of slots.
        time_limits: limits after which a worker counts as stuck.
        restoring: whether `Restored` is still to come. Until then it is unknown which requests
            exist, so anybody who asks for one waits.
    """

    def __init__(
        self, *, workers: int, time_limits: TimeLimits | None = None, restoring: bool = False
    ) -> None:
        self.slots = Slots(workers, time_limits or TimeLimits())
        self._ledger = Ledger(self.slots)
        self._closing = False
        self._restoring = restoring
        self._early: list[e.Event] = []

    def handle(self, event: e.Event, now: float) -> list[e.Instruction]:
        """Process an event at `now` (monotonic seconds); return the resulting instructions."""
        ledger = self._ledger
        ledger.now, ledger.out = now, []
        if self._restoring and self._asks_for_the_unknown(event):
            self._early.append(event)
        else:
            self._on(event)
        # After every event: any of them may have freed a worker or queued a request.
        if not self._closing:
            self._dispatch()
        elif not ledger.jobs:
            ledger.out.append(e.Exit())
        return ledger.out

    @property
    def busy(self) -> bool:
        """Test whether a request is in progress."""
        return bool(self._ledger.jobs)

    @property
    def active(self) -> bool:
        """True if ticks are needed: something runs, waits or may time out."""
        return self.busy or not self.slots.all_absent

    @property
    def counts(self) -> dict[str, int]:
        """Number of finished requests, by the type of their answer."""
        return self._ledger.counts

    def states(self) -> tuple[m.RequestState, ...]:
        return tuple(
            m.RequestState(
                id_,
                job.owner_name,
                job.state if job.state == "recording" else job.progress.phase,
                job.progress.fraction,
            )
            for id_, job in self._ledger.jobs.items()
        )

    def story(self, request_id: str) -> Story | None:
        """The story of a request in progress, or of one that ended recently."""
        return self._ledger.stories.of(request_id)

    def _asks_for_the_unknown(self, event: e.Event) -> bool:
        """Test whether only the journal can tell if this refers to an earlier request."""
        if isinstance(event, e.Submitted):
            asked, kept = event.request.request_id, event.request.on_disconnect == "keep"
        elif isinstance(event, (e.AttachRequested, e.CancelRequested)):
            asked, kept = event.request_id, True
        else:
            return False
        return kept and asked not in self._ledger.jobs

    @singledispatchmethod
    def _on(self, event: e.Event) -> None:
        raise TypeError(event)

    # -------------------------------------------------------------------------- client events

    @_on.register
    def _submitted(self, event: e.Submitted) -> None:
        ledger = self._ledger
        request_id = event.request.request_id
        # A client that lost its connection sends the request again: one fill, not two.
        if request_id in ledger.jobs or request_id in ledger.kept_ids:
            self._attach_requested(e.AttachRequested(event.client, request_id, event.client_name))
            return
        answer = ledger.recent.get(request_id)
        if answer is not None:
            ledger.send(event.client, answer)
            return
        job = ledger.open_job(event.request, event.client, event.client_name)
        refusal = (
            refusals.stopping()
            if self._closing
            else ledger.refusal(job, limits.QUEUED_REQUESTS, limits.QUEUED_BYTES)
        )
        if refusal is not None:
            # Not remembered: the same id may be sent again once there is room.
            del ledger.jobs[job.id]
            ledger.note(job, "refused", code=refusal.code)
            ledger.stories.end(job.id)
            ledger.send(event.client, m.Failed.of(job.id, refusal))
        elif job.kept:
            job.state = "recording"
            ledger.note(job, "being recorded")
            ledger.out.append(e.Keep(job.request))
        else:
            ledger.accept(job)

    @_on.register
    def _attach_requested(self, event: e.AttachRequested) -> None:
        ledger = self._ledger
        job = ledger.jobs.get(event.request_id)
        answer = ledger.recent.get(event.request_id)
        if job is not None:
            job.owner, job.owner_name = event.client, event.client_name
            ledger.note(job, "has a new owner", client=event.client_name)
            if job.state != "recording":  # its promise is still to come
                position = ledger.queue.position(job.id)
                ledger.send(event.client, m.Accepted(job.id, position=position))
                ledger.tell(job)
        elif answer is not None:
            ledger.send(event.client, answer)
        elif event.request_id in ledger.kept_ids:
            ledger.out.append(e.Recall(event.client, event.client_name, event.request_id))
        else:
            ledger.send(event.client, refusals.unknown_request(event.request_id))

    @_on.register
    def _cancel_requested(self, event: e.CancelRequested) -> None:
        job = self._ledger.jobs.get(event.request_id)
        if job is None:
            # It ended before the cancellation arrived: its answer says how.
            self._attach_requested(e.AttachRequested(event.client, event.request_id))
            return
        if event.client != job.owner:
            job.watchers.add(event.client)
        self._ledger.cancel(job)

    @_on.register
    def _client_vanished(self, event: e.ClientVanished) -> None:
        for job in list(self._ledger.jobs.values()):
            job.watchers.discard(event.client)
            if job.owner == event.client:
                job.owner = None
                self._ledger.note(job, "its client has gone")
                # Nobody is left to receive the result.
                if not job.kept:
                    self._ledger.cancel(job)

    @_on.register
    def _anticipated(self, _event: e.Anticipated) -> None:
        if not self._closing and self.slots.all_absent and self._ledger.now >= self._next_start:
            self._start(0)

    @_on.register
    def _shutdown_requested(self, _event: e.ShutdownRequested) -> None:
        self._closing = True
        for job in list(self._ledger.jobs.values()):
            if job.state == "recording":
                # It was never promised, so nobody will ask for it.
                self._ledger.out.append(e.Discard(job.id))
                error = refusals.stopping()
            else:
                error = refusals.stopped(job.id, kept=job.kept)
            self._ledger.end(job, m.Failed.of(job.id, error), keep=False)
        for number, _slot in enumerate(self.slots):
            self._ledger.kill(number, "the daemon is stopping")

    # ------------------------------------------------------------------------- journal events

    @_on.register
    def _restored(self, event: e.Restored) -> None:
        ledger = self._ledger
        ledger.kept_ids.update(event.answered)
        for request in event.requests:
            ledger.kept_ids.add(request.request_id)
            if request.request_id not in ledger.jobs and not self._closing:
                ledger.accept(ledger.open_job(request, None, "kept from an earlier run"))
        self._restoring = False
        early, self._early = self._early, []
        for waiting in early:
            self._on(waiting)

    @_on.register
    def _kept(self, event: e.Kept) -> None:
        self._ledger.kept_ids.add(event.request_id)
        job = self._ledger.jobs.get(event.request_id)
        if job is not None and job.state == "recording":  # not cancelled meanwhile
            self._ledger.accept(job)

    @_on.register
    def _dropped(self, event: e.Dropped) -> None:
        self._ledger.kept_ids.difference_update(event.request_ids)

    @_on.register
    def _not_kept(self, event: e.NotKept) -> None:
        ledger = self._ledger
        job = ledger.jobs.get(event.request_id)
        if job is not None and job.state == "recording":
            error = refusals.cannot_keep(event.reason)
            ledger.end(job, m.Failed.of(job.id, error), keep=False)
            # So that it can be sent again once the disk works.
            ledger.recent.forget(job.id)
        else:
            # The request itself is still in the journal: at worst it is done again.
            ledger.log(
                f"the answer of request {event.request_id} could not be kept: {event.reason}",
                debug=False,
                request=event.request_id,
            )

    @_on.register
    def _recalled(self, event: e.Recalled) -> None:
        ledger = self._ledger
        if event.answer is not None:
            ledger.send(event.client, event.answer)
        elif event.request_id in ledger.jobs:  # sent or recalled by another client meanwhile
            self._attach_requested(
                e.AttachRequested(event.client, event.request_id, event.client_name)
            )
        elif event.request is not None and not self._closing:
            ledger.accept(ledger.open_job(event.request, event.client, event.client_name))
        else:
            ledger.kept_ids.discard(event.request_id)  # so that it can be sent again
            ledger.send(event.client, refusals.unknown_request(event.request_id))

    # -------------------------------------------------------------------------- worker events

    @_on.register
    def _worker_ready(self, event: e.WorkerReady) -> None:
        self.slots.ready(event.worker, event.device, self._ledger.now)

    @_on.register
    def _work_started(self, event: e.WorkStarted) -> None:
        slot = self.slots[event.worker]
        slot.heard(self._ledger.now)
        slot.model, slot.interruptible = event.model, event.interruptible
        slot.device = event.device or slot.device
        job = self._ledger.jobs.get(slot.request_id or "")
        if job is not None:
            job.model = event.model
            self._ledger.note(job, "begun", model=event.model, device=slot.device)
            # The cancellation came while the engine was loading, before this was known.
            if job.cancelling and not event.interruptible:
                self._ledger.kill(event.worker, "its request was cancelled")

    @_on.register
    def _worker_said(self, event: e.WorkerSaid) -> None:
        ledger, slot, message = self._ledger, self.slots[event.worker], event.message
        slot.heard(ledger.now)
        job = ledger.jobs.get(message.request_id)
        if job is None or slot.request_id != job.id:
            return  # a late message about a request that has been answered
        if isinstance(message, m.Progress):
            if job.advance(message, ledger.now):
                ledger.note(job, message.phase)
            ledger.tell(job)
        elif isinstance(message, m.Preview):
            # Not queued for anybody else: a preview is out of date at once.
            if job.owner is not None:
                ledger.send(job.owner, message)
        elif isinstance(message, (m.Finished, m.Failed, m.Cancelled)):
            # A moving average, for the waiting time that `busy` errors suggest.
            ledger.mean_seconds += 0.2 * (ledger.now - slot.started_at - ledger.mean_seconds)
            slot.rest(ledger.now)
            ledger.end(job, message)

    @_on.register
    def _worker_ended(self, event: e.WorkerEnded) -> None:
        ledger = self._ledger
        # Looked up first: `ended` clears the slot.
        job = ledger.jobs.get(self.slots[event.worker].request_id or "")
        failed_start = self.slots.ended(event.worker, event.reason, ledger.now)
        if job is not None:
            self._bereave(job, event.reason)
        elif failed_start:
            self._start_failed(event)

    def _bereave(self, job: JobState, reason: str) -> None:
        """Handle the death of the worker of this job."""
        if job.cancelling:
            self._ledger.end(job, m.Cancelled(job.id))
        elif job.attempts < ATTEMPTS:
            self._ledger.take_back(job, reason)
        else:
            self._ledger.end(job, m.Failed.of(job.id, refusals.worker_died(reason)))

    def _start_failed(self, event: e.WorkerEnded) -> None:
        ledger, slot = self._ledger, self.slots[event.worker]
        pause = slot.next_start - ledger.now
        text = f"no worker could be started: {event.reason}; next try in {pause:.1f} s"
        ledger.log(f"worker {event.worker}: {text}", debug=False, worker=event.worker)
        for request_id in ledger.queue:
            ledger.jobs[request_id].story.note(ledger.now, text)
        # A worker that gave its own reason would fail again for the same one.
        given_up = event.explained or slot.failed_starts >= STARTS
        if given_up and self.slots.helpless:
            ledger.fail_waiting(refusals.no_worker(event.reason))

    # ------------------------------------------------------------------------ passage of time

    @_on.register
    def _ticked(self, _event: e.Ticked) -> None:
        ledger = self._ledger
        for job in ledger.jobs.values():
            if job.heartbeat_due(ledger.now):
                ledger.tell(job)
        for number, slot in enumerate(self.slots):
            running = ledger.jobs.get(slot.request_id or "")
            if running is not None and running.overdue(ledger.now):
                ledger.kill(number, "it ignored a cancellation")
            elif (reason := slot.stuck(ledger.now, self.slots.limits)) is not None:
                ledger.kill(number, reason)
            # A process stuck in a driver call must not block its slot for ever.
            elif slot.state == "ending" and ledger.now - slot.since > END_SECONDS:
                ledger.out.append(e.AbandonWorker(number))
                self._worker_ended(e.WorkerEnded(number, "it could not even be killed"))

    def _dispatch(self) -> None:
        """Assign waiting requests to idle workers, and start workers while requests wait."""
        ledger = self._ledger
        for number, _slot in self.slots.numbered("idle"):
            if len(ledger.queue):
                ledger.assign(number, ledger.jobs[ledger.queue.take()])
        for number in self.slots.due(len(ledger.queue), ledger.now):
            self._start(number)

    def _start(self, number: int) -> None:
        self.slots.start(number, self._ledger.now)
        self._ledger.out.append(e.StartWorker(number))

    @property
    def _next_start(self) -> float:
        return self.slots[0].next_start
