"""The same transport on pyzmq, where available. Nothing else in this package imports it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import zmq
from zmq.utils.monitor import recv_monitor_message

from . import limits, transport_errors
from .closing import Closing
from .connection import USER
from .plane import Buffer
from .zmq_frames import contents

_STALLED_SECONDS = 30.0
"""Time without progress after which sending to a peer is given up."""

_LINGER_MILLISECONDS = 1000
"""Time that `close` waits for pending data to be sent."""

_A_DAY_IN_MILLISECONDS = 24 * 3600 * 1000

_BROKEN = zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED | zmq.EVENT_MONITOR_STOPPED
_WATCHED = (
    zmq.EVENT_CONNECT_DELAYED
    | zmq.EVENT_CONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | _BROKEN
)


class ZmqTransport(Closing):
    """See `Transport`. Long frames arrive as memoryviews of libzmq's own memory, without a copy.

    Args:
        endpoint: any endpoint of libzmq.
        password: for PLAIN; None for a peer without security (NULL).
        timeout_seconds: for connecting and the whole handshake.
    """

    def __init__(
        self, endpoint: str, password: bytes | None, *, timeout_seconds: float = 5.0
    ) -> None:
        self._endpoint = endpoint
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context(io_threads=1)
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.MAXMSGSIZE, limits.MESSAGE_BYTES)
        # By default libzmq reconnects silently, and loses answers in flight.
        # Its -1 ("never") would discard a daemon's last messages before it closed the connection.
        self._socket.setsockopt(zmq.RECONNECT_IVL, _A_DAY_IN_MILLISECONDS)
        if password is not None:
            self._socket.setsockopt(zmq.PLAIN_USERNAME, USER)
            self._socket.setsockopt(zmq.PLAIN_PASSWORD, password)
        # libzmq reports refused connections and passwords only through a monitor.
        self._monitor = self._socket.get_monitor_socket(_WATCHED)
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)
        self._broken = False
        try:
            try:
                self._socket.connect(endpoint)
            except zmq.ZMQError as error:
                raise transport_errors.not_a_daemon(self._endpoint, str(error)) from error
            self._await_handshake(time.monotonic() + timeout_seconds)
        except BaseException:
            self.close()
            raise

    def send(self, frames: Sequence[Buffer]) -> None:
        deadline = time.monotonic() + _STALLED_SECONDS
        while True:
            self._read_monitor()
            if self._broken or self._socket.closed:
                raise transport_errors.broken("it hung up")
            try:
                # Only the first frame can be refused, so a message goes out whole or not at all.
                self._socket.send_multipart(frames, zmq.NOBLOCK, copy=False)
            except zmq.Again:
                if time.monotonic() > deadline:
                    raise transport_errors.broken("it takes no more data") from None
                self._socket.poll(100, zmq.POLLOUT)
            else:
                return

    def receive(self, timeout_seconds: float | None) -> list[Buffer] | None:
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        if self._socket.closed:
            raise transport_errors.broken("it is closed")
        while True:
            # The last messages of a daemon that ends arrive before the event of its disconnection.
            self._read_monitor()
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                pass
            else:
                return contents(parts)
            if self._broken:
                raise transport_errors.broken("it hung up")
            remaining = None if deadline is None else deadline - time.monotonic()
            if remaining is not None and remaining <= 0:
                return None
            self._poller.poll(None if remaining is None else math.ceil(remaining * 1000))

    def fileno(self) -> int:
        return int(self._socket.getsockopt(zmq.FD))

    def close(self) -> None:
        if self._socket.closed:
            return
        self._read_monitor()
        self._socket.disable_monitor()
        self._monitor.close(0)
        self._socket.close(0 if self._broken else _LINGER_MILLISECONDS)
        self._context.term()

    def _await_handshake(self, deadline: float) -> None:
        connected = False
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not self._monitor.poll(math.ceil(remaining * 1000)):
                raise transport_errors.silent(self._endpoint)
            event = recv_monitor_message(self._monitor)
            kind = event["event"]
            if kind == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                return
            if kind == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                raise transport_errors.wrong_password(str(event["value"]))
            if kind == zmq.EVENT_CONNECTED:
                connected = True
            elif kind != zmq.EVENT_CONNECT_DELAYED:
                if connected:
                    raise transport_errors.not_a_daemon(
                        self._endpoint, "it does not speak ZMTP with the same security"
                    )
                raise transport_errors.not_running()

    def _read_monitor(self) -> None:
        while not self._broken and not self._monitor.closed and self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)
            self._broken = bool(event["event"] & _BROKEN)
