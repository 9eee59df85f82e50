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

from inpaintd_protocol.client import new_request_id
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.following import phase_word
from inpaintd_protocol.messages import Cancelled, Failed, Finished, Message, Plan, Planned, Progress

from . import drop_events as e
from .drops import Drop
from .intake import Intake
from .job import Job, State, row_of
from .journal import DONE, FAILED, FAILING, IGNORED, PUBLISHED, WRITTEN, Row
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
        self._jobs: dict[int, Job] = {}
        self._names: set[str] = set()
        self._requests: dict[str, int] = {}
        self._parked: dict[str, list[str]] = {}
        self._tries: dict[str, int] = {}
        self._next_ticket = 1
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
        return max(0, self._intake.waiting - sum(j.row is None for j in self._jobs.values()))

    @property
    def running(self) -> int:
        """Number of drops that have been taken and have not ended."""
        return sum(job.row is not None for job in self._jobs.values())

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
        self._tries = dict(event.tries)
        for row in event.ended:
            self._tell_end(row)
        for row in event.rows:
            job = self._new_job(row.name, row.signature)
            job.row = row
            self._requests[row.request_id] = job.ticket
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
            if doomed[0].name not in self._names:
                self._fail(self._job_of(doomed[0]), doomed[1])
        for job in self._slots.starting():
            self._begin(job)
        while self._slots.may_open(len(self._jobs)):
            drop = self._intake.next_ready(self._now)
            if drop is None:
                break
            if drop.name not in self._names:
                job = self._job_of(drop)
                if self._slots.start(job):
                    self._begin(job)
                else:
                    self._slots.wait(job)

    def _begin(self, job: Job) -> None:
        """Have a job's process carry out its next step."""
        if job.tries >= TRIES:
            self._slots.free(job.ticket)
            self._fail(job, _put_aside(job.name))
        else:
            self._out.append(self._task(job))

    def _task(self, job: Job) -> e.Instruction:
        common = (job.ticket, job.slot, job.files, job.signature, job.alone)
        if job.state == "opening":
            return e.Open(*common)
        assert job.rectangle is not None
        assert job.row is not None
        if job.state == "cutting":
            return e.CutOut(*common, job.rectangle, job.row.request_id)
        assert job.answer is not None
        return e.Store(*common, job.rectangle, job.row.id, job.answer)

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
        elif not self._in_place and self._twin_runs(event.looked.key):
            self._parked.setdefault(event.looked.key, []).append(job.name)
            self._end(job)  # until the outcome of its twin is known
        else:
            job.state = "taking"
            row = row_of(job.drop, event.looked)
            self._out.append(e.Take(job.ticket, row, event.looked.signatures))

    def _twin_runs(self, key: str) -> bool:
        return any(job.key == key for job in self._jobs.values())

    @_on.register
    def _taken(self, event: e.Taken) -> None:
        job = self._jobs[event.ticket]
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
        self._requests[event.row.request_id] = job.ticket
        self._say("taken", job)
        self._plan(job)

    @_on.register
    def _not_taken(self, event: e.NotTaken) -> None:
        job = self._jobs[event.ticket]
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
        was_alone = self._jobs[event.ticket].alone if event.ticket in self._jobs else False
        job = self._done_in_process(event.ticket)
        if job is None:
            return
        if event.disk_full:
            self._out += self._retries.trouble(event.error, self._now)
            self._retries.later(self._task(job), self._now)
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
            self._fail(job, _put_aside(job.name, event.reason))
        else:
            self._try_alone(job)

    def _try_alone(self, job: Job) -> None:
        job.alone = True
        self._slots.wait(job)

    # ---------------------------------------------------------------------------------- filling

    def _plan(self, job: Job) -> None:
        assert job.looked is not None
        looked = job.looked
        job.state, job.plan_id = "planning", new_request_id()
        self._requests[job.plan_id] = job.ticket
        self._out.append(e.Ask(Plan(job.plan_id, looked.extent, looked.bounds, looked.settings)))

    @_on.register
    def _cut(self, event: e.Cut) -> None:
        job = self._done_in_process(event.ticket)
        if job is not None:
            job.state = "filling"
            self._out.append(e.Ask(event.request))

    @_on.register
    def _answered(self, event: e.Answered) -> None:
        message: Message = event.message
        job = self._jobs.get(self._requests.get(message.request_id, 0))
        if job is None or job.state not in ("planning", "filling"):
            return
        if isinstance(message, Planned):
            self._requests.pop(job.plan_id, None)
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
            hint = "Check the permissions of the file and its folder."
            message = f"{job.name} cannot be moved: {job.held_because}."
            error = InpaintError("unwritable", message, hint)
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
        self._jobs.pop(job.ticket, None)
        self._names.discard(job.name)
        self._tries.pop(job.signature, None)
        self._requests.pop(job.plan_id, None)
        if job.row is not None:
            self._requests.pop(job.row.request_id, None)
        if job.looked is not None:
            self._out.append(e.Release(job.slot, job.ticket))
            if not self._twin_runs(job.looked.key):
                for name in self._parked.pop(job.looked.key, ()):
                    self._intake.again(name)

    def _tell_end(self, row: Row, job: Job | None = None) -> None:
        facts: dict[str, Any] = {"name": row.name, "job": row.id}
        if row.state == FAILED:
            self.counts.failed += 1
            facts |= {"message": row.error[0], "hint": row.error[1]}
            self._out.append(e.Say("failed", facts))
        elif row.state == DONE and row.outputs:
            self.counts.done += 1
            facts["outputs"] = [final for _, final in row.outputs]
            if job is not None and job.answer is not None and job.looked is not None:
                facts["seconds"] = round(self._now - job.started, 3)
                notices = (*job.looked.notices, *job.answer.warnings)
                facts["warnings"] = [f"{n.message} {n.remedy}".rstrip() for n in notices]
            self._out.append(e.Say("done", facts))

    # ------------------------------------------------------------------------------------ internals

    def _job_of(self, drop: Drop) -> Job:
        job = self._new_job(drop.name, drop.signature)
        job.drop = drop
        self._names.add(drop.name)
        return job

    def _new_job(self, name: str, signature: str) -> Job:
        job = Job(self._next_ticket, name, signature, self._now)
        self._next_ticket += 1
        job.tries = self._tries.get(signature, 0)
        job.alone = job.tries > 0
        self._jobs[job.ticket] = job
        return job

    def _say(self, event: str, job: Job, **facts: Any) -> None:
        number = job.row.id if job.row is not None else 0
        self._out.append(e.Say(event, {"name": job.name, "job": number, **facts}))


def _put_aside(name: str, reason: str = "") -> InpaintError:
    """The error for a picture that has crashed two processes."""
    because = f": {reason}" if reason else ""
    return InpaintError(
        "unreadable",
        f"Reading {name} ended the program that did it, twice{because}.",
        "It may be damaged, or too large for this machine's memory: open it in an editor and save "
        "it again, smaller if need be.",
    )
