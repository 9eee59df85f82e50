"""What must survive a restart: requests with `on_disconnect = "keep"`, and their answers.

One SQLite file. Each row holds a request until it has an answer, and the answer from then on. Old
answers are dropped, so that a daemon that runs for months does not fill the disk.
"""

from __future__ import annotations

import logging
import sqlite3
import struct
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from inpaintd_protocol import codec
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Inpaint, Job, MakeMask, Message, Terminal
from inpaintd_protocol.plane import Buffer

log = logging.getLogger(__name__)

KEEP_DAYS = 7
"""How long the answer of a kept request waits to be fetched."""

MOST_BYTES = 4 << 30
"""Most bytes of answers that wait to be fetched; the oldest go first, the newest always stays."""

_LOCKED_SECONDS = 0.5
"""How long another program, such as a backup, may keep everybody waiting."""

_DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
"""What SQLite says of a file that will never do; not that it is locked, read-only or full."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    request_id TEXT PRIMARY KEY,
    answered INTEGER NOT NULL,
    written_at REAL NOT NULL,
    message BLOB NOT NULL
)
"""

_DROP_BEYOND = """
DELETE FROM jobs WHERE rowid IN (
    SELECT rowid FROM (
        SELECT rowid, sum(length(message)) OVER (
            ORDER BY rowid DESC  -- each new row has the highest; clocks can go back
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS newer FROM jobs WHERE answered
    ) WHERE newer > ?
)
"""


class Journal:
    """The journal of one daemon; only that daemon opens it."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, timeout=_LOCKED_SECONDS)
        try:
            # A full page cache of megabytes of pixels would stay in a daemon that idles for days.
            self._database.execute("PRAGMA cache_size = -512")
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute(_SCHEMA)
            self._drop_old_answers()
        except sqlite3.Error:
            self.close()
            raise

    def unfinished(self) -> tuple[Job, ...]:
        """Requests that were accepted and never answered, oldest first."""
        rows = self._database.execute("SELECT message FROM jobs WHERE NOT answered ORDER BY rowid")
        messages = (_read(blob, codec.decode_request) for (blob,) in rows)
        return tuple(m for m in messages if isinstance(m, (Inpaint, MakeMask)))

    def answered(self) -> frozenset[str]:
        rows = self._database.execute("SELECT request_id FROM jobs WHERE answered")
        return frozenset(request_id for (request_id,) in rows)

    def write_request(self, request: Job) -> None:
        self._write(request, answered=False)

    def write_answer(self, answer: Terminal) -> None:
        self._write(answer, answered=True)
        self._drop_old_answers()

    def recall(self, request_id: str) -> Message | None:
        """The answer kept for this request, if any."""
        row = self._database.execute(
            "SELECT message FROM jobs WHERE request_id = ? AND answered", (request_id,)
        ).fetchone()
        return _read(row[0], codec.decode_answer) if row else None

    def close(self) -> None:
        self._database.close()

    def _write(self, message: Message, *, answered: bool) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?)",
            (message.request_id, answered, time.time(), _join(codec.encode(message))),
        )

    def _drop_old_answers(self) -> None:
        oldest = time.time() - KEEP_DAYS * 86_400
        self._database.execute("DELETE FROM jobs WHERE answered AND written_at < ?", (oldest,))
        self._database.execute(_DROP_BEYOND, (MOST_BYTES,))


def open_journal(path: Path) -> tuple[Journal, tuple[Job, ...], frozenset[str]]:
    """The journal at this path, with its unfinished requests and the ids of its answers.

    A damaged one is put aside, for a person to look at.

    Raises:
        sqlite3.Error: when it cannot be used now: it is locked, read-only, or the disk is full.
        OSError: when a damaged one cannot be put aside.
    """
    try:
        return _opened(path)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
            raise
        log.exception("the journal is damaged and was put aside as %s", _put_aside(path))
        return _opened(path)


def _opened(path: Path) -> tuple[Journal, tuple[Job, ...], frozenset[str]]:
    journal = Journal(path)
    try:
        return journal, journal.unfinished(), journal.answered()
    except sqlite3.Error:
        journal.close()
        raise


def _put_aside(path: Path) -> Path:
    names = (path.with_suffix(f".damaged{n or ''}.sqlite") for n in count())
    aside = next(name for name in names if not name.exists())
    return path.replace(aside)


def _read(blob: bytes, decode: Callable[[Sequence[Buffer]], Message]) -> Message | None:
    try:
        return decode(_split(blob))
    except (InpaintError, struct.error):
        return None  # written by a version that said it differently


def _join(frames: Sequence[Buffer]) -> bytes:
    """Frames as one blob: each with its length in 8 bytes before it."""
    return b"".join(part for frame in frames for part in (struct.pack("<Q", len(frame)), frame))


def _split(blob: bytes) -> list[Buffer]:
    view, frames = memoryview(blob), []
    while view:
        (length,) = struct.unpack_from("<Q", view)
        frames.append(view[8 : 8 + length])
        view = view[8 + length :]
    return list(frames)
