"""The daemon: one thread that moves frames between clients, the job state machine and workers.

It imports neither numpy nor torch and never opens a pixel, so it starts fast and stays small.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import zmq

from inpaintd import __version__
from inpaintd.install.environment import keep_bridge, mismatch
from inpaintd.install.notices import find_card_meanwhile
from inpaintd.server import events as e
from inpaintd.server.clients import Clients
from inpaintd.server.doors.inner import INNER_ENDPOINT
from inpaintd.server.doors.websocket_thread import WebSocketDoor
from inpaintd.server.errands import Errands
from inpaintd.server.full_disk import publish, withdraw
from inpaintd.server.hands import Hands
from inpaintd.server.jobs import Jobs
from inpaintd.server.journal_thread import JournalThread
from inpaintd.server.requests import Requests
from inpaintd.server.slots import TimeLimits
from inpaintd.server.status import Reporter
from inpaintd.system.memory import give_back_unused
from inpaintd.wake import Wake
from inpaintd.workers.processes import LOCAL, WorkerProcesses
from inpaintd_protocol.connection import USER, Connection, new_secret

log = logging.getLogger(__name__)

_TICK_SECONDS = 0.25
_TRIM_SECONDS = 60.0
"""Interval at which a daemon that is never idle gives freed memory back to the system."""

_CHECK_SECONDS = 15.0
"""Interval at which an idle daemon checks that its home still exists."""


@dataclass(frozen=True)
class Options:
    """A daemon's options. `websocket_port` None leaves the WebSocket door closed; `devices` has
    one entry for each worker, empty if the worker chooses; `cluster` is the address of the Ray
    cluster that `worker_command` uses."""

    port: int
    websocket_port: int | None
    devices: Sequence[str] = ("",)
    time_limits: TimeLimits = field(default_factory=TimeLimits)
    worker_command: Sequence[str] = LOCAL
    cluster: str = ""


class Server:
    """A running daemon.

    Args:
        home: the daemon's folder.
        options: its configuration.
        still_mine: tests whether the home folder still exists, with the daemon's lock in it.
    """

    def __init__(self, home: Path, options: Options, still_mine: Callable[[], bool]) -> None:
        self._home = home
        self._still_mine = still_mine
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._poller = zmq.Poller()
        self._wake = Wake()
        self._poller.register(self._wake.fileno(), zmq.POLLIN)
        self._clients = Clients(self._poller, self._context, options.port)
        self.connection = Connection(
            endpoint=self._clients.endpoint,
            secret=new_secret(),
            pid=os.getpid(),
            daemon=__version__,
        )
        self._clients.admit(USER, self.connection.password)
        self._websocket: WebSocketDoor | None = None
        if options.websocket_port is not None:
            self._open_websocket(options.websocket_port)
        self._workers = WorkerProcesses(
            self._poller,
            home,
            self._wake,
            devices=options.devices,
            command=options.worker_command,
        )
        self._journal = JournalThread(home / "journal", self._wake)
        self._jobs = Jobs(
            workers=len(options.devices),
            time_limits=options.time_limits,
            # Before anybody can ask; the thread opens it while the rest of the daemon starts.
            restoring=self._journal.restore(),
        )
        self._hands = Hands(self._jobs, self._clients, self._workers, self._journal)
        reporter = Reporter(
            home, self._jobs, self._workers, self._clients.endpoint, options.cluster
        )
        self._errands = Errands(home, self._wake)
        self._requests = Requests(
            home,
            self.connection,
            self._clients,
            self._hands.happened,
            reporter.status,
            self._errands,
        )
        self._was_busy = False
        self._next_trim = 0.0
        self._stopping = False

    def run(self) -> None:
        """Serve until told to stop. Raises nothing that a client could cause."""
        try:
            with self._wake.on_signals(self._stop):
                self._open()
                self._loop()
        finally:
            withdraw(self._home, self.connection)
            self._errands.close()
            self._workers.close()
            if self._websocket is not None:
                self._websocket.stop()
            self._clients.close()
            self._journal.close()
            self._context.term()
            self._wake.close()
            log.info("inpaintd stopped")

    def _open(self) -> None:
        publish(self._home, self.connection)
        find_card_meanwhile()
        keep_bridge(self._home)
        if reason := mismatch(self._home):
            log.warning("%s", reason)
        log.info("inpaintd %s is listening at %s", __version__, self.connection.endpoint)
        self._errands.go_on()
        if self._websocket is not None:
            self._websocket.start()
            log.info("and at %s for plug-ins limited to WebSockets", self._websocket.endpoint)

    def _loop(self) -> None:
        next_tick = next_check = 0.0
        while not self._hands.finished:
            self._clients.flush()
            self._workers.flush()
            ready = dict(self._poller.poll(int(self._patience() * 1000)))
            self._wake.drain()
            for client, frames in self._clients.receive(ready):
                self._requests.receive(client, frames)
            for event in [*self._workers.events(ready), *self._journal.events()]:
                self._hands.happened(event)
            for client, answer in self._errands.answers():
                self._clients.send(client, answer)
            for client in self._clients.vanished():
                self._errands.forget(client)
                self._hands.happened(e.ClientVanished(client))
            now = time.monotonic()
            if now >= next_check:
                next_check = now + _CHECK_SECONDS
                self._check_home()
            if self._stopping:
                self._hands.happened(e.ShutdownRequested())
            if now >= next_tick:
                next_tick = now + _TICK_SECONDS
                self._tick()

    def _patience(self) -> float:
        """Longest time to sleep, in seconds; an idle daemon hardly ever wakes."""
        under_way = self._jobs.active or self._clients.restless or self._workers.restless
        return _TICK_SECONDS if under_way else _CHECK_SECONDS

    def _tick(self) -> None:
        self._hands.happened(e.Ticked())
        self._clients.tick()
        self._workers.tick()
        busy, now = self._jobs.busy, time.monotonic()
        if now >= self._next_trim if busy else self._was_busy:
            self._next_trim = now + _TRIM_SECONDS
            give_back_unused()
        self._was_busy = busy

    def _check_home(self) -> None:
        """Stop when no client can find this daemon any more, or another one may have started."""
        if not self._stopping and not self._still_mine():
            log.warning(
                "the folder %s or its lock has disappeared, so the daemon stops", self._home
            )
            self._stop()

    def _open_websocket(self, port: int) -> None:
        token = self.connection.websocket_token
        try:
            opened = WebSocketDoor(port, self._context, INNER_ENDPOINT, token)
        except OSError as error:
            log.warning(
                "the WebSocket door cannot be opened, so Photoshop cannot connect: %s", error
            )
            return
        self._websocket = opened
        self.connection = replace(self.connection, websocket=opened.endpoint)

    def _stop(self) -> None:
        self._stopping = True
