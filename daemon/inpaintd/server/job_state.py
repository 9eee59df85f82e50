"""What is known of each request under way, and of each worker that may take one."""

from __future__ import annotations

from dataclasses import dataclass, field

from inpaintd_protocol import limits
from inpaintd_protocol.messages import Inpaint, Job, Progress

INTERRUPT_SECONDS = 5.0
"""How long an interruptible engine may take to heed a cancellation before its worker is killed."""


@dataclass
class JobState:
    """A request between its acceptance and its terminal answer. Times are monotonic seconds."""

    request: Job
    owner: bytes | None
    """Whom its answers go to; None when that client has gone."""
    owner_name: str
    lane: bytes
    """Whose turn it uses up in the queue, even when the owner has gone."""
    progress: Progress
    told_at: float
    attempts: int = 0
    slot: int | None = None
    """Number of the slot where it runs; None while it waits."""
    interrupted_at: float | None = None
    cancelling: bool = False
    watchers: set[bytes] = field(default_factory=set)
    """Clients that cancelled it and wait for its end."""

    @property
    def id(self) -> str:
        return self.request.request_id

    @property
    def kept(self) -> bool:
        return self.request.on_disconnect == "keep"

    @property
    def byte_count(self) -> int:
        request = self.request
        masks = [request.mask, *(request.stage_masks if isinstance(request, Inpaint) else ())]
        return request.layer.byte_count + sum(mask.byte_count for mask in masks if mask)

    def heartbeat_due(self, now: float) -> bool:
        return now - self.told_at >= limits.HEARTBEAT_SECONDS

    def overdue(self, now: float) -> bool:
        """Whether its engine was asked to stop and has not heeded for too long."""
        return self.interrupted_at is not None and now - self.interrupted_at > INTERRUPT_SECONDS


@dataclass
class Slot:
    """One place for a worker process. Times are monotonic seconds."""

    state: str = "absent"
    """absent, starting, idle, busy or ending."""
    request_id: str | None = None
    model: str = ""
    interruptible: bool | None = None
    """Of the engine at work; None while it is being loaded."""
    idle_since: float = 0.0
    started_at: float = 0.0
    rests_until: float = 0.0
    """Before that no worker is started here while there are others."""

    def take_up(self, request_id: str, now: float) -> None:
        self.state, self.request_id, self.started_at = "busy", request_id, now
        self.interruptible = None

    def rest(self, now: float) -> None:
        self.state, self.request_id, self.idle_since = "idle", None, now

    def unused(self, now: float, keep_alive_seconds: float) -> bool:
        return self.state == "idle" and now - self.idle_since > keep_alive_seconds
