"""Server side of one TCP connection that speaks ZMTP 3, from its first byte.

libzmq's implementation is unsuitable: it reads whole frames before it asks for the password, and
pixels need frames of up to 1.6 GB, so anybody on this machine could fill its memory. Here a peer is
limited to a kilobyte before it has sent the password, and to the protocol's limits afterwards.

Source: ZMTP 3.1 (rfc.zeromq.org/spec/37), PLAIN (spec/24).
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal

from inpaintd.server.doors import FRAME_BYTES
from inpaintd_protocol import limits, zmtp_frames
from inpaintd_protocol.plane import Buffer
from inpaintd_protocol.zmtp_frames import FrameDecoder, ZmtpError
from inpaintd_protocol.zmtp_messages import COALESCED_BYTES, Assembler, buffers_of

Stage = Literal["greeting", "hello", "initiate", "open", "refused"]

HANDSHAKE_BYTES = 1024
"""Most bytes a peer may send, and the daemon buffers, before the peer has sent the password."""

MOST_MESSAGES = 1024
"""Most answers queued for a peer; one that fills the daemon's queue is owed 512."""

MOST_BYTES = limits.MESSAGE_BYTES
"""Most bytes of answers that a peer may leave unread; a single answer may be that long."""

_PAUSE_MESSAGES = 64
"""Number of unread answers at which no further requests are read: they wait with the sender."""

_READ_AT_ONCE = 4 << 20

# As libzmq sends and expects it; its clients treat the correct form as a broken handshake.
_REFUSAL = zmtp_frames.LIBZMQ_ERROR + b"\x03400"


class Gone(Exception):
    """The connection was ended by either side."""


