"""What must survive a restart: requests with `on_disconnect = "keep"`, and their answers.

One SQLite file. Each row holds a request until it has an answer, and the answer from then on.
"""

from __future__ import annotations

import logging
import sqlite3
import struct
import time
from collections.abc import Sequence
from pathlib import Path

from inpaintd_protocol import codec
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Inpaint, Job, MakeMask, Message, Terminal
from inpaintd_protocol.plane import Buffer

log = logging.getLogger(__name__)

KEEP_DAYS = 7
"""How long the answer of a kept request waits to be fetched."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    request_id TEXT PRIMARY KEY,
    answered INTEGER NOT NULL,
    written_at REAL NOT NULL,
    message BLOB NOT NULL
)
"""


class Journal:
    """The journal of one daemon; only that daemon opens it."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        # A full page cache of megabytes of pixels would stay in a daemon that idles for days.
        self._database.execute("PRAGMA cache_size = -512")
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(_SCHEMA)
        oldest = time.time() - KEEP_DAYS * 86_400
        self._database.execute("DELETE FROM jobs WHERE answered AND written_at < ?", (oldest,))

    def unfinished(self) -> tuple[Job, ...]:
        """Requests that were accepted and never answered, oldest first."""
        rows = self._database.execute(
            "SELECT message FROM jobs WHERE NOT answered ORDER BY written_at"
        )
        requests = []
        for (blob,) in rows:
            try:
                message = codec.decode_request(_split(blob))
            except InpaintError:
                continue  # written by a version that said it differently
            if isinstance(message, (Inpaint, MakeMask)):
                requests.append(message)
        return tuple(requests)

    def answered(self) -> frozenset[str]:
        rows = self._database.execute("SELECT request_id FROM jobs WHERE answered")
        return frozenset(request_id for (request_id,) in rows)

    def write_request(self, request: Job) -> None:
        self._write(request, answered=False)

    def write_answer(self, answer: Terminal) -> None:
        self._write(answer, answered=True)

    def recall(self, request_id: str) -> Message | None:
        """The answer kept for this request, if any."""
        row = self._database.execute(
            "SELECT message FROM jobs WHERE request_id = ? AND answered", (request_id,)
        ).fetchone()
        try:
            return codec.decode_answer(_split(row[0])) if row else None
        except InpaintError:
            return None  # written by a version that said it differently

    def close(self) -> None:
        self._database.close()

    def _write(self, message: Message, *, answered: bool) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?)",
            (message.request_id, answered, time.time(), _join(codec.encode(message))),
        )


def open_journal(path: Path) -> Journal:
    """The journal at this path; a damaged one is put aside, for a person to look at."""
    try:
        return Journal(path)
    except sqlite3.DatabaseError:
        aside = path.with_suffix(".damaged.sqlite")
        log.exception("the journal is damaged and was put aside as %s", aside)
        path.replace(aside)
        return Journal(path)


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
