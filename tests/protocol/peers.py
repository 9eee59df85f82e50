"""Peers that a transport may find at the other end: a real libzmq ROUTER, and worse."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import zmq
from zmq.auth.thread import ThreadAuthenticator

from inpaintd_protocol.closing import Closing
from inpaintd_protocol.connection import USER, Connection, new_secret
from inpaintd_protocol.plane import Buffer
from inpaintd_protocol.transport import Transport
from inpaintd_protocol.zmq_transport import ZmqTransport
from inpaintd_protocol.zmtp import ZmtpTransport

PATIENCE_SECONDS = 20.0
"""Long enough for any machine: nothing in these tests waits for it but a failure."""

Dial = Callable[..., Transport]
TRANSPORTS: dict[str, Dial] = {"zmtp": ZmtpTransport, "zmq": ZmqTransport}


class Router(Closing):
    """A ROUTER on libzmq; with PLAIN it asks pyzmq's own authenticator."""

    def __init__(self, *, plain: bool = True, heartbeat_milliseconds: int = 0) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.secret = new_secret()
        self._authenticator: ThreadAuthenticator | None = None
        if plain:
            self._authenticator = ThreadAuthenticator(self.context)
            self._authenticator.start()
            password = Connection("", self.secret, 0, "").password
            self._authenticator.configure_plain("*", {USER.decode(): password.decode()})
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.router_mandatory = True
        self.socket.plain_server = plain
        if heartbeat_milliseconds:
            self.socket.heartbeat_ivl = heartbeat_milliseconds
            self.socket.heartbeat_timeout = 20 * heartbeat_milliseconds
        port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.connection = Connection(f"tcp://127.0.0.1:{port}", self.secret, 1, "fake")
        self.password = self.connection.password if plain else None

    def dial(self, transport: str, *, password: bytes | None = None) -> Transport:
        return TRANSPORTS[transport](
            self.connection.endpoint, password or self.password, timeout_seconds=PATIENCE_SECONDS
        )

    def receive(self, timeout_seconds: float = PATIENCE_SECONDS) -> tuple[bytes, list[bytes]]:
        assert self.socket.poll(round(timeout_seconds * 1000)), "no message came"
        client, *frames = self.socket.recv_multipart()
        return client, frames

    def send(self, client: bytes, frames: Sequence[Buffer]) -> None:
        self.socket.send_multipart([client, *frames])

    def echo(self) -> None:
        self.send(*self.receive())

    def hang_up(self) -> None:
        """Close the socket once everything is sent."""
        self.socket.close(linger=round(PATIENCE_SECONDS * 1000))

    def close(self) -> None:
        if self._authenticator is not None:
            self._authenticator.stop()
        self.socket.close()
        self.context.term()


@contextmanager
def raw_peer(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """The endpoint of a TCP server that talks to one connection as it likes, then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                with server.accept()[0] as connection:
                    connection.settimeout(PATIENCE_SECONDS)
                    talk(connection)
            except OSError:
                pass  # the other side went first

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        host, port = server.getsockname()
        yield f"tcp://{host}:{port}"
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def read_exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        chunk = connection.recv(count - len(received))
        if not chunk:
            raise ConnectionResetError
        received += chunk
    return received


def shake_hands(connection: socket.socket) -> None:
    """The server's side of a NULL handshake, written out byte by byte."""
    connection.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + b"\0" + bytes(31))
    read_exactly(connection, 64)
    _flags, size = read_exactly(connection, 2)
    assert read_exactly(connection, size).startswith(b"\x05READY")
    ready = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"
    connection.sendall(bytes([4, len(ready)]) + ready)


def until_closed(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass
