"""An in-process ROUTER that receives messages from the WebSocket door's thread."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import zmq

from inpaintd.server.doors import Vanished
from inpaintd.server.doors.outbox import Outbox, send
from inpaintd_protocol.plane import Buffer
from inpaintd_protocol.zmq_frames import contents

log = logging.getLogger(__name__)

INNER_ENDPOINT = "inproc://clients"
"""Endpoint at which other threads of this process connect as clients."""

_MESSAGES_AT_ONCE = 64
_PIPE_MESSAGES = 64
"""Messages that a client's pipe holds in each direction before the sender has to wait."""

_MOST_DROPPED = 1024


class InnerDoor:
    """The connected WebSocket clients, each identified by the routing id that ROUTER assigned."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.socket = context.socket(zmq.ROUTER)
        # Report an error on sending to a client that is gone, instead of dropping the message.
        self.socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        # A client that reads slowly must not make the daemon grow with previews.
        self.socket.setsockopt(zmq.SNDHWM, _PIPE_MESSAGES)
        self.socket.setsockopt(zmq.RCVHWM, _PIPE_MESSAGES)
        self.socket.setsockopt(zmq.LINGER, 2_000)
        self.socket.bind(INNER_ENDPOINT)
        self._outboxes: dict[bytes, Outbox] = {}
        self._dropped: dict[bytes, None] = {}  # in order, oldest first

    def receive(self) -> Iterator[tuple[bytes, list[Buffer]]]:
        """Receive pending messages, a limited number so that no client keeps the loop busy."""
        for _ in range(_MESSAGES_AT_ONCE):
            try:
                client, *frames = self.socket.recv_multipart(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                return
            if client.bytes not in self._dropped:
                yield client.bytes, contents(frames)

    def send(self, client: bytes, frames: list[Buffer], *, droppable: bool = False) -> None:
        """Send, or queue for a client that reads slowly, unless the message is not worth queueing.

        Raises:
            Vanished: the client is not connected any more, or reads so little that it is treated
                as gone.
        """
        if client in self._dropped:
            raise Vanished
        outbox = self._outboxes.get(client) or Outbox()
        if outbox.waiting or not self._try(client, frames, outbox):
            if droppable:
                return
            outbox.put(frames)
        if outbox.overflows:
            self._drop(client)
            raise Vanished
        if outbox:
            self._outboxes[client] = outbox

    @property
    def waiting(self) -> bool:
        """True if `retry` has work to do."""
        return any(outbox.waiting for outbox in self._outboxes.values())

    def retry(self) -> list[bytes]:
        """Retry the queued messages; returns the clients that have vanished."""
        vanished = []
        for client, outbox in list(self._outboxes.items()):
            try:
                while outbox.waiting and self._try(client, outbox.waiting[0], outbox):
                    outbox.take()
            except Vanished:
                vanished.append(client)
            if client in vanished or not outbox:
                del self._outboxes[client]
        return vanished

    def close(self) -> None:
        self.socket.close()

    def _try(self, client: bytes, frames: list[Buffer], outbox: Outbox) -> bool:
        """Try to send; returns false when the client's pipe is full."""
        try:
            outbox.left(send(self.socket, client, frames), frames)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno == zmq.EHOSTUNREACH:
                raise Vanished from error
            raise
        return True

    def _drop(self, client: bytes) -> None:
        """Treat a client as gone: a ROUTER cannot disconnect one, but it can be ignored."""
        log.warning("a client is dropped: it does not read its answers")
        self._outboxes.pop(client, None)
        self._dropped[client] = None
        if len(self._dropped) > _MOST_DROPPED:
            del self._dropped[next(iter(self._dropped))]
