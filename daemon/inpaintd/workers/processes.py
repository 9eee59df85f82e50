"""Start, watch and end worker processes, and hand them requests. Runs in the daemon."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import zmq

from inpaintd.install.environment import worker_python
from inpaintd.server.doors import Vanished
from inpaintd.server.doors.zmtp import ZmtpDoor
from inpaintd.server.events import Event, WorkerEnded, WorkerReady, WorkerSaid, WorkStarted
from inpaintd.system.lifelines import end_with_this
from inpaintd.system.processes import describe_exit, memory_kills_so_far, windowless
from inpaintd.workers import wire
from inpaintd.workers.output import pass_on
from inpaintd.workers.versions import difference
from inpaintd_protocol import codec
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Job, Message
from inpaintd_protocol.plane import Buffer

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger(__name__)

LOCAL = ("inpaintd.workers.main",)
"""The module that fills holes on this machine, as Python's `-m` takes it."""

_MOST_READS = 1024
"""Reads allowed for the last words of a worker that has ended; each takes megabytes."""


@dataclass
class _Worker:
    slot: int | None
    """None once it has been given up."""
    process: subprocess.Popen[bytes]
    memory_kills: int | None
    """The system's kill count when this worker was started."""
    ended_because: str = ""
    """The daemon's reason for ending it."""
    last_words: str = ""
    """The worker's own reason for ending."""


