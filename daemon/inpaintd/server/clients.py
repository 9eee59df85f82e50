"""The daemon's clients, whichever door they use: their incoming messages, and the answers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from itertools import chain

import zmq

from inpaintd.server.doors import Vanished
from inpaintd.server.doors.inner import InnerDoor
from inpaintd.server.doors.zmtp import ZmtpDoor
from inpaintd_protocol import PROTOCOL_VERSION, codec
from inpaintd_protocol import messages as m
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import Buffer

_MOST_NAMES = 1024
_NAME_CHARACTERS = 80


class Clients:
    """All connected clients, each identified by an id.

    Args:
        poller: that of the daemon's loop.
        context: that of the daemon's own sockets.
        port: for the ZMTP door.
    """

    def __init__(
        self, poller: zmq.Poller, context: zmq.Context[zmq.Socket[bytes]], port: int
    ) -> None:
        self._zmtp = ZmtpDoor(poller, port)
        self._inner = InnerDoor(context)
        poller.register(self._inner.socket, zmq.POLLIN)
        self._names: OrderedDict[bytes, str] = OrderedDict()
        self._versions: dict[bytes, tuple[int, int]] = {}
        """Clients that speak an older minor version of the protocol."""
        self._gone: list[bytes] = []

    @property
    def endpoint(self) -> str:
        return self._zmtp.endpoint

    def admit(self, user: bytes, password: bytes) -> None:
        self._zmtp.admit(user, password)

    def name(self, client: bytes) -> str:
        """The name this client has given itself; empty before it has given one."""
        return self._names.get(client, "")

    def version(self, client: bytes) -> tuple[int, int]:
        """The version of the protocol that this client speaks."""
        return self._versions.get(client, PROTOCOL_VERSION)

    def introduce(self, client: bytes, name: str, version: tuple[int, int]) -> None:
        # For logs and terminals: control characters could rewrite earlier text there.
        self._names[client] = "".join(c for c in name if c.isprintable())[:_NAME_CHARACTERS]
        if len(self._names) > _MOST_NAMES:
            self._versions.pop(self._names.popitem(last=False)[0], None)
        if version < PROTOCOL_VERSION:
            self._versions[client] = version

    def receive(self, ready: Mapping[int, int]) -> Iterator[tuple[bytes, list[Buffer]]]:
        """Receive pending messages, a limited number so that no client keeps the loop busy."""
        return chain(self._zmtp.handle(ready), self._inner.receive())

    def send(self, client: bytes, message: m.Message) -> None:
        """Answer a client; one that is gone is reported by `vanished`."""
        sketch = isinstance(message, (m.Progress, m.Preview))
        try:
            frames = codec.encode(message)
        except InpaintError as error:  # for example, an answer too large to send
            frames = codec.encode(m.Failed.of(message.request_id, error))
        door = self._zmtp if client.startswith(b"z") else self._inner
        try:
            door.send(client, frames, droppable=sketch)
        except Vanished:
            self._gone.append(client)

    def flush(self) -> None:
        """Send what `send` has queued."""
        self._zmtp.flush()

    def vanished(self) -> list[bytes]:
        """Clients that have disconnected since the last call."""
        gone = [*dict.fromkeys([*self._gone, *self._zmtp.vanished()])]
        self._gone = []
        for client in gone:
            self._names.pop(client, None)
            self._versions.pop(client, None)
        return gone

    @property
    def restless(self) -> bool:
        """True if `tick` will have work soon."""
        return self._zmtp.restless or self._inner.waiting

    def tick(self) -> None:
        self._zmtp.tick()
        self._gone += self._inner.retry()

    def close(self) -> None:
        self._zmtp.close()
        self._inner.close()
