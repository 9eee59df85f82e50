"""The history of each drop, in one SQLite file, which makes crashes harmless.

A job's row is written before each irreversible step and describes that step, so that it
can be repeated:

    taken      its files are being moved to processing, for filling
    written    its results are in the private folder, and are being moved to the outbox
    published  its results are in the outbox, or were there already; its files are being
               moved to done
    failing    its files are being moved to failed
    done, failed, ignored   nothing is left to do
"""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from inpaintd_protocol.client import new_request_id

TAKEN, WRITTEN, PUBLISHED, FAILING = "taken", "written", "published", "failing"
DONE, FAILED, IGNORED = "done", "failed", "ignored"
UNFINISHED = (TAKEN, WRITTEN, PUBLISHED, FAILING)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL,
    key TEXT NOT NULL,
    signature TEXT NOT NULL,
    written_at REAL NOT NULL,
    row TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_by_key ON jobs (key);
CREATE INDEX IF NOT EXISTS jobs_by_signature ON jobs (signature);
CREATE INDEX IF NOT EXISTS jobs_unfinished ON jobs (id)
    WHERE state IN ('taken', 'written', 'published', 'failing');
CREATE TABLE IF NOT EXISTS tries (signature TEXT PRIMARY KEY, times INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Row:
    """One job.

    Attributes:
        id: 0 before it has been added.
        name: of the picture, relative to the inbox.
        members: the names of its files by role, relative to the inbox.
        key: hash of its inputs: the bytes of all files, and the settings. Empty for files that
            could not be read.
        signature: that of its drop.
        settings: as `settings_to_map`.
        request_id: that of its fill, the same after a crash, so that the daemon fills it once.
        outputs: [name in the private folder, name in the outbox] of each result.
        targets: destinations of its files in done or failed, by role.
        error: what was wrong, and what to do about it.
    """

    name: str
    members: dict[str, str] = field(hash=False)
    key: str = ""
    signature: str = ""
    state: str = TAKEN
    settings: dict[str, Any] = field(default_factory=dict, hash=False)
    request_id: str = field(default_factory=new_request_id)
    outputs: tuple[tuple[str, str], ...] = ()
    targets: dict[str, str] = field(default_factory=dict, hash=False)
    error: tuple[str, str] = ("", "")
    id: int = 0


class Journal:
    """The journal of one hot folder; only the process that holds the folder's lock opens it."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            # A row must be on disk before its step.
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_SCHEMA)
            self.unfinished()  # checks that the rows can be read
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        self._database.close()

    def add(self, row: Row) -> Row:
        """Insert a new row; returns it with its id."""
        cursor = self._database.execute(
            "INSERT INTO jobs (state, key, signature, written_at, row) VALUES (?, ?, ?, ?, ?)",
            (row.state, row.key, row.signature, time.time(), _dump(row)),
        )
        assert cursor.lastrowid is not None
        return replace(row, id=cursor.lastrowid)

    def write(self, row: Row) -> Row:
        """Save the changes to a row; returns it."""
        self._database.execute(
            "UPDATE jobs SET state = ?, key = ?, written_at = ?, row = ? WHERE id = ?",
            (row.state, row.key, time.time(), _dump(row), row.id),
        )
        return row

    def remove(self, row: Row) -> None:
        self._database.execute("DELETE FROM jobs WHERE id = ?", (row.id,))

    def begin(self, signature: str) -> None:
        """Record that the pixels of a drop are about to be processed.

        A drop recorded twice and never cleared has crashed two processes.
        """
        # It must outlive this process, not a power cut, which would not be the picture's fault.
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(
            "INSERT INTO tries VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1",
            (signature,),
        )
        self._database.execute("PRAGMA synchronous = FULL")

    def over(self, signature: str) -> None:
        """Clear the record after a success or an orderly failure."""
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("DELETE FROM tries WHERE signature = ?", (signature,))
        self._database.execute("PRAGMA synchronous = FULL")

    def tries(self) -> dict[str, int]:
        """By drop, how often processing of its pixels started without a known outcome."""
        return dict(self._database.execute("SELECT signature, times FROM tries"))

    def unfinished(self) -> list[Row]:
        """Rows with work left to do, oldest first."""
        marks = ", ".join("?" * len(UNFINISHED))
        return self._rows(f"state IN ({marks}) ORDER BY id", *UNFINISHED)

    def with_key(self, key: str) -> list[Row]:
        """Rows with the same files and settings that have not failed."""
        return self._rows("key = ? AND state NOT IN ('failing', 'failed') ORDER BY id", key)

    def knows(self, signature: str) -> bool:
        """Test whether a drop with this signature has a row."""
        found = self._database.execute("SELECT 1 FROM jobs WHERE signature = ?", (signature,))
        return found.fetchone() is not None

    def _rows(self, condition: str, *values: str) -> list[Row]:
        found = self._database.execute(f"SELECT id, row FROM jobs WHERE {condition}", values)
        try:
            return [_load(number, text) for number, text in found]
        except (ValueError, KeyError, TypeError) as error:
            raise sqlite3.DatabaseError(f"a journal row is damaged: {error}") from error


def _dump(row: Row) -> str:
    values = {name: value for name, value in vars(row).items() if name != "id"}
    return json.dumps(values)


def _load(number: int, text: str) -> Row:
    values = json.loads(text)
    values["outputs"] = tuple((temporary, final) for temporary, final in values["outputs"])
    values["error"] = tuple(values["error"])
    return Row(**values, id=number)
