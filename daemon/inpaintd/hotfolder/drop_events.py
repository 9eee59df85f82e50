"""Events that affect drops, and the instructions that follow. Plain values, no I/O.

A drop in progress has a number, its ticket, from the moment it is opened until it has ended; its
row in the journal is added later. Its pixels are in one of a few processes, known by number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished, Inpaint, Message, Notice, Plan
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

from .drops import Drop, Signature
from .journal import Row

# --------------------------------------------------------------------------------- shared types


@dataclass(frozen=True)
class Files:
    """The location of a drop's files, for the process that opens them.

    Attributes:
        in_processing: in processing, with this job's files, rather than in the inbox.
        members: names by role, relative to the inbox.
        settings: those resolved earlier; None reads them from the folder and files.
        key: the hash that the files must still have; empty for any.
    """

    in_processing: int | None
    members: Mapping[str, str]
    settings: Mapping[str, Any] | None = None
    key: str = ""


@dataclass(frozen=True)
class Looked:
    """The contents of a drop's files.

    Attributes:
        key: hash of the bytes of its pictures and of the settings.
        signatures: of the files as they were read, by role.
        extent, bounds: of the picture, and of the area to repaint.
        notices: what the user should know about the files.
    """

    key: str
    signatures: dict[str, Signature]
    settings: Settings
    extent: Rectangle
    bounds: Rectangle
    notices: tuple[Notice, ...] = ()


# ------------------------------------------------------------------------------------- events


@dataclass(frozen=True)
class Restored:
    """The journal of an earlier run was opened.

    Attributes:
        rows: jobs to resume; their files are in processing.
        ended: jobs that recovery has completed.
        tries: by signature, how often processing of pixels started without a known outcome.
    """

    rows: tuple[Row, ...]
    ended: tuple[Row, ...] = ()
    tries: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Scanned:
    """The inbox was scanned."""

    drops: tuple[Drop, ...]


@dataclass(frozen=True)
class Opened:
    ticket: int
    looked: Looked


@dataclass(frozen=True)
class Cut:
    """The pixels that the daemon needs were cut out."""

    ticket: int
    request: Inpaint


@dataclass(frozen=True)
class Stored:
    """The results are in the private folder, under these names."""

    ticket: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class Changed:
    """The files have changed or disappeared since they were read."""

    ticket: int


@dataclass(frozen=True)
class Unopened:
    """Processing the pixels has failed.

    Attributes:
        unexpected: the cause is unknown, so another attempt may succeed.
        disk_full: there is no room for the result.
    """

    ticket: int
    error: InpaintError
    unexpected: bool = False
    disk_full: bool = False


@dataclass(frozen=True)
class Died:
    """The process with the pixels has ended, and with it the pixels of all its other drops."""

    ticket: int
    reason: str


@dataclass(frozen=True)
class Taken:
    """The files have been moved to processing; `earlier` has already made the same result."""

    ticket: int
    row: Row
    earlier: str = ""


@dataclass(frozen=True)
class NotTaken:
    """Not all of the files could be moved in the state in which they were read."""

    ticket: int
    row: Row
    reason: str = ""


@dataclass(frozen=True)
class Answered:
    """The daemon sent a message about a request."""

    message: Message


@dataclass(frozen=True)
class Stepped:
    """A step on disk is done and recorded in the row, which is None once it is deleted."""

    ticket: int
    row: Row | None


@dataclass(frozen=True)
class Stuck:
    """An instruction failed because of a full or busy disk, or unexpectedly. It may be repeated."""

    instruction: Instruction
    error: InpaintError
    unexpected: bool = False


@dataclass(frozen=True)
class Tick:
    """Time has passed."""


Event = (
    Restored
    | Scanned
    | Opened
    | Cut
    | Stored
    | Changed
    | Unopened
    | Died
    | Taken
    | NotTaken
    | Answered
    | Stepped
    | Stuck
    | Tick
)

# ------------------------------------------------------------------------------- instructions


@dataclass(frozen=True)
class Pixels:
    """An instruction for the process with the pixels.

    Attributes:
        slot: number of the process.
        signature: of the drop, to be recorded while the instruction is carried out.
        alone: run it with nothing else running, so that it has all the memory.
    """

    ticket: int
    slot: int
    files: Files
    signature: str
    alone: bool


@dataclass(frozen=True)
class Open(Pixels):
    """Read and decode the files, resolve the settings, find the hole."""


@dataclass(frozen=True)
class CutOut(Pixels):
    """Cut out the rectangle to send."""

    rectangle: Rectangle
    request_id: str


@dataclass(frozen=True)
class Store(Pixels):
    """Write the results."""

    rectangle: Rectangle
    job: int
    answer: Finished


@dataclass(frozen=True)
class Release:
    """Discard pixels that are no longer needed."""

    slot: int
    ticket: int


@dataclass(frozen=True)
class Take:
    """Write the row and move the files to processing."""

    ticket: int
    row: Row
    signatures: Mapping[str, Signature] = field(hash=False)


@dataclass(frozen=True)
class GiveBack:
    """Move the files back to the inbox, and delete the row."""

    ticket: int
    row: Row


@dataclass(frozen=True)
class Ignore:
    """Record that a file is an ordinary picture; it stays where it is."""

    row: Row


@dataclass(frozen=True)
class Ask:
    """Send a request to the daemon, and send it again until it is answered."""

    request: Plan | Inpaint


@dataclass(frozen=True)
class NoteResults:
    """Record the final names of the results in the journal."""

    ticket: int
    row: Row
    files: tuple[str, ...]


@dataclass(frozen=True)
class Publish:
    """Move the results to the outbox."""

    ticket: int
    row: Row


@dataclass(frozen=True)
class PutAway:
    """Move the files to done."""

    ticket: int
    row: Row


@dataclass(frozen=True)
class NoteFailure:
    """Record in the journal that the files are to be moved to failed, and why."""

    ticket: int
    row: Row
    error: InpaintError


@dataclass(frozen=True)
class PutAside:
    """Move the files to failed, with a text file that says why."""

    ticket: int
    row: Row


@dataclass(frozen=True)
class Rescan:
    """Scan the inbox soon."""


@dataclass(frozen=True)
class Say:
    """Tell the user; see report.py for the events."""

    event: str
    facts: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class GiveUp:
    """Give up: nothing can be done here. Only for a watch that is not meant to wait."""

    error: InpaintError


Instruction = (
    Open
    | CutOut
    | Store
    | Release
    | Take
    | GiveBack
    | Ignore
    | Ask
    | NoteResults
    | Publish
    | PutAway
    | NoteFailure
    | PutAside
    | Rescan
    | Say
    | GiveUp
)
