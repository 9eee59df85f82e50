"""A worker process: takes requests from the daemon one after the other and answers them.

Started by processes.py as `python -m inpaintd.workers.main`; reads one line of JSON that says where
to connect. It ends when that standard input closes, which happens however the daemon ends.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import zmq

from inpaintd.engine import CancelledError, FatalEngineError
from inpaintd.workers import wire
from inpaintd.workers.work import Work
from inpaintd_protocol import codec
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import (
    Cancelled,
    Failed,
    Inpaint,
    Job,
    MakeMask,
    Message,
    Progress,
    Terminal,
)
from inpaintd_protocol.plane import Buffer

log = logging.getLogger(__name__)

_PROGRESS_SECONDS = 0.05


class Link:
    """The worker's end of the socket to its daemon."""

    def __init__(self, endpoint: str, name: str, password: str) -> None:
        self._socket = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.ROUTING_ID, name.encode())
        self._socket.setsockopt_string(zmq.PLAIN_USERNAME, name)
        self._socket.setsockopt_string(zmq.PLAIN_PASSWORD, password)
        self._socket.setsockopt(zmq.LINGER, 2_000)
        self._socket.connect(endpoint)
        self._cancelled: set[str] = set()
        self._waiting: deque[Job] = deque()
        self._socket.send(wire.READY)

    def next(self) -> Job:
        """Wait for a request."""
        while not self._waiting:
            self._hear()
        self._cancelled.clear()
        return self._waiting.popleft()

    def cancelled(self, request_id: str) -> bool:
        """Whether the daemon has asked to stop this request; costs microseconds."""
        while self._socket.poll(0):
            self._hear()
        return request_id in self._cancelled

    def started(self, model: str, *, interruptible: bool) -> None:
        self._socket.send_multipart([wire.STARTED, model.encode(), b"%d" % interruptible])

    def send(self, message: Message) -> None:
        self._socket.send_multipart([wire.ANSWER, *codec.encode(message)], copy=False)

    def close(self) -> None:
        self._socket.close()
        zmq.Context.instance().term()

    def _hear(self) -> None:
        word, *frames = self._socket.recv_multipart(copy=False)
        if word.bytes == wire.CANCEL:
            self._cancelled.add(frames[0].bytes.decode())
        elif word.bytes == wire.RUN:
            buffers: list[Buffer] = [frame.buffer for frame in frames]
            request = codec.decode_request(buffers)
            assert isinstance(request, (Inpaint, MakeMask))
            self._waiting.append(request)


def _teller(link: Link, request_id: str) -> Callable[[Message], None]:
    """What the pipeline reports to: passes it on, and breaks off when the request is cancelled."""
    last_phase, last_sent = "", 0.0

    def tell(message: Message) -> None:
        nonlocal last_phase, last_sent
        if link.cancelled(request_id):
            raise CancelledError
        if isinstance(message, Progress):
            # A fast engine has thousands of steps a second; nobody sees more than twenty.
            now = time.monotonic()
            if message.phase == last_phase and now - last_sent < _PROGRESS_SECONDS:
                return
            last_phase, last_sent = message.phase, now
        link.send(message)

    return tell


def _answer(work: Work, link: Link, request: Job) -> tuple[Terminal, bool]:
    """The request's terminal answer, and whether this process can go on afterwards."""
    request_id = request.request_id
    try:
        return work.do(request, link.started, _teller(link, request_id)), True
    except CancelledError:
        return Cancelled(request_id), True
    except FatalEngineError as error:
        return Failed.of(request_id, error), False
    except InpaintError as error:
        return Failed.of(request_id, error), True
    except MemoryError:
        error = InpaintError(
            "out_of_memory",
            "There is not enough memory for this picture.",
            "Select a smaller region, lower the number of variants, or close other programs.",
        )
        return Failed.of(request_id, error), False
    except Exception as unexpected:
        log.exception("request %s failed", request_id)
        error = InpaintError(
            "engine_failed",
            f"The engine stopped with an error it did not expect "
            f"({type(unexpected).__name__}: {str(unexpected)[:300]}).",
            "Try other settings or another model, and report it: the daemon's log has the details.",
        )
        return Failed.of(request_id, error), True


def main() -> None:
    start = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_daemon, daemon=True).start()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    link = Link(start["endpoint"], start["name"], start["password"])
    work = Work(Path(start["home"]))
    healthy = True
    while healthy:
        request = link.next()
        answer, healthy = _answer(work, link, request)
        link.send(answer)
        del request, answer  # tens of megabytes, which need not wait for the next request
    link.close()


def _end_with_the_daemon() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
