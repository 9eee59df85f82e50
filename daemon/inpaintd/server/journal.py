"""State that must survive a restart: requests with `on_disconnect = "keep"`, and their answers.

A folder with one file for each, as in mail spools and print queues. A file is written under a
temporary name, synced to disk, then renamed, so it exists either whole or not at all. A separate
index, for example in a database, could only contradict it. Names contain all that is needed at
startup: `000000000042-6162.request` is the request `ab`, the 42nd that was written.

On disk there are at most as many requests as the daemon's queue holds (`limits.QUEUED_BYTES`) and
the answers that journal_index.py allows.
"""

from __future__ import annotations

import logging
import os
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from inpaintd.server.journal_clock import JournalClock
from inpaintd.server.journal_index import Entry, Index, Kind
from inpaintd.system.files import sync_folder
from inpaintd_protocol import codec
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import (
    Cancelled,
    Failed,
    Finished,
    Inpaint,
    Job,
    MakeMask,
    Message,
    Terminal,
)
from inpaintd_protocol.plane import Buffer

log = logging.getLogger(__name__)

_MAGIC = b"inpaintd journal "
_VERSION = b"1\n"
_HEAD = struct.Struct("<d")  # time of writing, by the journal's clock
_LENGTH = struct.Struct("<Q")
_NAME = re.compile(r"(\d{12})-([0-9a-f]{2,128})\.(request|answer)")


class DamagedError(Exception):
    """A file of the journal that this version cannot read; the message says why."""


