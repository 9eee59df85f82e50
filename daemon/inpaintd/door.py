"""The ZMTP door: one ROUTER on the loopback interface, frames in and out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import zmq

from inpaintd_protocol import limits
from inpaintd_protocol.plane import BYTES_PER_SAMPLE, Buffer
from inpaintd_protocol.zmq_frames import contents

ZAP_DOMAIN = b"clients"

INNER_ENDPOINT = "inproc://clients"
"""Where other threads of this process connect as clients; libzmq asks them for no password."""

_MESSAGES_AT_ONCE = 64
_PIPE_MESSAGES = 64
"""How many messages wait in a client's pipe, each way, before its sender has to wait."""

_HANDSHAKE_MILLISECONDS = 5_000


class Vanished(Exception):
    """The client's connection is gone."""


class Door:
    """Clients come and go here; each is known by the routing id that ROUTER gave it."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], port: int) -> None:
        self.socket = context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
        self.socket.setsockopt(zmq.PLAIN_SERVER, 1)
        # So that sending to a client that has gone says so, instead of dropping the message.
        self.socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        # A client that is slow to read shall not make the daemon grow with previews.
        self.socket.setsockopt(zmq.SNDHWM, _PIPE_MESSAGES)
        self.socket.setsockopt(zmq.RCVHWM, _PIPE_MESSAGES)
        self.socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MILLISECONDS)
        self.socket.setsockopt(
            zmq.MAXMSGSIZE, limits.PLANE_PIXELS * 4 * max(BYTES_PER_SAMPLE.values())
        )
        self.socket.setsockopt(zmq.LINGER, 2_000)
        self.endpoint = _bind(self.socket, port)
        self.socket.bind(INNER_ENDPOINT)
        self._waiting: dict[bytes, deque[list[Buffer]]] = {}

    def receive(self) -> Iterator[tuple[bytes, list[Buffer]]]:
        """Messages that have come, a bounded number so that nobody keeps the loop busy."""
        for _ in range(_MESSAGES_AT_ONCE):
            try:
                client, *frames = self.socket.recv_multipart(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                return
            yield client.bytes, contents(frames)

    def send(self, client: bytes, frames: list[Buffer], *, droppable: bool = False) -> None:
        """Send, or queue for a client that is slow to read, unless it is not worth it.

        Raises:
            Vanished: the client is not connected any more.
        """
        if client in self._waiting:
            if not droppable:
                self._waiting[client].append(frames)
            return
        if not self._try(client, frames) and not droppable:
            self._waiting[client] = deque([frames])

    def retry(self) -> list[bytes]:
        """Try again what could not be sent; returns the clients that have vanished."""
        vanished = []
        for client, queue in list(self._waiting.items()):
            try:
                while queue and self._try(client, queue[0]):
                    queue.popleft()
            except Vanished:
                vanished.append(client)
                queue.clear()
            if not queue:
                del self._waiting[client]
        return vanished

    def close(self) -> None:
        self.socket.close()

    def _try(self, client: bytes, frames: list[Buffer]) -> bool:
        """False when the client's pipe is full."""
        try:
            self.socket.send_multipart([client, *frames], zmq.DONTWAIT, copy=False)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno == zmq.EHOSTUNREACH:
                raise Vanished from error
            raise
        return True


def _bind(socket: zmq.Socket[bytes], port: int) -> str:
    """Bind to the port on the loopback interface, or to any when it is taken; returns where."""
    try:
        socket.bind(f"tcp://127.0.0.1:{port}")
    except zmq.ZMQError:
        socket.bind("tcp://127.0.0.1:*")
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)
