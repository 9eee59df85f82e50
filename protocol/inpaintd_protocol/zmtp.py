"""A ZMTP 3.x DEALER over TCP in the standard library, for editors that have no pyzmq.

It works the same on every system: no select, no descriptors, only socket time-outs.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

from . import limits, transport_errors, zmtp_frames
from .closing import Closing
from .connection import USER
from .errors import InpaintError
from .plane import Buffer
from .zmtp_frames import FrameDecoder, ZmtpError
from .zmtp_messages import Assembler, buffers_of

_STALLED_SECONDS = 30.0
"""Time without progress after which sending to a peer is given up."""

_HANDSHAKE_BYTES = 4096
"""Longest command before the peer has been accepted."""


class ZmtpTransport(Closing):
    """See `Transport`. Frames arrive as `bytes`.

    PINGs are answered inside `receive`, so call it from time to time on an idle connection.

    Args:
        endpoint: tcp://host:port.
        password: for PLAIN; None for a peer without security (NULL).
        timeout_seconds: for connecting and the whole handshake.
    """

    def __init__(
        self, endpoint: str, password: bytes | None, *, timeout_seconds: float = 5.0
    ) -> None:
        deadline = time.monotonic() + timeout_seconds
        self._endpoint = endpoint
        self._assembler = Assembler(short_frames=1)
        self._decoder = FrameDecoder(_HANDSHAKE_BYTES)
        self._socket = _connected(endpoint, timeout_seconds)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._shake_hands(password, deadline)
        except BaseException as error:
            self._socket.close()
            if isinstance(error, OSError):
                raise transport_errors.not_a_daemon(endpoint, "it hung up") from error
            raise
        self._decoder.limit_bytes = limits.MESSAGE_BYTES

    def send(self, frames: Sequence[Buffer]) -> None:
        for buffer in buffers_of(frames):
            self._write(buffer)

    def receive(self, timeout_seconds: float | None) -> list[Buffer] | None:
        # One deadline over all reads, as a live daemon's PINGs would keep renewing a socket
        # timeout.
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while True:
            try:
                frame = self._decoder.next_frame()
                if frame is None:
                    if not self._fill(deadline):
                        return None
                elif frame.command:
                    self._obey(frame.body)
                elif (message := self._assembler.add(frame)) is not None:
                    return message
            except ZmtpError as error:
                raise self._broken(str(error)) from error

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    # --------------------------------------------------------------------------- handshake

    def _shake_hands(self, password: bytes | None, deadline: float) -> None:
        mechanism = b"NULL" if password is None else b"PLAIN"
        self._socket.sendall(zmtp_frames.greeting(mechanism))
        try:
            while (received := self._decoder.take(zmtp_frames.GREETING_BYTES)) is None:
                zmtp_frames.check_signature(self._decoder.peek())
                self._fill_or_time_out(deadline)
            zmtp_frames.check_greeting(received, mechanism)
            if password is None:
                self._socket.sendall(zmtp_frames.command(b"READY", zmtp_frames.metadata()))
            else:
                self._socket.sendall(zmtp_frames.plain_hello(USER, password))
                self._expect(b"WELCOME", deadline)
                self._socket.sendall(zmtp_frames.command(b"INITIATE", zmtp_frames.metadata()))
            self._expect(b"READY", deadline)
        except ZmtpError as error:
            raise transport_errors.not_a_daemon(self._endpoint, str(error)) from error

    def _expect(self, name: bytes, deadline: float) -> None:
        while (frame := self._decoder.next_frame()) is None:
            self._fill_or_time_out(deadline)
        if not frame.command:
            raise ZmtpError("it sent a message before the handshake was over")
        received = zmtp_frames.parse_command(frame.body)
        reason = zmtp_frames.error_reason(received)
        if reason is not None:
            raise transport_errors.wrong_password(reason)
        if received.name != name:
            raise ZmtpError(f"it sent {received.name!r} instead of {name!r}")

    def _fill_or_time_out(self, deadline: float) -> None:
        if not self._fill(deadline, during_handshake=True):
            raise transport_errors.silent(self._endpoint)

    # -------------------------------------------------------------------------- bytes in, out

    def _fill(self, deadline: float | None, *, during_handshake: bool = False) -> bool:
        """Read the available bytes; return False when none arrived before the deadline."""
        try:
            self._socket.settimeout(
                None if deadline is None else max(0.0, deadline - time.monotonic())
            )
            with self._decoder.space() as space:
                count = self._socket.recv_into(space)
        except (BlockingIOError, TimeoutError):
            return False
        except OSError as error:
            if during_handshake:
                raise
            raise self._broken(str(error)) from error
        if count == 0:
            if during_handshake:
                raise ConnectionResetError
            raise self._broken("it hung up")
        self._decoder.filled(count)
        return True

    def _write(self, data: Buffer) -> None:
        try:
            # The limit applies to each step, not to the whole: a slow peer may take long, but a
            # dead one accepts nothing.
            self._socket.settimeout(_STALLED_SECONDS)
            rest = memoryview(data)
            while rest:
                rest = rest[self._socket.send(rest) :]
        except TimeoutError as error:
            raise self._broken("it takes no more data") from error
        except OSError as error:
            raise self._broken(str(error)) from error
        except BaseException:
            # Ctrl-C in the middle of a frame leaves the stream unusable.
            self._socket.close()
            raise

    def _obey(self, body: Buffer) -> None:
        received = zmtp_frames.parse_command(body)
        if received.name == b"PING":
            self._write(zmtp_frames.pong(received))
        elif zmtp_frames.error_reason(received) is not None:
            raise self._broken("it reported an error")

    def _broken(self, reason: str) -> InpaintError:
        self._socket.close()
        return transport_errors.broken(reason)


def _connected(endpoint: str, timeout_seconds: float) -> socket.socket:
    scheme, _, address = endpoint.partition("://")
    host, _, port = address.rpartition(":")
    if scheme != "tcp" or not host or not port.isdecimal() or int(port) > 65535:
        raise transport_errors.not_a_daemon(endpoint, "this is not a tcp:// address with a port")
    try:
        return socket.create_connection((host.strip("[]"), int(port)), timeout_seconds)
    except TimeoutError as error:
        raise transport_errors.silent(endpoint) from error
    except OSError as error:
        raise transport_errors.not_running() from error
    except UnicodeError as error:
        raise transport_errors.not_a_daemon(endpoint, "this is not the name of a host") from error
