"""State that must survive a restart: requests with `on_disconnect = "keep"`, and their answers.

A folder with one file for each, as in mail spools and print queues. A file is written under a
temporary name, synced to disk, then renamed, so it exists either whole or not at all. A separate
index, for example in a database, could only contradict it. Names contain all that is needed at
startup: `000000000042-6162.request` is the request `ab`, the 42nd that was written.

On disk there are at most as many requests as the daemon's queue holds (`limits.QUEUED_BYTES`) and
MOST_BYTES of answers, none older than KEEP_DAYS.
"""

from __future__ import annotations

import logging
import os
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inpaintd.server.journal_clock import JournalClock
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

KEEP_DAYS = 7
"""Time for which the answer of a kept request is available."""

MOST_BYTES = 4 << 30
"""Most bytes of answers not yet fetched; the oldest are deleted first, the newest never."""

_MAGIC = b"inpaintd journal "
_VERSION = b"1\n"
_HEAD = struct.Struct("<d")  # time of writing, by the journal's clock
_LENGTH = struct.Struct("<Q")
_NAME = re.compile(r"(\d{12})-([0-9a-f]{2,128})\.(request|answer)")

Kind = Literal["request", "answer"]


class DamagedError(Exception):
    """A file of the journal that this version cannot read; the message says why."""


@dataclass(frozen=True)
class _Entry:
    path: Path
    kind: Kind
    number: int
    byte_count: int
    written_at: float


class Journal:
    """The journal of one daemon, in its own folder; only that daemon opens it.

    Raises:
        OSError: the folder cannot be created or read. All other methods may raise it, too.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clock = JournalClock(folder / "clock")
        self._entries: dict[str, _Entry] = {}
        self._number = 0
        for path in sorted(folder.iterdir()):
            self._find(path)
        self._drop_old_answers()

    def unfinished(self) -> Iterator[Job]:
        """Requests that were accepted and never answered, oldest first."""
        waiting = [entry for entry in self._entries.values() if entry.kind == "request"]
        for entry in sorted(waiting, key=lambda entry: entry.number):
            request = self._read(entry, codec.decode_request)
            if isinstance(request, (Inpaint, MakeMask)):
                yield request

    def answered(self) -> frozenset[str]:
        return frozenset(id_ for id_, entry in self._entries.items() if entry.kind == "answer")

    def write_request(self, request: Job) -> None:
        self._write(request, "request")

    def write_answer(self, answer: Terminal) -> None:
        self._write(answer, "answer")
        self._drop_old_answers()

    def discard(self, request_id: str) -> None:
        """Delete a request and its answer."""
        entry = self._entries.pop(request_id, None)
        if entry is not None:
            entry.path.unlink(missing_ok=True)

    def recall(self, request_id: str) -> Terminal | Job | None:
        """The stored answer to this request; without one, the request itself; or nothing."""
        entry = self._entries.get(request_id)
        if entry is None:
            return None
        decode = codec.decode_answer if entry.kind == "answer" else codec.decode_request
        found = self._read(entry, decode)
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
        self._enter(request_id, path, kind, int(match[1]), path.stat().st_size, written_at)

    def _enter(
        self, request_id: str, path: Path, kind: Kind, number: int, size: int, written_at: float
    ) -> None:
        """Register one entry per id: an answer replaces its request."""
        old = self._entries.get(request_id)
        if old is not None and old.path != path:
            if old.kind == "answer" and kind == "request":
                path.unlink(missing_ok=True)
                return
            old.path.unlink(missing_ok=True)
        self._entries[request_id] = _Entry(path, kind, number, size, written_at)

    def _write(self, message: Message, kind: Kind) -> None:
        number = self._number = self._number + 1
        name = f"{number:012d}-{message.request_id.encode('ascii').hex()}.{kind}"
        path, part = self._folder / name, self._folder / f"{name}.part"
        written_at = self._clock.now()
        frames = codec.encode(message)
        try:
            size = _write_durably(part, frames, written_at)
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        sync_folder(self._folder)
        self._enter(message.request_id, path, kind, number, size, written_at)

    def _read(self, entry: _Entry, decode: Callable[[Sequence[Buffer]], Message]) -> Message | None:
        try:
            return decode(_frames_of(entry.path.read_bytes()))
        except FileNotFoundError:
            problem = "it has been deleted"
        except (DamagedError, InpaintError) as error:
            problem = str(error)
            self._put_aside(entry.path, problem)
        self._entries = {id_: other for id_, other in self._entries.items() if other is not entry}
        return None

    def _put_aside(self, path: Path, reason: str) -> None:
        """Set aside an unreadable file, for a person to look at."""
        aside = self._folder / "aside"
        aside.mkdir(mode=0o700, exist_ok=True)
        target = aside / path.name
        path.replace(target)
        log.warning(
            "a file of the journal cannot be used and was put aside: %s: %s", target, reason
        )

    def _drop_old_answers(self) -> None:
        answers = [(id_, e) for id_, e in self._entries.items() if e.kind == "answer"]
        oldest = self._clock.now() - KEEP_DAYS * 86_400
        newer_bytes = 0
        # By number, because clocks can go back.
        for id_, entry in sorted(answers, key=lambda item: -item[1].number):
            if entry.written_at < oldest or newer_bytes > MOST_BYTES:
                self.discard(id_)
            newer_bytes += entry.byte_count


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
        raise DamagedError("it is cut off")
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
            raise DamagedError("it is cut off")
        (length,) = _LENGTH.unpack_from(rest)
        frame = rest[_LENGTH.size : _LENGTH.size + length]
        if len(frame) < length:
            raise DamagedError("it is cut off")
        frames.append(frame)
        rest = rest[_LENGTH.size + length :]
    return frames
