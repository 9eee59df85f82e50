"""The life cycle of every drop, as a state machine: events in, instructions out, no I/O.

    opening > taking > planning > cutting > filling > storing > ending
          any of them > failing, or > giving_back

State changes only here; the watcher feeds in events and carries out the instructions in order.
A failure that no picture can have caused is retried. One that a picture may have caused is retried
once with all other pixels idle, and then set aside: no drop takes down another.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatchmethod
from typing import Any

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.following import phase_word
from inpaintd_protocol.messages import Cancelled, Failed, Finished, Message, Plan, Planned, Progress

from . import drop_events as e
from .drops import Drop
from .intake import Intake
from .job import Job, State, row_of
from .job_table import JobTable
from .journal import DONE, FAILED, FAILING, IGNORED, PUBLISHED, WRITTEN, Row
from .outcomes import crashed_twice, end_in_words, immovable
from .report import Counts
from .retries import RETRY_SECONDS, TRIES, Retries
from .slots import Slots


class Drops:
    """All drops of one hot folder.

    Args:
        slots: the processes for pixels.
        once: end when nothing is left to do, rather than wait for files that may never come.
    """

    def __init__(self, intake: Intake, slots: Slots, *, once: bool, in_place: bool) -> None:
        self.counts = Counts()
        self._intake = intake
        self._once = once
        self._in_place = in_place
        self._slots = slots
        self._retries = Retries(once=once)
        self._jobs = JobTable()
        self._out: list[e.Instruction] = []
        self._now = 0.0

    def handle(self, event: e.Event, now: float) -> list[e.Instruction]:
        """Process an event; return the instructions that follow from it.

        Args:
            now: seconds since the epoch that never decrease.
        """
        self._now = now
        self._out = []
        self._on(event)
        self._dispatch()
        return self._out

    @property
    def waiting(self) -> int:
        """Number of drops in the inbox that are not in progress."""
        return max(0, self._intake.waiting - (len(self._jobs) - self._jobs.taken))

    @property
    def running(self) -> int:
        """Number of drops that have been taken and have not ended."""
        return self._jobs.taken

    @property
    def idle(self) -> bool:
        """True if nothing is left to do."""
        return not (self._jobs or self._retries or self._intake.waiting)

    def next_due(self) -> float | None:
        """The time at which a tick is needed even without an event; None for never."""
        times = [self._retries.next_due()]
        if self._slots.may_open(len(self._jobs)):
            times.append(self._intake.next_due())
        return min((at for at in times if at is not None), default=None)

    @singledispatchmethod
    def _on(self, event: e.Event) -> None:
        raise TypeError(event)

    # -------------------------------------------------------------------------------- scanning

    @_on.register
    def _restored(self, event: e.Restored) -> None:
        self._jobs.tries = dict(event.tries)
        for row in event.ended:
            self._tell_end(row)
        for row in event.rows:
            job = self._jobs.add(row.name, row.signature, self._now)
            job.row = row
            self._jobs.fill(job)
            self._say("taken", job)
            self._slots.wait(job)

    @_on.register
    def _scanned(self, event: e.Scanned) -> None:
        self._intake.see(event.drops, self._now)

    @_on.register
    def _tick(self, _event: e.Tick) -> None:
        self._out += self._retries.due(self._now)

    # ------------------------------------------------------------------------------ dispatching

    def _dispatch(self) -> None:
        while (doomed := self._intake.next_doomed(self._now)) is not None:
            if not self._jobs.has_name(doomed[0].name):
                self._fail(self._job_of(doomed[0]), doomed[1])
        for job in self._slots.starting():
            self._begin(job)
        while self._slots.may_open(len(self._jobs)):
            drop = self._intake.next_ready(self._now)
            if drop is None:
                break
            if not self._jobs.has_name(drop.name):
                job = self._job_of(drop)
                if self._slots.start(job):
                    self._begin(job)
                else:
                    self._slots.wait(job)

    def _begin(self, job: Job) -> None:
        """Have a job's process carry out its next step."""
        if job.tries >= TRIES:
            self._slots.free(job.ticket)
            self._fail(job, crashed_twice(job.name))
        else:
            self._out.append(job.next_task())

    def _do(self, job: Job, state: State) -> None:
        """Enter a state in which the job's process has work to do."""
        job.state = state
        self._slots.wait(job)

    def _done_in_process(self, ticket: int) -> Job | None:
        """The job whose process has finished, unless the job has ended."""
        self._slots.free(ticket)
        job = self._jobs.get(ticket)
        if job is not None:
            job.alone = False
        return job

    # ---------------------------------------------------------------------------------- opening

    @_on.register
    def _opened(self, event: e.Opened) -> None:
        job = self._done_in_process(event.ticket)
        if job is None:
            return
        job.looked = event.looked
        if job.row is not None:
            if event.looked.key == job.row.key:
                self._plan(job)
            else:
                self._give_back(job)
            return
        assert job.drop is not None
        members = job.drop.members
        if any(event.looked.signatures[role] != m.signature for role, m in members.items()):
            self._look_again(job)
        elif not self._in_place and self._jobs.has_key(event.looked.key):
            self._jobs.park(job, event.looked.key)
            self._end(job)  # until the outcome of its twin is known
        else:
            job.state = "taking"
            row = row_of(job.drop, event.looked)
            self._out.append(e.Take(job.ticket, row, event.looked.signatures))

    @_on.register
    def _taken(self, event: e.Taken) -> None:
        job = self._jobs.get(event.ticket)
        assert job is not None
        assert job.drop is not None
        job.row = event.row
        self._intake.forget(job.drop)
        self._retries.better()
        if event.earlier:
            self._say("duplicate", job, of=event.earlier)
            self.counts.duplicates += 1
            self._out.append(e.PutAway(job.ticket, event.row))
            job.state = "ending"
            return
        self._jobs.fill(job)
        self._say("taken", job)
        self._plan(job)

    @_on.register
    def _not_taken(self, event: e.NotTaken) -> None:
        job = self._jobs.get(event.ticket)
        assert job is not None
        job.row, job.held_because = event.row, event.reason
        self._give_back(job)

    @_on.register
    def _changed(self, event: e.Changed) -> None:
        job = self._done_in_process(event.ticket)
        if job is None:
            return
        if job.row is None:
            self._look_again(job)
        else:
            self._give_back(job)

    def _look_again(self, job: Job) -> None:
        self._end(job)
        self._out.append(e.Rescan())

    def _give_back(self, job: Job) -> None:
        assert job.row is not None
        job.state = "giving_back"
        self._out.append(e.GiveBack(job.ticket, job.row))

    # ------------------------------------------------------------------------------------- failures

    @_on.register
    def _unopened(self, event: e.Unopened) -> None:
        before = self._jobs.get(event.ticket)
        was_alone = before is not None and before.alone
        job = self._done_in_process(event.ticket)
        if job is None:
            return
        if event.disk_full:
            self._out += self._retries.trouble(event.error, self._now)
            self._retries.later(job.next_task(), self._now)
            self._slots.keep(job)
        elif event.unexpected or (event.error.code == "too_large" and event.error.retriable):
            job.tries += event.unexpected
            if was_alone or job.tries >= TRIES:
                self._fail(job, event.error)
            else:
                self._try_alone(job)
        elif job.row is None and job.state == "opening":
            self._has_problem(job, event.error)
        else:
            self._fail(job, event.error)

    def _has_problem(self, job: Job, error: InpaintError) -> None:
        """Wait and retry: the drop, or its other half, may still be arriving."""
        assert job.drop is not None
        self._end(job)
        if self._in_place and error.code == "empty_mask":  # an ordinary picture
            self._out.append(e.Ignore(row_of(job.drop, None, state=IGNORED)))
            self._intake.forget(job.drop)
        elif self._intake.problem(job.drop, error, self._now) and not self._once:
            self._out.append(e.Say("waiting", {"name": job.name, "reason": str(error)}))

    @_on.register
    def _died(self, event: e.Died) -> None:
        job = self._done_in_process(event.ticket)
        if job is None:
            return
        job.tries += 1
        if job.tries >= TRIES:
            self._fail(job, crashed_twice(job.name, event.reason))
        else:
            self._try_alone(job)

    def _try_alone(self, job: Job) -> None:
        job.alone = True
        self._slots.wait(job)

    # ---------------------------------------------------------------------------------- filling

    def _plan(self, job: Job) -> None:
        assert job.looked is not None
        looked = job.looked
        job.state = "planning"
        plan_id = self._jobs.plan(job)
        self._out.append(e.Ask(Plan(plan_id, looked.extent, looked.bounds, looked.settings)))

    @_on.register
    def _cut(self, event: e.Cut) -> None:
        job = self._done_in_process(event.ticket)
        if job is not None:
            job.state = "filling"
            self._out.append(e.Ask(event.request))

    @_on.register
    def _answered(self, event: e.Answered) -> None:
        message: Message = event.message
        job = self._jobs.of_request(message.request_id)
        if job is None or job.state not in ("planning", "filling"):
            return
        if isinstance(message, Planned):
            self._jobs.planned(job)
            job.rectangle = message.rectangle
            self._do(job, "cutting")
        elif isinstance(message, Progress):
            self._say("progress", job, phase=phase_word(message), fraction=message.fraction)
        elif isinstance(message, Failed):
            self._fail(job, message.error())
        elif isinstance(message, Finished):
            job.answer = message
            self._do(job, "storing")
        elif isinstance(message, Cancelled):
            error = InpaintError("cancelled", "The fill was cancelled.", "Drop the file again.")
            self._fail(job, error)

    # ----------------------------------------------------------------------------------- ending

    @_on.register
    def _stored(self, event: e.Stored) -> None:
        job = self._done_in_process(event.ticket)
        if job is not None:
            assert job.row is not None
            job.state = "ending"
            self._out.append(e.NoteResults(job.ticket, job.row, event.files))

    def _fail(self, job: Job, error: InpaintError) -> None:
        job.state = "failing"
        if job.row is None:
            assert job.drop is not None
            job.row = row_of(job.drop, job.looked, state=FAILING)
        self._out.append(e.NoteFailure(job.ticket, job.row, error))

    @_on.register
    def _stepped(self, event: e.Stepped) -> None:
        self._retries.better()
        job = self._jobs.get(event.ticket)
        if job is None:
            return
        if event.row is None:
            self._given_back(job)
            return
        row = job.row = event.row
        steps: dict[str, Callable[[int, Row], e.Instruction]] = {
            WRITTEN: e.Publish,
            PUBLISHED: e.PutAway,
            FAILING: e.PutAside,
        }
        if row.state in steps:
            self._out.append(steps[row.state](job.ticket, row))
        else:
            if job.drop is not None:
                self._intake.forget(job.drop)
            self._end(job)
            self._tell_end(row, job)

    def _given_back(self, job: Job) -> None:
        self._end(job)
        if job.held_because:
            self._intake.hold(job.name, self._now + RETRY_SECONDS)
            error = immovable(job.name, job.held_because)
            self._out += self._retries.trouble(error, self._now)
        else:
            self._out.append(e.Rescan())

    @_on.register
    def _on_stuck(self, event: e.Stuck) -> None:
        instruction, error = event.instruction, event.error
        ticket = getattr(instruction, "ticket", 0)
        job = self._jobs.get(ticket)
        if event.unexpected:
            if self._retries.is_hopeless(ticket, instruction):
                self._give_up_on(job, instruction, error)
                return
        else:
            self._out += self._retries.trouble(error, self._now)
        self._retries.later(instruction, self._now)

    def _give_up_on(self, job: Job | None, instruction: e.Instruction, error: InpaintError) -> None:
        """Handle a step that keeps failing for an unknown reason."""
        if job is None:
            return
        if isinstance(instruction, e.Pixels):
            self._done_in_process(job.ticket)
        if not isinstance(instruction, (e.NoteFailure, e.PutAside, e.GiveBack)):
            self._fail(job, error)
            return
        # Its files stay where they are; they are in the journal, so the next start tries again.
        self._end(job)
        if job.drop is not None:
            self._intake.forget(job.drop)
        self.counts.failed += 1
        self._say("failed", job, message=error.message, hint=error.hint)

    def _end(self, job: Job) -> None:
        parked = self._jobs.remove(job)
        if job.looked is not None:
            self._out.append(e.Release(job.slot, job.ticket))
        for name in parked:
            self._intake.again(name)

    def _tell_end(self, row: Row, job: Job | None = None) -> None:
        said = end_in_words(row, job, self._now)
        if said is not None:
            self.counts.failed += row.state == FAILED
            self.counts.done += row.state == DONE
            self._out.append(said)

    # ------------------------------------------------------------------------------------ internals

    def _job_of(self, drop: Drop) -> Job:
        return self._jobs.add(drop.name, drop.signature, self._now, drop)

    def _say(self, event: str, job: Job, **facts: Any) -> None:
        number = job.row.id if job.row is not None else 0
        self._out.append(e.Say(event, {"name": job.name, "job": number, **facts}))