class Peer:
    """A connection and the data in transit on it, in both directions.

    Args:
        connection: non-blocking.
        admits: tests a user name and password.
    """

    def __init__(
        self, connection: socket.socket, admits: Callable[[bytes, bytes], bool], deadline: float
    ) -> None:
        self.socket = connection
        self.user = b""
        self.stage: Stage = "greeting"
        self.deadline = deadline
        """Deadline by which the handshake must be complete."""
        self._admits = admits
        self._early = bytearray()
        self._decoder: FrameDecoder | None = None
        self._assembler = Assembler(short_frames=2)
        self._out: deque[memoryview] = deque()
        self._ends: deque[int] = deque()  # how many buffers each queued message has left
        self._out_bytes = 0
        self.slow = False
        """True while the system accepts no more, because the peer does not read."""
        self._put([memoryview(zmtp_frames.greeting(b"PLAIN", as_server=True))])

    # ------------------------------------------------------------------------------- reading

    @property
    def wants_to_read(self) -> bool:
        return self.stage != "refused" and len(self._ends) < _PAUSE_MESSAGES

    def read(self) -> Iterator[list[Buffer]]:
        """Receive messages, limited in bytes so that no peer keeps the loop busy.

        Raises:
            Gone: the peer hung up, or violates ZMTP or the protocol's limits.
        """
        left = _READ_AT_ONCE
        while left > 0 and self.wants_to_read:
            count = self._fill()
            if count == 0:
                return
            left -= count
            try:
                self._shake_hands()
                yield from self._messages()
            except ZmtpError as error:
                raise Gone(str(error)) from error

    def _fill(self) -> int:
        """Read once; returns 0 when nothing is available."""
        try:
            if self._decoder is None:
                # Never more than the limit: strangers must not cost memory.
                data = self.socket.recv(HANDSHAKE_BYTES - len(self._early))
                self._early += data
                count = len(data)
            else:
                with self._decoder.space() as space:
                    count = self.socket.recv_into(space)
                self._decoder.filled(count)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise Gone(str(error)) from error
        if count == 0:
            raise Gone("it hung up")
        return count

    def _messages(self) -> Iterator[list[Buffer]]:
        while self._decoder is not None and (frame := self._decoder.next_frame()) is not None:
            if frame.command:
                command = zmtp_frames.parse_command(frame.body)
                if command.name == b"PING":
                    self._put([memoryview(zmtp_frames.pong(command))])
                continue
            if (message := self._assembler.add(frame)) is not None:
                yield message

    # ----------------------------------------------------------------------------- handshake

    def _shake_hands(self) -> None:
        while self.stage not in ("open", "refused"):
            if self.stage == "greeting":
                greeting = self._take_early(zmtp_frames.GREETING_BYTES)
                if greeting is None:
                    zmtp_frames.check_signature(bytes(self._early))
                    return
                zmtp_frames.check_greeting(greeting, b"PLAIN")
                self.stage = "hello"
            elif (command := self._early_command()) is None:
                return
            elif self.stage == "hello" and command.name == b"HELLO":
                self._ask_for_password(command.data)
            elif self.stage == "initiate" and command.name == b"INITIATE":
                ready = zmtp_frames.command(b"READY", zmtp_frames.metadata(b"ROUTER"))
                self._put([memoryview(ready)])
                self._open()
            else:
                raise ZmtpError(f"it sent {command.name!r} during the handshake")

    def _ask_for_password(self, credentials: bytes) -> None:
        user, rest = _short(credentials)
        password, _ = _short(rest)
        if self._admits(user, password):
            self.user, self.stage = user, "initiate"
            self._put([memoryview(zmtp_frames.command(b"WELCOME"))])
        else:
            self.stage = "refused"
            self._early.clear()
            self._put([memoryview(bytes((4, len(_REFUSAL))) + _REFUSAL)])

    def _open(self) -> None:
        """Accept frames of any size that the protocol allows from now on."""
        self.stage = "open"
        self._decoder = FrameDecoder(FRAME_BYTES, in_pages=True)
        # Data that followed the handshake; it is less than the decoder holds.
        with self._decoder.space() as space:
            space[: len(self._early)] = self._early
        self._decoder.filled(len(self._early))
        self._early.clear()

    def _early_command(self) -> zmtp_frames.Command | None:
        if len(self._early) < 2:
            return None
        flags, size = self._early[:2]
        if flags != 4:  # a command of less than 256 bytes, long enough for any handshake
            raise ZmtpError("its handshake is too long")
        body = self._take_early(2 + size)
        return None if body is None else zmtp_frames.parse_command(body[2:])

    def _take_early(self, count: int) -> bytes | None:
        if len(self._early) < count:
            return None
        taken = bytes(self._early[:count])
        del self._early[:count]
        return taken

    # ------------------------------------------------------------------------------- writing

    @property
    def wants_to_write(self) -> bool:
        return bool(self._out)

    @property
    def worth_writing(self) -> bool:
        """True if too much is queued to wait for the end of the loop's turn."""
        return self._out_bytes > COALESCED_BYTES or not self.wants_to_read

    @property
    def overflows(self) -> bool:
        """True if the peer has exceeded a limit on unread answers."""
        waiting = len(self._ends)
        return waiting > MOST_MESSAGES or (self._out_bytes > MOST_BYTES and waiting > 1)

    def send(self, frames: list[Buffer]) -> None:
        """Queue a message; `write` sends it."""
        self._put(list(buffers_of(frames)))

    def write(self) -> None:
        """Send as much as the system accepts now.

        Raises:
            Gone: the peer hung up, or was rejected and has been told so.
        """
        self.slow = False
        try:
            while self._out:
                self._written(self.socket.send(self._next_buffer()))
        except BlockingIOError:
            self.slow = True
            return
        except OSError as error:
            raise Gone(str(error)) from error
        if self.stage == "refused":
            raise Gone("it has a wrong password")

    def _next_buffer(self) -> Buffer:
        """The first buffer, joined with those after it while they are small together."""
        size = 0
        small: list[Buffer] = []
        for buffer in self._out:
            size += len(buffer)
            if size > COALESCED_BYTES:
                break
            small.append(buffer)
        return b"".join(small) if len(small) > 1 else self._out[0]

    def _written(self, count: int) -> None:
        """Remove this many bytes from the queue."""
        self._out_bytes -= count
        while count:
            first = self._out[0]
            if count < len(first):
                self._out[0] = first[count:]
                return
            count -= len(first)
            self._out.popleft()
            self._ends[0] -= 1
            if self._ends[0] == 0:
                self._ends.popleft()

    def _put(self, buffers: list[memoryview]) -> None:
        self._out.extend(buffers)
        self._ends.append(len(buffers))
        self._out_bytes += sum(map(len, buffers))

    def close(self) -> None:
        self.socket.close()


def _short(data: bytes) -> tuple[bytes, bytes]:
    """Split off a text prefixed with its length in one byte; returns it and the rest."""
    if not data or len(data) < 1 + data[0]:
        raise ZmtpError("it sent a malformed password")
    return data[1 : 1 + data[0]], data[1 + data[0] :]