class Journal:
    """The journal of one daemon, in its own folder; only that daemon opens it.

    Raises:
        OSError: the folder cannot be created or read. All other methods may raise it, too.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clock = JournalClock(folder / "clock")
        self._index = Index()
        self._number = 0
        for path in sorted(folder.iterdir()):
            self._find(path)
        self._drop_old_answers()

    def unfinished(self) -> Iterator[Job]:
        """Requests that were accepted and never answered, oldest first."""
        for request_id in self._index.requests():
            request = self._read(request_id, codec.decode_request)
            if isinstance(request, (Inpaint, MakeMask)):
                yield request

    def answered(self) -> frozenset[str]:
        return self._index.answered()

    def write_request(self, request: Job) -> None:
        self._write(request, "request")

    def write_answer(self, answer: Terminal) -> list[str]:
        """Replace a request by its answer; return the ids of older answers dropped in turn."""
        self._write(answer, "answer")
        return self._drop_old_answers()

    def discard(self, request_id: str) -> None:
        """Delete a request and its answer."""
        entry = self._index.remove(request_id)
        if entry is not None:
            self._path(request_id, entry).unlink(missing_ok=True)

    def recall(self, request_id: str) -> Terminal | Job | None:
        """The stored answer to this request; without one, the request itself; or nothing."""
        entry = self._index.get(request_id)
        if entry is None:
            return None
        decode = codec.decode_answer if entry.kind == "answer" else codec.decode_request
        found = self._read(request_id, decode)
        return found if isinstance(found, _KEPT) else None

    def close(self) -> None:
        self._clock.save()

    # -------------------------------------------------------------------------------- inside

    def _find(self, path: Path) -> None:
        """Register an existing file from an earlier run."""
        match = _NAME.fullmatch(path.name)
        if match is None:
            if path.suffix == ".part":  # the daemon ended while writing this
                path.unlink(missing_ok=True)
            return
        self._number = max(self._number, int(match[1]))
        try:
            request_id = bytes.fromhex(match[2]).decode("ascii")
            with path.open("rb") as file:
                written_at = _read_head(file.read(len(_MAGIC) + len(_VERSION) + _HEAD.size))
        except (ValueError, DamagedError) as error:
            self._put_aside(path, str(error))
            return
        kind: Kind = "answer" if match[3] == "answer" else "request"
        entry = Entry(kind, int(match[1]), path.stat().st_size, written_at)
        before = self._index.get(request_id)
        if before is not None and before.kind == "answer" and kind == "request":
            path.unlink(missing_ok=True)
        else:
            self._enter(request_id, entry)

    def _enter(self, request_id: str, entry: Entry) -> None:
        """Register one entry per id: an answer replaces its request."""
        before = self._index.get(request_id)
        self._index.put(request_id, entry)
        if before is not None and before != entry:
            self._path(request_id, before).unlink(missing_ok=True)

    def _path(self, request_id: str, entry: Entry) -> Path:
        return self._folder / entry.file_name(request_id)

    def _write(self, message: Message, kind: Kind) -> None:
        self._number += 1
        request_id = message.request_id
        entry = Entry(kind, self._number, 0, self._clock.now())
        path = self._path(request_id, entry)
        part = path.with_name(f"{path.name}.part")
        try:
            size = _write_durably(part, codec.encode(message), entry.written_at)
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        sync_folder(self._folder)
        self._enter(request_id, replace(entry, byte_count=size))

    def _read(
        self, request_id: str, decode: Callable[[Sequence[Buffer]], Message]
    ) -> Message | None:
        entry = self._index.get(request_id)
        assert entry is not None
        path = self._path(request_id, entry)
        try:
            return decode(_frames_of(path.read_bytes()))
        except FileNotFoundError:
            pass  # somebody has deleted it
        except (DamagedError, InpaintError) as error:
            self._put_aside(path, str(error))
        self._index.remove(request_id)
        return None

    def _put_aside(self, path: Path, reason: str) -> None:
        """Set aside an unreadable file, for a person to look at."""
        aside = self._folder / "aside"
        aside.mkdir(mode=0o700, exist_ok=True)
        target = aside / path.name
        path.replace(target)
        log.warning("a journal file is unusable and was set aside: %s: %s", target, reason)

    def _drop_old_answers(self) -> list[str]:
        dropped = []
        for request_id in self._index.surplus(self._clock.now()):
            self.discard(request_id)
            dropped.append(request_id)
        return dropped


_KEPT = (Finished, Failed, Cancelled, Inpaint, MakeMask)


def _write_durably(path: Path, frames: Sequence[Buffer], written_at: float) -> int:
    """Write frames to a new file and sync it to disk; returns its length."""
    # Readable by this user at most, whatever the umask is.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o600)
    with os.fdopen(handle, "wb", buffering=0) as file:
        _write_all(file.write, _MAGIC + _VERSION + _HEAD.pack(written_at))
        for frame in frames:
            _write_all(file.write, _LENGTH.pack(len(frame)))
            _write_all(file.write, frame)
        os.fsync(file.fileno())
        return file.tell()


_BINARY: int = getattr(os, "O_BINARY", 0)  # Windows would convert bytes that look like line ends


def _write_all(write: Callable[[memoryview], int | None], data: Buffer) -> None:
    rest = memoryview(data).cast("B")
    while rest:
        rest = rest[write(rest) or 0 :]


def _read_head(data: bytes) -> float:
    """Time at which a file was written.

    Raises:
        DamagedError: it was not written by the journal.
    """
    if not data.startswith(_MAGIC):
        raise DamagedError("it is damaged")
    if not data.startswith(_MAGIC + _VERSION):
        raise DamagedError("it was written by another version of inpaintd")
    if len(data) < len(_MAGIC) + len(_VERSION) + _HEAD.size:
        raise DamagedError("it is truncated")
    written_at: float = _HEAD.unpack_from(data, len(_MAGIC) + len(_VERSION))[0]
    return written_at


def _frames_of(data: bytes) -> list[Buffer]:
    """The frames in a file, as views of it.

    Raises:
        DamagedError: it was not written by the journal, or is truncated.
    """
    _read_head(data)
    rest = memoryview(data)[len(_MAGIC) + len(_VERSION) + _HEAD.size :]
    frames: list[Buffer] = []
    while rest:
        if len(rest) < _LENGTH.size:
            raise DamagedError("it is truncated")
        (length,) = _LENGTH.unpack_from(rest)
        frame = rest[_LENGTH.size : _LENGTH.size + length]
        if len(frame) < length:
            raise DamagedError("it is truncated")
        frames.append(frame)
        rest = rest[_LENGTH.size + length :]
    return frames
