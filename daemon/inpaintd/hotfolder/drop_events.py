"""What can happen to drops, and what is to be done about it. Plain values, no I/O.

A drop that is worked on has a number, its ticket, from the moment it is opened until it has come
to an end; its journal's row comes later. Its pixels are in one of a few processes, by number.
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

# ---------------------------------------------------------------------------------- in between


@dataclass(frozen=True)
class Files:
    """Where the files of a drop lie, for whoever opens them.

    Attributes:
        in_processing: with this job's files, not in the inbox.
        members: names by role, relative to the inbox.
        settings: the ones that were settled earlier; None reads them from the folder and files.
        key: what the files must still be; empty for whatever they are.
    """

    in_processing: int | None
    members: Mapping[str, str]
    settings: Mapping[str, Any] | None = None
    key: str = ""


@dataclass(frozen=True)
class Looked:
    """What was found in the files of a drop.

    Attributes:
        key: hash of the bytes of its pictures and of the settings.
        signatures: of the files as they were read, by role.
        extent, bounds: of the picture, and of what is to be repainted.
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
        rows: jobs to go on with; their files are in processing.
        ended: jobs that have been brought to their end.
        tries: by signature, how often pixels were touched that nothing was heard of since.
    """

    rows: tuple[Row, ...]
    ended: tuple[Row, ...] = ()
    tries: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Scanned:
    """The inbox was looked through."""

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
    """The results lie in the private folder, under these names."""

    ticket: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class Changed:
    """The files have changed, or have gone, since they were looked at."""

    ticket: int


@dataclass(frozen=True)
class Unopened:
    """What was to be done with the pixels could not be done.

    Attributes:
        unexpected: nobody knows why, so that it may go better another time.
        disk_full: there is no room for the result.
    """

    ticket: int
    error: InpaintError
    unexpected: bool = False
    disk_full: bool = False


@dataclass(frozen=True)
class Died:
    """The process with the pixels is gone, and so are those of all its other drops."""

    ticket: int
    reason: str


@dataclass(frozen=True)
class Taken:
    """The files have been moved to processing; `earlier` has made the same result before."""

    ticket: int
    row: Row
    earlier: str = ""


@dataclass(frozen=True)
class NotTaken:
    """The files could not be moved, all of them and as they were read."""

    ticket: int
    row: Row
    reason: str = ""


@dataclass(frozen=True)
class Answered:
    """The daemon said something of a request."""

    message: Message


@dataclass(frozen=True)
class Stepped:
    """A step on disk is done, and the row says so; None when it is gone."""

    ticket: int
    row: Row | None


@dataclass(frozen=True)
class Stuck:
    """An instruction met a full or busy disk, or something unexpected. It may be repeated."""

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
    """Something to be done by the process with the pixels.

    Attributes:
        slot: number of the process.
        signature: of the drop, to be noted while it is done.
        alone: nothing else is done meanwhile, so that all memory is there for it.
    """

    ticket: int
    slot: int
    files: Files
    signature: str
    alone: bool


@dataclass(frozen=True)
class Open(Pixels):
    """Read and decode the files, settle the settings, find the hole."""


@dataclass(frozen=True)
class CutOut(Pixels):
    """Cut out what is sent."""

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
    """Nobody needs these pixels any more."""

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
    """Put the files back into the inbox, and forget the row."""

    ticket: int
    row: Row


@dataclass(frozen=True)
class Ignore:
    """Note that a file is an ordinary picture; it stays where it is."""

    row: Row


@dataclass(frozen=True)
class Ask:
    """Send a request to the daemon, again and again until it is answered."""

    request: Plan | Inpaint


@dataclass(frozen=True)
class NoteResults:
    """Write into the journal what the results are to be called."""

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
    """Write into the journal that the files are to be moved to failed, and why."""

    ticket: int
    row: Row
    error: InpaintError


@dataclass(frozen=True)
class PutAside:
    """Move the files to failed, with a text that says why."""

    ticket: int
    row: Row


@dataclass(frozen=True)
class Rescan:
    """Look through the inbox soon."""


@dataclass(frozen=True)
class Say:
    """Tell the user; see report.py for the events."""

    event: str
    facts: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class GiveUp:
    """Nothing can be done here; only where the watch is not to wait."""

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