class WorkerProcesses:
    """All worker processes of one daemon, each known by its slot's number.

    Args:
        poller: of the daemon's loop, which passes its findings to `events`.
        home: the daemon's folder.
        wake: called from other threads when `events` has something.
        devices: where the worker in each slot is to compute; empty names leave it to the worker.
        command: the module that workers run, and its arguments.
    """

    def __init__(
        self,
        poller: zmq.Poller,
        home: Path,
        wake: Callable[[], None],
        *,
        devices: Sequence[str],
        command: Sequence[str] = LOCAL,
    ) -> None:
        self._door = ZmtpDoor(poller, 0)
        self._home = home
        self._wake = wake
        self._devices = devices
        self._command = command
        self._workers: dict[bytes, _Worker] = {}
        self._exited: SimpleQueue[tuple[bytes, int]] = SimpleQueue()  # filled by other threads

    def pid(self, slot: int) -> int:
        found = self._in(slot)
        return found[1].process.pid if found else 0

    def start(self, slot: int) -> None:
        """Start a worker process.

        Raises:
            OSError: it cannot be started.
        """
        import subprocess  # imported late, because a daemon must be ready at once

        python = worker_python(self._home)
        # A new name for each process, so that late messages from a killed worker are never
        # attributed to its replacement.
        name = f"worker-{slot}-{os.urandom(4).hex()}".encode()
        password = os.urandom(32).hex().encode()
        process = subprocess.Popen(
            # -P: never import anything from the current folder.
            [python, "-P", "-m", *self._command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **windowless(),
        )
        end_with_this(process)
        assert process.stdout is not None
        threading.Thread(target=pass_on, args=(slot, process.stdout), daemon=True).start()
        self._door.admit(name, password)
        self._workers[name] = _Worker(slot, process, memory_kills_so_far())
        threading.Thread(target=self._await_exit, args=(name, process), daemon=True).start()
        # Through standard input rather than the arguments, which other users can read. The pipe
        # stays open as a lifeline: the worker ends itself when the daemon is gone.
        assert process.stdin is not None
        start = {
            "endpoint": self._door.endpoint,
            "name": name.decode(),
            "password": password.decode(),
            "home": str(self._home),
            "daemon": os.getpid(),
            "device": self._devices[slot],
        }
        with suppress(BrokenPipeError):  # it has ended already, which comes as an event
            process.stdin.write(json.dumps(start).encode() + b"\n")
            process.stdin.flush()
        log.info("worker %d started (pid %d)", slot, process.pid)

    def assign(self, slot: int, request: Job) -> None:
        self._send(slot, [wire.RUN, *codec.encode(request)])

    def interrupt(self, slot: int, request_id: str) -> None:
        self._send(slot, [wire.CANCEL, request_id.encode()])

    def kill(self, slot: int, reason: str) -> None:
        found = self._in(slot)
        if found is not None:
            found[1].ended_because = reason
            found[1].process.kill()

    def abandon(self, slot: int) -> None:
        """Give up a process that survives being killed."""
        found = self._in(slot)
        if found is not None:
            log.error("worker %d (pid %d) cannot be killed", slot, found[1].process.pid)
            found[1].slot = None
            self._door.withdraw(found[0])

    def events(self, ready: Mapping[int, int]) -> Iterator[Event]:
        """The workers' messages, followed by the ends of those that have ended."""
        exited = [self._exited.get() for _ in range(self._exited.qsize())]
        yield from self._said(ready)
        for name, code in exited:
            # Its last words are still in the connection, complete, and are read below.
            peer = self._door.find(name)
            for _ in range(_MOST_READS):
                if peer is None or not self._door.is_connected(peer):
                    break
                yield from self._said(self._door.descriptor(peer))
            yield from self._ended(name, code)
        self._door.vanished()  # a worker's end is told by its process alone

    def flush(self) -> None:
        """Send what was queued for workers."""
        self._door.flush()

    @property
    def restless(self) -> bool:
        return self._door.restless

    def tick(self) -> None:
        self._door.tick()

    def close(self) -> None:
        for worker in self._workers.values():
            worker.process.kill()
        for worker in self._workers.values():
            if worker.slot is not None:
                worker.process.wait()
        self._door.close(seconds=0)

    # -------------------------------------------------------------------------------- inside

    def _said(self, ready: Mapping[int, int]) -> Iterator[Event]:
        for peer, (word, *frames) in self._door.handle(ready):
            worker = self._workers.get(self._door.user(peer))
            if worker is not None and worker.slot is not None:
                yield from self._heard(worker, worker.slot, bytes(word), frames)

    def _heard(
        self, worker: _Worker, slot: int, word: bytes, frames: list[Buffer]
    ) -> Iterator[Event]:
        try:
            if word == wire.READY:
                yield from self._ready(worker, slot, bytes(frames[0]).decode())
            elif word == wire.STARTED:
                model, interruptible, device = (bytes(frame).decode() for frame in frames)
                yield WorkStarted(slot, model, interruptible == "1", device)
            elif word == wire.ANSWER:
                message: Message = codec.decode_answer(frames)
                yield WorkerSaid(slot, message)
            elif word == wire.ENDING:
                worker.last_words = bytes(frames[0]).decode(errors="replace")
        except (InpaintError, UnicodeError, IndexError, ValueError):
            # A broken worker must not take the daemon down for every client.
            log.exception("worker %d sent an undecodable message", slot)
            worker.last_words = "it sent a message that the daemon cannot read"
            worker.process.kill()

    def _ready(self, worker: _Worker, slot: int, identity: str) -> Iterator[Event]:
        problem = difference(identity)
        if problem is None:
            yield WorkerReady(slot, self._devices[slot])
        else:
            worker.last_words = problem
            worker.process.kill()

    def _ended(self, name: bytes, code: int) -> Iterator[Event]:
        worker = self._workers.pop(name)
        self._door.withdraw(name)
        if worker.process.stdin is not None:
            with suppress(OSError):
                worker.process.stdin.close()
        if worker.slot is None:
            return
        kills_now = memory_kills_so_far()
        before = worker.memory_kills
        kills = None if kills_now is None or before is None else kills_now - before
        own_reason = worker.last_words or describe_exit(code, kills)
        reason = worker.ended_because or own_reason
        log.info("worker %d (pid %d) ended: %s", worker.slot, worker.process.pid, reason)
        yield WorkerEnded(worker.slot, reason, explained=bool(worker.last_words))

    def _send(self, slot: int, frames: list[Buffer]) -> None:
        found = self._in(slot)
        peer = self._door.find(found[0]) if found is not None else None
        try:
            self._door.send(peer or b"", frames)
        except Vanished:
            # Its end will arrive as an event, which decides the fate of the request.
            log.warning("worker %d is not listening", slot)

    def _in(self, slot: int) -> tuple[bytes, _Worker] | None:
        return next(((n, w) for n, w in self._workers.items() if w.slot == slot), None)

    def _await_exit(self, name: bytes, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        self._exited.put((name, code))
        self._wake()
