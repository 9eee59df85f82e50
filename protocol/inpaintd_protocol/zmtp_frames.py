"""ZMTP 3.x as bytes, without a socket: greeting, frames, and the PLAIN and NULL commands.

Source: ZMTP 3.1 (rfc.zeromq.org/spec/37), PLAIN (spec/24).
"""

from __future__ import annotations

import io
import mmap
import struct
from typing import NamedTuple, Union

from .plane import Buffer

GREETING_BYTES = 64
SIGNATURE_BYTES = 10

_MORE, _LONG, _COMMAND = 1, 2, 4
_SCRATCH_BYTES = 64 * 1024
_LONGEST_HEAD = 9

# What libzmq 4.3.5's PLAIN server sends: its C source says "\x5ERROR", which is the one byte 0x5E
# before "RROR", where the length 5 before "ERROR" was meant.
LIBZMQ_ERROR = b"\x5eRROR"


class ZmtpError(Exception):
    """The peer does not speak ZMTP, or speaks it wrongly."""


class Frame(NamedTuple):
    """One frame from the wire."""

    body: Buffer
    """`bytes`, except for a long frame of a decoder in pages."""
    more: bool
    """True when further frames of the same message follow."""
    command: bool


class Command(NamedTuple):
    """The contents of a command frame."""

    name: bytes
    data: bytes


# ------------------------------------------------------------------------------------- writing


def greeting(mechanism: bytes, *, as_server: bool = False) -> bytes:
    """Version 3.1, as a client or as the server."""
    signature = b"\xff" + bytes(8) + b"\x7f"
    return signature + b"\x03\x01" + mechanism.ljust(20, b"\0") + bytes((as_server,)) + bytes(31)


def head(size: int, *, more: bool) -> bytes:
    """Encode the flags and length that precede a message frame of `size` bytes."""
    return _head(_MORE if more else 0, size)


def command(name: bytes, data: bytes = b"") -> bytes:
    """A whole command frame."""
    body = _short(name) + data
    return _head(_COMMAND, len(body)) + body


def plain_hello(user: bytes, password: bytes) -> bytes:
    return command(b"HELLO", _short(user) + _short(password))


def metadata(socket_type: bytes = b"DEALER") -> bytes:
    """Encode the properties in READY and INITIATE; an empty identity lets the ROUTER choose one."""
    return b"".join(
        _short(name) + struct.pack(">I", len(value)) + value
        for name, value in ((b"Socket-Type", socket_type), (b"Identity", b""))
    )


def pong(ping: Command) -> bytes:
    """Encode the answer to a PING: its context, without the time to live."""
    return command(b"PONG", ping.data[2:])


def _head(flags: int, size: int) -> bytes:
    if size < 256:
        return struct.pack(">BB", flags, size)
    return struct.pack(">BQ", flags | _LONG, size)


def _short(value: bytes) -> bytes:
    return struct.pack(">B", len(value)) + value


# ------------------------------------------------------------------------------------- reading


def check_signature(received: bytes) -> None:
    """Check that these first bytes can be ZMTP at all; a prefix of the signature passes.

    Raises:
        ZmtpError: they cannot.
    """
    if received[:1] not in (b"", b"\xff") or (len(received) > 9 and received[9] & 1 == 0):
        raise ZmtpError("it does not speak ZMTP")


def check_greeting(received: bytes, mechanism: bytes) -> None:
    """Check a greeting of 64 bytes.

    Raises:
        ZmtpError: naming what does not fit.
    """
    check_signature(received)
    if received[10] < 3:
        raise ZmtpError(f"it speaks ZMTP {received[10]}, not 3")
    theirs = received[12:32].rstrip(b"\0")
    if theirs != mechanism:
        raise ZmtpError(f"it asks for {theirs.decode('latin-1')}, not {mechanism.decode()}")


def parse_command(frame_body: Buffer) -> Command:
    """Split a command frame.

    Raises:
        ZmtpError: when it is too short for its name.
    """
    body = bytes(frame_body)
    if body.startswith(LIBZMQ_ERROR):
        return Command(b"ERROR", body[len(LIBZMQ_ERROR) :])
    end = 1 + body[0] if body else 1
    if end > len(body):
        raise ZmtpError("it sent a broken command")
    return Command(body[1:end], body[end:])


def error_reason(received: Command) -> str | None:
    """The reason in an ERROR command; None for any other command."""
    if received.name != b"ERROR":
        return None
    return received.data[1:].decode("latin-1")


