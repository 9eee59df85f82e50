"""Messages about the daemon itself: its introduction, its activity, its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..version import PROTOCOL_VERSION
from .message import Message, Notice


@dataclass(frozen=True)
class Hello(Message):
    """First message of every connection; answered by `Welcome`."""

    type: ClassVar[str] = "hello"
    client: str
    nonce: bytes
    protocol: tuple[int, int] = PROTOCOL_VERSION


@dataclass(frozen=True)
class Welcome(Message):
    """The daemon's introduction, with proof that it knows the secret."""

    type: ClassVar[str] = "welcome"
    daemon: str
    """The daemon's version."""
    protocol: tuple[int, int]
    proof: bytes
    """HMAC-SHA256 over the nonce of `Hello`, see connection.py."""
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class GetStatus(Message):
    """Answered by `Status`."""

    type: ClassVar[str] = "status"
    about: str = ""
    """Id of a request whose history is wanted as well."""


@dataclass(frozen=True)
class RequestState:
    """One unfinished request in `Status`."""

    request_id: str
    client: str
    phase: str
    fraction: float


@dataclass(frozen=True)
class WorkerState:
    """One worker process in `Status`."""

    pid: int
    device: str
    state: str
    """starting, idle, busy or ending; absent where the last start failed."""
    model: str = ""
    problem: str = ""
    """Reason why its last start failed, as a clause."""


@dataclass(frozen=True)
class Moment:
    """One event in the history of a request, in `Status`."""

    seconds_ago: float
    text: str


@dataclass(frozen=True)
class Status(Message):
    """The daemon's activity."""

    type: ClassVar[str] = "daemon_status"
    daemon: str
    pid: int
    uptime_seconds: float
    resident_bytes: int
    endpoint: str
    requests: tuple[RequestState, ...] = ()
    workers: tuple[WorkerState, ...] = ()
    finished: int = 0
    failed: int = 0
    cancelled: int = 0
    notices: tuple[Notice, ...] = ()
    """Reasons why models do not run here, as in `Models`."""
    log: str = ""
    """Path of the daemon's log."""
    story: tuple[Moment, ...] = ()
    """History of the request asked about; empty when the daemon no longer remembers it."""
    cluster: str = ""
    """Address of the Ray cluster on which holes are filled; empty for this machine."""


@dataclass(frozen=True)
class Shutdown(Message):
    """Stop the daemon; answered by `ShuttingDown`. Unfinished requests get `shutting_down`."""

    type: ClassVar[str] = "shutdown"


@dataclass(frozen=True)
class ShuttingDown(Message):
    """The daemon stops as soon as all clients have been answered."""

    type: ClassVar[str] = "shutting_down"
