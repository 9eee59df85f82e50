"""Start, watch and end worker processes, and hand them requests. Runs in the daemon."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import zmq

from inpaintd.install.environment import worker_python
from inpaintd.server.doors.zap import Zap
from inpaintd.server.events import Event, WorkerEnded, WorkerReady, WorkerSaid, WorkStarted
from inpaintd.workers import wire
from inpaintd_protocol import codec
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Job, Message
from inpaintd_protocol.plane import Buffer
from inpaintd_protocol.zmq_frames import contents

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger(__name__)

LOCAL = ("inpaintd.workers.main",)
"""The module that fills holes on this machine, as Python's `-m` takes it."""

_LAST_WORDS_MILLISECONDS = 50


@dataclass
class _Worker:
    slot: int
    process: subprocess.Popen[bytes]
    killed: bool = False
    last_words: str = ""


class WorkerProcesses:
    """All worker processes of one daemon, each known by its slot's number.

    `command` names the module that they run, and its arguments.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        zap: Zap,
        home: Path,
        wake: Callable[[], None],
        *,
        command: Sequence[str] = LOCAL,
    ) -> None:
        self.socket = context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.ZAP_DOMAIN, wire.ZAP_DOMAIN)
        self.socket.setsockopt(zmq.PLAIN_SERVER, 1)
        self.socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind("tcp://127.0.0.1:*")
        self._endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self._zap = zap
        self._home = home
        self._wake = wake
        self._command = command
        self._workers: dict[bytes, _Worker] = {}
        self._exited: SimpleQueue[tuple[bytes, int]] = SimpleQueue()  # filled by other threads

    def pid(self, slot: int) -> int:
        return self._in(slot)[1].process.pid

    def start(self, slot: int) -> None:
        import subprocess  # here, because a daemon must be ready at once

        # A new name for each process: late words of a killed one are never taken for its heir's.
        name = f"worker-{slot}-{os.urandom(4).hex()}".encode()
        password = os.urandom(32).hex().encode()
        self._zap.admit(wire.ZAP_DOMAIN, name, password)
        try:
            process = subprocess.Popen(
                # -P: whatever lies in the current folder is not imported.
                [worker_python(self._home), "-P", "-m", *self._command],
                stdin=subprocess.PIPE,
            )
        except OSError:
            self._zap.withdraw(wire.ZAP_DOMAIN, name)
            raise
        self._workers[name] = _Worker(slot, process)
        threading.Thread(target=self._await_exit, args=(name, process), daemon=True).start()
        # By its standard input rather than its arguments, which other users can read. The pipe
        # stays open as a lifeline: the worker ends itself when the daemon is gone.
        assert process.stdin is not None
        start = {
            "endpoint": self._endpoint,
            "name": name.decode(),
            "password": password.decode(),
            "home": str(self._home),
        }
        with suppress(BrokenPipeError):  # it has ended already, which comes as an event
            process.stdin.write(json.dumps(start).encode() + b"\n")
            process.stdin.flush()

    def assign(self, slot: int, request: Job) -> None:
        self._send(slot, [wire.RUN, *codec.encode(request)])

    def interrupt(self, slot: int, request_id: str) -> None:
        self._send(slot, [wire.CANCEL, request_id.encode()])

    def kill(self, slot: int) -> None:
        _, worker = self._in(slot)
        worker.killed = True
        worker.process.kill()

    def events(self) -> Iterator[Event]:
        """What the workers have said, then which of them have ended."""
        exited = [self._exited.get() for _ in range(self._exited.qsize())]
        # A worker's last words may still be on their way when its end is noticed.
        patience = _LAST_WORDS_MILLISECONDS if exited else 0
        while self.socket.poll(patience):
            name, word, *frames = self.socket.recv_multipart(copy=False)
            worker = self._workers.get(name.bytes)
            if worker is not None:
                yield from self._heard(worker, word.bytes, contents(frames))
            patience = 0
        for name_bytes, code in exited:
            ended = self._workers.pop(name_bytes)
            self._zap.withdraw(wire.ZAP_DOMAIN, name_bytes)
            own_reason = ended.last_words or f"its exit code was {code}"
            reason = "it was ended" if ended.killed else own_reason
            log.info("worker %d (pid %d) ended: %s", ended.slot, ended.process.pid, reason)
            yield WorkerEnded(ended.slot, reason, explained=bool(ended.last_words))

    def close(self) -> None:
        for worker in self._workers.values():
            worker.process.kill()
        for worker in self._workers.values():
            worker.process.wait()
        self.socket.close()

    def _heard(self, worker: _Worker, word: bytes, frames: list[Buffer]) -> Iterator[Event]:
        try:
            if word == wire.READY:
                yield WorkerReady(worker.slot)
            elif word == wire.STARTED:
                yield WorkStarted(worker.slot, bytes(frames[0]).decode(), bytes(frames[1]) == b"1")
            elif word == wire.ANSWER:
                message: Message = codec.decode_answer(frames)
                yield WorkerSaid(worker.slot, message)
            elif word == wire.ENDING:
                worker.last_words = bytes(frames[0]).decode(errors="replace")
        except (InpaintError, UnicodeError, IndexError):
            # It must not end the daemon of everybody else.
            log.exception("worker %d said what nobody can read", worker.slot)
            worker.last_words = "it said what the daemon cannot read"
            worker.process.kill()

    def _send(self, slot: int, frames: list[Buffer]) -> None:
        name, _ = self._in(slot)
        try:
            self.socket.send_multipart([name, *frames], zmq.DONTWAIT, copy=False)
        except zmq.ZMQError as error:
            # Its end is on its way as an event, and settles what becomes of the request.
            log.warning("worker %d is not listening: %s", slot, error)

    def _in(self, slot: int) -> tuple[bytes, _Worker]:
        return next((n, w) for n, w in self._workers.items() if w.slot == slot)

    def _await_exit(self, name: bytes, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        self._exited.put((name, code))
        self._wake()
