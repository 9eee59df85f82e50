"""A drop in progress, and the initial contents of its row in the journal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from inpaintd_protocol.codec import settings_to_map
from inpaintd_protocol.messages import Finished
from inpaintd_protocol.rectangle import Rectangle

from . import drop_events as e
from .drops import Drop
from .journal import Row

State = Literal[
    "opening",
    "taking",
    "planning",
    "cutting",
    "filling",
    "storing",
    "ending",
    "failing",
    "giving_back",
]


@dataclass
class Job:
    """A drop in progress.

    Attributes:
        drop: as found in the inbox; None for one of an earlier run.
        row: None until it has been taken.
        slot: number of the process that has its pixels.
        tries: how often the pixels have crashed a process, or failed for an unknown reason.
        alone: they are processed with all others idle.
    """

    ticket: int
    name: str
    signature: str
    started: float
    drop: Drop | None = None
    row: Row | None = None
    state: State = "opening"
    slot: int = 0
    tries: int = 0
    alone: bool = False
    looked: e.Looked | None = None
    rectangle: Rectangle | None = None
    answer: Finished | None = None
    plan_id: str = ""
    held_because: str = ""

    @property
    def key(self) -> str:
        """Hash of its files and settings; empty until it is known that it may be taken."""
        if self.row is not None:
            return self.row.key
        return self.looked.key if self.looked is not None and self.state != "opening" else ""

    @property
    def files(self) -> e.Files:
        """The current location of its files."""
        if self.row is not None:
            return e.Files(self.row.id, self.row.members, self.row.settings, self.row.key)
        assert self.drop is not None
        return e.Files(None, self.drop.names())

    def next_task(self) -> e.Open | e.CutOut | e.Store:
        """The work that its process has to do in its state."""
        common = (self.ticket, self.slot, self.files, self.signature, self.alone)
        if self.state == "opening":
            return e.Open(*common)
        assert self.rectangle is not None
        assert self.row is not None
        if self.state == "cutting":
            return e.CutOut(*common, self.rectangle, self.row.request_id)
        assert self.answer is not None
        return e.Store(*common, self.rectangle, self.row.id, self.answer)


def row_of(drop: Drop, looked: e.Looked | None, *, state: str = "") -> Row:
    """The row of a drop, with the contents of its files if they have been opened."""
    row = Row(name=drop.name, members=drop.names(), signature=drop.signature)
    if state:
        row = replace(row, state=state)
    if looked is not None:
        row = replace(row, key=looked.key, settings=settings_to_map(looked.settings))
    return row
