"""What can happen to jobs, and what jobs can ask for in turn. Plain values, no I/O.

Clients are known by the routing id of their connection, workers by the number of their slot.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    """The journal was opened and holds these: work to do, and ids of kept answers."""

    requests: tuple[Job, ...]
    answered: frozenset[str]


@dataclass(frozen=True)
class Forgotten:
    """The journal has no answer to this request any more."""

    request_id: str


@dataclass(frozen=True)
class Anticipated:
    """A request is likely to come soon; a worker may get ready for it."""


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


@dataclass(frozen=True)
class WorkStarted:
    """The worker has loaded its engine and begins; `interruptible` engines heed `Interrupt`."""

    worker: int
    model: str
    interruptible: bool


@dataclass(frozen=True)
class WorkerSaid:
    """An answer to the request that the worker is running."""

    worker: int
    message: Message


@dataclass(frozen=True)
class WorkerEnded:
    worker: int
    reason: str
    explained: bool = False
    """Whether the worker itself gave the reason, so that another try would end alike."""


@dataclass(frozen=True)
class Ticked:
    """Some time has passed."""


@dataclass(frozen=True)
class ShutdownRequested:
    """Answer everybody, then exit."""


Event = (
    Submitted
    | Restored
    | Forgotten
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


@dataclass(frozen=True)
class Journal:
    """Write down a request that must survive a restart."""

    request: Job


@dataclass(frozen=True)
class JournalAnswer:
    """Write down the end of a request that was journalled."""

    answer: Terminal


@dataclass(frozen=True)
class Recall:
    """Send the client the journalled answer of this request."""

    client: bytes
    request_id: str


@dataclass(frozen=True)
class Exit:
    """Everybody has been answered."""


Instruction = (
    Send | StartWorker | Assign | Interrupt | KillWorker | Journal | JournalAnswer | Recall | Exit
)
