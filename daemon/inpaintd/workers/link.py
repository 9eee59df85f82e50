"""The worker's end of the socket between a daemon and one of its worker processes."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import zmq

from inpaintd.system.lifelines import end_with
from inpaintd.system.processes import offer_first_to_be_killed
from inpaintd.workers import wire
from inpaintd.workers.devices import settle_on
from inpaintd.workers.versions import identity
from inpaintd_protocol import codec
from inpaintd_protocol.messages import Inpaint, Job, MakeMask, Message
from inpaintd_protocol.plane import Buffer
from inpaintd_protocol.zmq_frames import contents


class Link:
    """Receives the daemon's requests to this process, and sends the answers."""

    def __init__(self, endpoint: str, name: str, password: str) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.ROUTING_ID, name.encode())
        self._socket.setsockopt_string(zmq.PLAIN_USERNAME, name)
        self._socket.setsockopt_string(zmq.PLAIN_PASSWORD, password)
        # The last answer must get out before the process ends.
        self._socket.setsockopt(zmq.LINGER, 2_000)
        self._socket.connect(endpoint)
        self._cancelled: set[str] = set()
        self._waiting: deque[Job] = deque()

    def ready(self) -> None:
        self._socket.send_multipart([wire.READY, identity().encode()])

    def next(self) -> Job:
        """Wait for a request."""
        while not self._waiting:
            self._hear()
        # Cancellations of earlier requests that came too late.
        self._cancelled.clear()
        return self._waiting.popleft()

    def cancelled(self, request_id: str) -> bool:
        """Return whether the daemon has asked to stop this request; costs microseconds."""
        while self._socket.poll(0):
            self._hear()
        return request_id in self._cancelled

    def started(self, model: str, *, interruptible: bool, device: str = "") -> None:
        self.pass_on(wire.started(model, interruptible=interruptible, device=device))

    def send(self, message: Message) -> None:
        self.pass_on(wire.answer(message))

    def pass_on(self, frames: Sequence[Buffer]) -> None:
        """Send a word and its frames unchanged, as another process has composed them."""
        self._socket.send_multipart(frames, copy=False)

    def ending(self, reason: str) -> None:
        """Report why this process is about to end, as a clause without a full stop."""
        self._socket.send_multipart([wire.ENDING, reason.encode()])

    def close(self) -> None:
        self._socket.close()
        zmq.Context.instance().term()

    def _hear(self) -> None:
        word, *frames = self._socket.recv_multipart(copy=False)
        if word.bytes == wire.CANCEL:
            self._cancelled.add(frames[0].bytes.decode())
        elif word.bytes == wire.RUN:
            request = codec.decode_request(contents(frames))
            assert isinstance(request, (Inpaint, MakeMask))
            self._waiting.append(request)


def link_from_standard_input() -> tuple[Link, Path]:
    """Connect to the daemon that started this process; also return the daemon's home folder.

    From then on this process ends when its standard input closes: that happens however the daemon
    ends, even if it is killed.
    """
    start = json.loads(sys.stdin.readline())
    offer_first_to_be_killed()
    end_with(start["daemon"])
    settle_on(start["device"])
    threading.Thread(target=_end_with_the_daemon, daemon=True).start()
    return Link(start["endpoint"], start["name"], start["password"]), Path(start["home"])


def _end_with_the_daemon() -> None:
    sys.stdin.read()
    os._exit(0)
