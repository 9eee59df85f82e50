"""The state of each request between its arrival and its terminal answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from inpaintd.server.story import Story
from inpaintd_protocol import limits
from inpaintd_protocol.messages import Inpaint, Job, Progress

State = Literal["recording", "waiting", "running"]
"""`recording` until the journal has stored a request that is to be kept, `waiting` in the queue,
`running` on a worker. A terminal answer ends each of them."""

INTERRUPT_SECONDS = 5.0
"""Time that an interruptible engine has to heed a cancellation before its worker is killed."""


@dataclass
class JobState:
    """A request in progress. Times are monotonic seconds."""

    request: Job
    owner: bytes | None
    """The client that gets its answers; None when that client is gone."""
    owner_name: str
    lane: bytes
    """The client whose turn in the queue it uses, even when the owner is gone."""
    progress: Progress
    story: Story
    began_at: float
    told_at: float
    state: State = "waiting"
    attempts: int = 0
    slot: int | None = None
    """Number of the slot where it runs; None while it does not run."""
    model: str = ""
    """The model in use, once the worker has reported it."""
    interrupted_at: float | None = None
    cancelling: bool = False
    watchers: set[bytes] = field(default_factory=set)
    """Clients that cancelled it and are waiting for its end."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Time spent in each completed phase."""
    phase_since: float = 0.0

    @property
    def id(self) -> str:
        return self.request.request_id

    @property
    def kept(self) -> bool:
        return self.request.on_disconnect == "keep"

    @property
    def byte_count(self) -> int:
        request = self.request
        others = [request.mask]
        if isinstance(request, Inpaint):
            others += [*request.stage_masks, *request.references, *request.reference_masks]
            others += [request.sampling]
        return request.layer.byte_count + sum(plane.byte_count for plane in others if plane)

    def heartbeat_due(self, now: float) -> bool:
        return now - self.told_at >= limits.HEARTBEAT_SECONDS

    def overdue(self, now: float) -> bool:
        """True if its engine was asked to stop and has not heeded that for too long."""
        return self.interrupted_at is not None and now - self.interrupted_at > INTERRUPT_SECONDS

    def advance(self, progress: Progress, now: float) -> bool:
        """Store a progress report; returns true when it starts a new phase."""
        new_phase = progress.phase != self.progress.phase
        if new_phase:
            self.close_phase(now)
        self.progress = progress
        return new_phase

    def close_phase(self, now: float) -> None:
        spent = self.seconds.get(self.progress.phase, 0.0) + now - self.phase_since
        self.seconds[self.progress.phase] = spent
        self.phase_since = now