class FrameDecoder:
    """A parser that turns bytes into frames.

    The socket reads into `space()` and reports with `filled(count)`; `next_frame()` gives the
    frames. A long frame is read straight into its final buffer, so its bytes are never copied.

    Args:
        limit_bytes: longest frame that is accepted.
        in_pages: take the memory for long frames from the system, page by page as they arrive. It
            costs no time beforehand and is given back at once, but is not `bytes`.
    """

    def __init__(self, limit_bytes: int, *, in_pages: bool = False) -> None:
        self.limit_bytes = limit_bytes
        self._long_body = _PagedBody if in_pages else _LongBody
        self._scratch = bytearray(_SCRATCH_BYTES)
        self._start = self._end = 0
        self._long: Union[_LongBody, _PagedBody, None] = None

    def space(self) -> memoryview:
        """Return the buffer for the next bytes; never empty after `next_frame()` returned None."""
        if self._long is not None:
            return self._long.space()
        return memoryview(self._scratch)[self._end :]

    def filled(self, count: int) -> None:
        if self._long is not None:
            self._long.filled += count
        else:
            self._end += count

    def take(self, count: int) -> bytes | None:
        """Return the next `count` raw bytes once available, as the greeting is not framed."""
        if self._end - self._start < count:
            return None
        self._start += count
        return bytes(self._scratch[self._start - count : self._start])

    def peek(self) -> bytes:
        """Return the bytes that were read but not yet consumed."""
        return bytes(self._scratch[self._start : self._end])

    def next_frame(self) -> Frame | None:
        """Return the next whole frame, or None.

        Raises:
            ZmtpError: on reserved flags or a frame over the limit.
        """
        if self._long is not None:
            if not self._long.complete:
                return None
            frame = self._long.frame()
            self._long = None
            return frame
        available = self._end - self._start
        if available == 0:
            self._start = self._end = 0
            return None
        flags = self._scratch[self._start]
        if flags & ~(_MORE | _LONG | _COMMAND):
            raise ZmtpError("it sent a frame with reserved flags")
        head_bytes = _LONGEST_HEAD if flags & _LONG else 2
        if available < head_bytes:
            self._make_room(head_bytes)
            return None
        size: int = self._scratch[self._start + 1]
        if flags & _LONG:
            (size,) = struct.unpack_from(">Q", self._scratch, self._start + 1)
        if size > self.limit_bytes:
            raise ZmtpError(f"it sent a frame of {size} bytes, which is too long")
        if head_bytes + size > _SCRATCH_BYTES:
            self._start += head_bytes
            self._long = self._long_body(flags, size)
            count = self._end - self._start  # less than its size, or it would have fit
            with self._long.space() as room:
                room[:count] = memoryview(self._scratch)[self._start : self._end]
            self._long.filled = count
            self._start = self._end
            return None
        if available < head_bytes + size:
            self._make_room(head_bytes + size)
            return None
        begin = self._start + head_bytes
        self._start = begin + size
        return _frame(flags, bytes(self._scratch[begin : self._start]))

    def _make_room(self, needed: int) -> None:
        """Make sure that `needed` bytes fit behind the start."""
        if self._start + needed > _SCRATCH_BYTES:
            rest = self._scratch[self._start : self._end]
            self._scratch[: len(rest)] = rest
            self._start, self._end = 0, len(rest)


class _LongBody:
    """A buffer for a frame of known size that becomes `bytes` without a copy.

    GIMP accepts pixels ten times faster as `bytes` than as anything else, but a `bytes` cannot be
    read into. BytesIO hands out its inner buffer as `bytes` when it has the exact length.
    """

    def __init__(self, flags: int, size: int) -> None:
        self._flags = flags
        self._size = size
        self._file = io.BytesIO()
        self._file.seek(size - 1)
        self._file.write(b"\0")
        self.filled = 0

    @property
    def complete(self) -> bool:
        return self.filled == self._size

    def space(self) -> memoryview:
        # A new view each time: a BytesIO that is garbage-collected with a view in a cycle
        # complains.
        return self._file.getbuffer()[self.filled :]

    def frame(self) -> Frame:
        return _frame(self._flags, self._file.getvalue())


class _PagedBody:
    """A buffer for a frame of known size, of which the system makes only what is written."""

    def __init__(self, flags: int, size: int) -> None:
        self._flags = flags
        self._view = memoryview(mmap.mmap(-1, size))
        self.filled = 0

    @property
    def complete(self) -> bool:
        return self.filled == len(self._view)

    def space(self) -> memoryview:
        return self._view[self.filled :]

    def frame(self) -> Frame:
        return _frame(self._flags, self._view)


def _frame(flags: int, body: Buffer) -> Frame:
    return Frame(body, more=bool(flags & _MORE), command=bool(flags & _COMMAND))
