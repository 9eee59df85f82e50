"""All requests and worker slots of a daemon, and the elementary changes to their state.

jobs.py decides which of these an event calls for. Each change also adds the resulting instructions
to `out`, notifies the request's owner, and adds to the request's story.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from inpaintd.server import events as e
from inpaintd.server import refusals
from inpaintd.server.fair_queue import FairQueue
from inpaintd.server.job_state import JobState
from inpaintd.server.recent import RecentAnswers
from inpaintd.server.slots import Slots
from inpaintd.server.story import Stories
from inpaintd_protocol import messages as m
from inpaintd_protocol.errors import InpaintError


class Ledger:
    """State and the instructions that result from its changes. Times are monotonic seconds."""

    def __init__(self, slots: Slots) -> None:
        self.now = 0.0
        self.out: list[e.Instruction] = []
        self.slots = slots
        self.jobs: dict[str, JobState] = {}
        self.queue = FairQueue()
        self.recent = RecentAnswers()
        self.stories = Stories()
        self.kept_ids: set[str] = set()
        """Ids of all requests in the journal, including finished ones."""
        self.counts = {"finished": 0, "failed": 0, "cancelled": 0}
        # A guess until the first request has ended.
        self.mean_seconds = 0.25

    # ----------------------------------------------------------------------------- beginnings

    def open_job(self, request: m.Job, owner: bytes | None, owner_name: str) -> JobState:
        """Create a job for a new request, not yet queued."""
        story = self.stories.begin(request.request_id, self.now)
        job = JobState(
            request=request,
            owner=owner,
            owner_name=owner_name,
            lane=owner or b"",
            progress=m.Progress(request.request_id, phase="waiting", fraction=0.0),
            story=story,
            began_at=self.now,
            told_at=self.now,
            phase_since=self.now,
        )
        self.jobs[job.id] = job
        return job

    def enqueue(self, job: JobState) -> None:
        job.state = "waiting"
        self.queue.put(job.lane, job.id, job.byte_count)

    def accept(self, job: JobState) -> None:
        """Queue a job, and promise its owner an answer."""
        self.enqueue(job)
        layer = job.request.layer
        self.note(
            job,
            "accepted",
            debug=False,
            client=job.owner_name,
            kind=job.request.type,
            model=job.request.settings.model or "default",
            layer=f"{layer.width}x{layer.height}",
            kept="yes" if job.kept else "",
        )
        if job.owner is not None:
            position = self.queue.position(job.id)
            self.send(job.owner, m.Accepted(job.id, position=position))

    def assign(self, number: int, job: JobState) -> None:
        """Give the job to an idle worker."""
        job.state, job.slot = "running", number
        job.attempts += 1
        job.advance(m.Progress(job.id, phase="preparing", fraction=0.0), self.now)
        self.slots[number].take_up(job.id, self.now)
        self.out.append(e.Assign(number, job.request))
        self.note(job, "given to a worker", worker=number, attempt=job.attempts)
        self.tell(job)

    # ----------------------------------------------------------------------------------- ends

    def cancel(self, job: JobState) -> None:
        if job.cancelling:
            return
        job.cancelling = True
        self.note(job, "cancellation requested")
        if job.slot is None:
            self.end(job, m.Cancelled(job.id))
        elif self.slots[job.slot].interruptible is False:
            self.kill(job.slot, "its request was cancelled")
        else:
            # An engine that is still loading may finish that: the next request will need it.
            job.interrupted_at = self.now
            self.out.append(e.Interrupt(job.slot, job.id))

    def take_back(self, job: JobState, reason: str) -> None:
        """Return a job to the head of the queue after its worker has died or was given up."""
        job.state, job.slot, job.interrupted_at = "waiting", None, None
        job.advance(m.Progress(job.id, phase="waiting", fraction=0.0), self.now)
        # It has already waited its turn.
        self.queue.put_first(job.lane, job.id, job.byte_count)
        self.note(job, f"back in the queue, because its worker ended: {reason}", debug=False)

    def end(self, job: JobState, answer: m.Terminal, *, keep: bool = True) -> None:
        """Give the job its one terminal answer. Without `keep` the journal continues to hold the
        request as unfinished."""
        if job.state == "waiting":
            self.queue.remove(job.lane, job.id)
        del self.jobs[job.id]
        job.close_phase(self.now)
        self.counts[answer.type] += 1
        # For a client that missed the answer and asks again.
        self.recent.put(answer)
        if job.kept and keep:
            self.out.append(e.KeepAnswer(answer))
        self.note(job, answer.type, debug=False, **_facts(job, answer, self.now))
        self.stories.end(job.id)
        # Sorted, so that equal stories lead to equal instructions.
        for client in sorted(job.watchers | ({job.owner} if job.owner is not None else set())):
            self.send(client, answer)

    def fail_waiting(self, error: InpaintError) -> None:
        """Fail the requests that somebody waits for; kept ones stay queued."""
        for request_id in list(self.queue):
            job = self.jobs[request_id]
            if not job.kept:
                self.end(job, m.Failed.of(request_id, error))

    def kill(self, number: int, reason: str) -> None:
        """End a worker; its slot becomes free once it is certain to have ended."""
        slot = self.slots[number]
        # Not "absent" yet: a replacement would compete with the dying process for memory.
        if slot.state not in ("absent", "ending"):
            slot.enter("ending", self.now)
            self.out.append(e.KillWorker(number, reason))

    # ---------------------------------------------------------------------------------- reporting

    def tell(self, job: JobState) -> None:
        """Send the job's progress to its owner."""
        job.told_at = self.now
        if job.owner is not None and job.state != "recording":
            # A running job has no position in the queue.
            self.send(job.owner, replace(job.progress, position=self.queue.position(job.id)))

    def send(self, client: bytes, message: m.Message) -> None:
        self.out.append(e.Send(client, message))

    def note(self, job: JobState, text: str, *, debug: bool = True, **facts: Any) -> None:
        """Add to the job's story and to the log."""
        told = "".join(f", {key} {value}" for key, value in facts.items() if value != "")
        job.story.note(self.now, text + told)
        self.log(f"request {job.id} {text}{told}", debug=debug, request=job.id, what=text, **facts)

    def log(self, text: str, *, debug: bool = True, **facts: Any) -> None:
        self.out.append(e.Log(text, facts, debug=debug))

    def refusal(self, job: JobState, most_requests: int, most_bytes: int) -> InpaintError | None:
        """The error if there is no room for this job, else None; `job` itself is not counted."""
        # Running requests do not count: only the queue could grow without limit.
        others = [other for other in self.jobs.values() if other is not job and other.slot is None]
        byte_count = sum(other.byte_count for other in others)
        if len(others) >= most_requests or byte_count + job.byte_count > most_bytes:
            return refusals.busy(len(others), self.mean_seconds)
        return None


def _facts(job: JobState, answer: m.Terminal, now: float) -> dict[str, Any]:
    """The log's description of an end; never a prompt."""
    facts: dict[str, Any] = {"client": job.owner_name, "model": job.model}
    if isinstance(answer, m.Finished):
        facts["hole"] = f"{answer.mask.width}x{answer.mask.height}"
    elif isinstance(answer, m.Failed):
        facts["code"] = answer.code
    for phase, seconds in job.seconds.items():
        facts[f"{phase}_seconds"] = round(seconds, 3)
    facts["seconds"] = round(now - job.began_at, 3)
    return facts
