"""A daemon with its WebSocket door open, and a plain peer of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_websocket
from websockets.typing import Origin, Subprotocol

from inpaintd_protocol import codec
from inpaintd_protocol import messages as m
from inpaintd_protocol.connection import Connection, read_connection
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings
from tests.running import running_daemon

ZWS = Subprotocol("ZWS2.0")


@contextmanager
def open_door(home: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon of this home folder, started as a user starts it."""
    serve = [sys.executable, "-m", "inpaintd", "serve", "--port=0", "--websocket-port=0", *options]
    with running_daemon(home, command=serve) as daemon:
        yield daemon.process


def port_of(connection: Connection) -> int:
    port = urlsplit(connection.websocket).port
    assert port is not None
    return port


def url_of(connection: Connection, host: str = "localhost", token: str | None = None) -> str:
    token = connection.websocket_token if token is None else token
    return f"ws://{host}:{port_of(connection)}/?token={token}"


class Peer:
    """One WebSocket, in messages of the protocol."""

    def __init__(self, home: Path, *, host: str = "localhost") -> None:
        self.connection = read_connection(home)
        self._stack = ExitStack()
        self.socket: ClientConnection = self._stack.enter_context(
            connect_websocket(
                url_of(self.connection, host),
                subprotocols=[ZWS],
                proxy=None,
                max_size=None,
                compression=None,
            )
        )
        self.socket.send(b"\x00")
        assert self.socket.recv(10) == b"\x00"

    def send(self, request: m.Message) -> None:
        *parts, last = codec.encode(request)
        for part in parts:
            self.socket.send(b"\x01" + bytes(part))
        self.socket.send(b"\x00" + bytes(last))

    def receive(self, seconds: float = 20.0) -> m.Message:
        frames = []
        while True:
            data = self.socket.recv(seconds)
            assert isinstance(data, bytes)
            frames.append(data[1:])
            if data[0] == 0:
                return codec.decode_answer(frames)

    def ask(self, request: m.Message) -> m.Message:
        self.send(request)
        return self.end()

    def end(self) -> m.Message:
        while isinstance(answer := self.receive(), (m.Accepted, m.Progress, m.Preview)):
            pass
        return answer

    def close(self) -> None:
        self._stack.close()


def dial(url: str, origin: str | None = None) -> None:
    """Open and close a WebSocket.

    Raises:
        websockets.exceptions.InvalidStatus: it was refused.
    """
    agreed = None if origin is None else Origin(origin)
    with connect_websocket(url, origin=agreed, subprotocols=[ZWS], proxy=None):
        pass


def inpaint(request_id: str, model: str = "identity", side: int = 64, **fields: str) -> m.Inpaint:
    """A request with a hole in the middle of a square."""
    pixels = bytes((x * 3 + y) % 256 for y in range(side) for x in range(4 * side))
    quarter = side // 4
    mask = bytearray(side * side)
    for y in range(quarter, 3 * quarter):
        mask[y * side + quarter : y * side + 3 * quarter] = b"\xff" * (2 * quarter)
    return m.Inpaint(
        request_id,
        layer=Plane(side, side, 4, "u8", pixels),
        mask=Plane(side, side, 1, "u8", bytes(mask)),
        settings=Settings(model=model),
        **fields,
    )
