"""Events that affect jobs, and instructions that jobs issue in turn. Plain values, no I/O.

Clients are identified by the routing id of their connection, workers by the number of their slot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from inpaintd_protocol.messages import Job, Message, Terminal

# ------------------------------------------------------------------------------------ events


@dataclass(frozen=True)
class Submitted:
    """A client sent a request that needs a worker."""

    client: bytes
    request: Job
    client_name: str = ""


@dataclass(frozen=True)
class Restored:
    """The journal was opened and contains these: work to do, and ids of stored answers."""

    requests: tuple[Job, ...]
    answered: frozenset[str]


@dataclass(frozen=True)
class Kept:
    """The journal has stored this request: it now survives a crash of the daemon."""

    request_id: str


@dataclass(frozen=True)
class Dropped:
    """The journal has deleted old answers to make room for new ones."""

    request_ids: tuple[str, ...]


@dataclass(frozen=True)
class NotKept:
    """The journal could not write this request, or its answer."""

    request_id: str
    reason: str
    """A clause without a full stop."""


@dataclass(frozen=True)
class Recalled:
    """The journal's record of a request that a client asked for: its answer, or the request
    itself if its answer could not be written, or nothing."""

    client: bytes
    client_name: str
    request_id: str
    answer: Terminal | None = None
    request: Job | None = None


@dataclass(frozen=True)
class Anticipated:
    """A request is likely to follow soon; a worker may prepare for it."""


@dataclass(frozen=True)
class CancelRequested:
    client: bytes
    request_id: str


@dataclass(frozen=True)
class AttachRequested:
    client: bytes
    request_id: str
    client_name: str = ""


@dataclass(frozen=True)
class ClientVanished:
    client: bytes


@dataclass(frozen=True)
class WorkerReady:
    worker: int
    device: str = ""
    """The device it computes on, as far as is known before an engine is loaded."""


@dataclass(frozen=True)
class WorkStarted:
    """The worker has loaded its engine and starts; `interruptible` engines heed `Interrupt`."""

    worker: int
    model: str
    interruptible: bool
    device: str = ""
    """The device that engine computes on, such as "cuda:0 (NVIDIA L4)" or "cpu"."""


@dataclass(frozen=True)
class WorkerSaid:
    """An answer to the request that the worker is running."""

    worker: int
    message: Message


@dataclass(frozen=True)
class WorkerEnded:
    worker: int
    reason: str
    """A clause without a full stop."""
    explained: bool = False
    """True if the worker itself gave the reason, so that another attempt would end the same way."""


@dataclass(frozen=True)
class Ticked:
    """Some time has passed."""


@dataclass(frozen=True)
class ShutdownRequested:
    """Answer everybody, then exit."""


Event = (
    Submitted
    | Restored
    | Kept
    | Dropped
    | NotKept
    | Recalled
    | Anticipated
    | CancelRequested
    | AttachRequested
    | ClientVanished
    | WorkerReady
    | WorkStarted
    | WorkerSaid
    | WorkerEnded
    | Ticked
    | ShutdownRequested
)

# ------------------------------------------------------------------------------ instructions


@dataclass(frozen=True)
class Send:
    client: bytes
    message: Message


@dataclass(frozen=True)
class StartWorker:
    worker: int


@dataclass(frozen=True)
class Assign:
    """Give a request to an idle worker."""

    worker: int
    request: Job


@dataclass(frozen=True)
class Interrupt:
    """Ask a worker to stop its request; it answers `Cancelled`."""

    worker: int
    request_id: str


@dataclass(frozen=True)
class KillWorker:
    worker: int
    reason: str
    """Returned in `WorkerEnded`: a clause without a full stop."""


@dataclass(frozen=True)
class AbandonWorker:
    """Expect nothing more from a worker whose process cannot even be killed."""

    worker: int


@dataclass(frozen=True)
class Keep:
    """Store a request that must survive a restart; `Kept` or `NotKept` answers."""

    request: Job


@dataclass(frozen=True)
class KeepAnswer:
    """Store the end of a kept request; only `NotKept` answers."""

    answer: Terminal


@dataclass(frozen=True)
class Discard:
    """Delete a request from the journal: it was rejected after all."""

    request_id: str


@dataclass(frozen=True)
class Recall:
    """Look up this request in the journal; `Recalled` answers."""

    client: bytes
    client_name: str
    request_id: str


@dataclass(frozen=True)
class Log:
    """Write a line to the daemon's log. Never contains a prompt."""

    text: str
    facts: dict[str, Any] = field(default_factory=dict)
    """The same facts, machine-readable."""
    debug: bool = True


@dataclass(frozen=True)
class Exit:
    """Everybody has been answered."""


Instruction = (
    Send
    | StartWorker
    | Assign
    | Interrupt
    | KillWorker
    | AbandonWorker
    | Keep
    | KeepAnswer
    | Discard
    | Recall
    | Log
    | Exit
)
