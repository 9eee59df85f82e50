"""The daemon: one thread that moves frames between clients, the job state machine and workers.

It imports neither numpy nor torch and never opens a pixel, so it is ready at once and stays small.
"""

from __future__ import annotations

import logging
import os
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatchmethod
from pathlib import Path
from typing import TYPE_CHECKING

import zmq

from inpaintd import __version__
from inpaintd.install.environment import keep_bridge, mismatch
from inpaintd.install.notices import find_card_meanwhile, known_notices
from inpaintd.models.registry import load_registry
from inpaintd.pipeline.plan import region_for
from inpaintd.server import events
from inpaintd.server.doors.websocket_thread import WebSocketDoor
from inpaintd.server.doors.zap import Zap
from inpaintd.server.doors.zmtp import INNER_ENDPOINT, ZAP_DOMAIN, Door, Vanished
from inpaintd.server.jobs import Jobs
from inpaintd.server.refusals import unknown_request
from inpaintd.server.resident_memory import give_back_unused, resident_bytes
from inpaintd.wake import Wake
from inpaintd.workers.processes import LOCAL, WorkerProcesses
from inpaintd_protocol import PROTOCOL_VERSION, codec
from inpaintd_protocol import messages as m
from inpaintd_protocol.connection import (
    USER,
    Connection,
    new_secret,
    remove_connection,
    write_connection,
)
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import Buffer

if TYPE_CHECKING:
    from inpaintd.server.journal import Journal

log = logging.getLogger(__name__)

CAPABILITIES = ("plan", "inpaint", "mask", "models", "attach", "preview")

_TICK_MILLISECONDS = 250
_MOST_CLIENT_NAMES = 1024

_INTERNAL = InpaintError(
    "internal",
    "The inpaint daemon made a mistake while handling this.",
    "Please report it: the daemon's log has the details.",
)


class Server:
    """A running daemon."""

    def __init__(
        self,
        home: Path,
        *,
        port: int,
        websocket_port: int | None,
        workers: int,
        keep_alive_seconds: float,
        worker_command: Sequence[str] = LOCAL,
    ) -> None:
        self._home = home
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._zap = Zap(self._context)
        self._door = Door(self._context, port)
        self.connection = Connection(
            endpoint=self._door.endpoint,
            secret=new_secret(),
            pid=os.getpid(),
            daemon=__version__,
        )
        self._zap.admit(ZAP_DOMAIN, USER, self.connection.password)
        self._websocket: WebSocketDoor | None = None
        if websocket_port is not None:
            self._open_websocket(websocket_port)
        self._wake = Wake()
        self._workers = WorkerProcesses(
            self._context, self._zap, home, self._wake, command=worker_command
        )
        self._jobs = Jobs(workers=workers, keep_alive_seconds=keep_alive_seconds)
        self._journal: Journal | None = None
        self._events: deque[events.Event] = deque()
        self._names: OrderedDict[bytes, str] = OrderedDict()
        self._versions: dict[bytes, tuple[int, int]] = {}
        """Of the clients that speak an older minor of the protocol."""
        self._started_at = time.monotonic()
        self._handling = False
        self._was_busy = False
        self._stopping = False
        self._running = True

    def run(self) -> None:
        """Serve until told to stop. Raises nothing that a client could cause."""
        try:
            with self._wake.on_signals(self._stop):
                self._open()
                self._restore()
                self._loop()
        finally:
            remove_connection(self._home, self.connection)
            self._workers.close()
            if self._websocket is not None:
                self._websocket.stop()
            self._door.close()
            self._zap.close()
            self._context.term()
            self._wake.close()
            if self._journal is not None:
                self._journal.close()
            log.info("inpaintd stopped")

    def _open(self) -> None:
        write_connection(self._home, self.connection)
        find_card_meanwhile()
        keep_bridge(self._home)
        if reason := mismatch(self._home):
            log.warning("%s", reason)
        log.info("inpaintd %s listens at %s", __version__, self._door.endpoint)
        if self._websocket is not None:
            self._websocket.start()
            log.info("and for plug-ins that have WebSockets only at %s", self._websocket.endpoint)

    def _loop(self) -> None:
        poller = zmq.Poller()
        for source in (self._zap.socket, self._door.socket, self._workers.socket):
            poller.register(source, zmq.POLLIN)
        poller.register(self._wake.fileno(), zmq.POLLIN)
        next_tick = 0.0
        while self._running:
            # Idle for days means asleep for days: no ticks when nothing is under way.
            under_way = self._jobs.active or self._door.waiting
            poller.poll(_TICK_MILLISECONDS if under_way else None)
            self._wake.drain()
            self._zap.handle()
            for client, frames in self._door.receive():
                self._receive(client, frames)
            for event in self._workers.events():
                self._happened(event)
            if self._stopping:
                self._happened(events.ShutdownRequested())
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + _TICK_MILLISECONDS / 1000
                self._happened(events.Ticked())
                for client in self._door.retry():
                    self._forget(client)
                self._rest()

    def _rest(self) -> None:
        """Once after the last of the jobs."""
        busy = self._jobs.busy
        if self._was_busy and not busy:
            give_back_unused()
        self._was_busy = busy

    # -------------------------------------------------------------------------------- clients

    def _receive(self, client: bytes, frames: list[Buffer]) -> None:
        try:
            version = self._versions.get(client, PROTOCOL_VERSION)
            self._answer(codec.decode_request(frames, version), client)
        except InpaintError as error:
            self._send(client, m.Failed.of(codec.request_id_of(frames) or "-", error))
        except Exception:
            # One client's message must never end the daemon of all the others.
            log.exception("a message could not be handled")
            self._send(client, m.Failed.of(codec.request_id_of(frames) or "-", _INTERNAL))

    @singledispatchmethod
    def _answer(self, request: m.Message, client: bytes) -> None:
        raise TypeError(request)

    @_answer.register
    def _(self, request: m.Hello, client: bytes) -> None:
        if request.protocol[0] != PROTOCOL_VERSION[0]:
            older = "plug-in" if request.protocol[0] < PROTOCOL_VERSION[0] else "daemon"
            raise InpaintError(
                "wrong_version",
                f"This client speaks version {request.protocol[0]} of the protocol, the daemon "
                f"version {PROTOCOL_VERSION[0]}.",
                f"Update the {older}.",
            )
        self._names[client] = request.client[:80]
        if request.protocol < PROTOCOL_VERSION:
            self._versions[client] = request.protocol
        if len(self._names) > _MOST_CLIENT_NAMES:
            self._versions.pop(self._names.popitem(last=False)[0], None)
        self._send(
            client,
            m.Welcome(
                request.request_id,
                daemon=__version__,
                protocol=PROTOCOL_VERSION,
                proof=self.connection.proof(request.nonce),
                capabilities=CAPABILITIES,
            ),
        )

    @_answer.register
    def _(self, request: m.Plan, client: bytes) -> None:
        registry = load_registry(self._home)
        entry = registry.find(request.settings.model)
        settings = registry.settled(entry, request.settings)
        rectangle = region_for(request.bounds, request.extent, settings, entry.sizes)
        self._send(client, m.Planned(request.request_id, rectangle))
        self._happened(events.Anticipated())

    @_answer.register(m.Inpaint)
    @_answer.register(m.MakeMask)
    def _(self, request: m.Job, client: bytes) -> None:
        load_registry(self._home).find(request.settings.model)
        self._happened(events.Submitted(client, request, self._names.get(client, "")))

    @_answer.register
    def _(self, request: m.ListModels, client: bytes) -> None:
        infos = load_registry(self._home).infos()
        self._send(client, m.Models(request.request_id, infos, known_notices(self._home)))

    @_answer.register
    def _(self, request: m.GetStatus, client: bytes) -> None:
        self._send(client, self._status(request.request_id))

    @_answer.register
    def _(self, request: m.Cancel, client: bytes) -> None:
        self._happened(events.CancelRequested(client, request.request_id))

    @_answer.register
    def _(self, request: m.Attach, client: bytes) -> None:
        name = self._names.get(client, "")
        self._happened(events.AttachRequested(client, request.request_id, name))

    @_answer.register
    def _(self, request: m.Shutdown, client: bytes) -> None:
        self._send(client, m.ShuttingDown(request.request_id))
        self._stop()

    def _send(self, client: bytes, message: m.Message) -> None:
        sketch = isinstance(message, (m.Progress, m.Preview))
        try:
            frames = codec.encode(message)
        except InpaintError as error:  # such as an answer too large to be sent
            frames = codec.encode(m.Failed.of(message.request_id, error))
        try:
            self._door.send(client, frames, droppable=sketch)
        except Vanished:
            self._forget(client)

    def _forget(self, client: bytes) -> None:
        self._names.pop(client, None)
        self._versions.pop(client, None)
        self._happened(events.ClientVanished(client))

    def _status(self, request_id: str) -> m.Status:
        slots = enumerate(self._jobs.slots)
        return m.Status(
            request_id,
            daemon=__version__,
            pid=os.getpid(),
            uptime_seconds=round(time.monotonic() - self._started_at, 3),
            resident_bytes=resident_bytes(),
            endpoint=self._door.endpoint,
            requests=self._jobs.states(),
            workers=tuple(
                m.WorkerState(self._workers.pid(number), "cpu", slot.state, slot.model)
                for number, slot in slots
                if slot.state != "absent"
            ),
            **self._jobs.counts,
            notices=known_notices(self._home),
        )

    # ----------------------------------------------------------------------------------- jobs

    def _happened(self, event: events.Event) -> None:
        # Carrying out instructions can raise further events: they wait until this one is done.
        self._events.append(event)
        if self._handling:
            return
        self._handling = True
        try:
            while self._events:
                for instruction in self._jobs.handle(self._events.popleft(), time.monotonic()):
                    self._try_to_carry_out(instruction)
        finally:
            self._handling = False

    def _try_to_carry_out(self, instruction: events.Instruction) -> None:
        try:
            self._carry_out(instruction)
        except Exception:
            # Such as a journal on a full disk: the others' requests go on all the same.
            log.exception("could not be done: %s", type(instruction).__name__)
            if isinstance(instruction, events.Recall):
                failed = m.Failed.of(instruction.request_id, _INTERNAL)
                self._send(instruction.client, failed)

    @singledispatchmethod
    def _carry_out(self, instruction: events.Instruction) -> None:
        raise TypeError(instruction)

    @_carry_out.register
    def _(self, instruction: events.Send) -> None:
        self._send(instruction.client, instruction.message)

    @_carry_out.register
    def _(self, instruction: events.StartWorker) -> None:
        try:
            self._workers.start(instruction.worker)
        except (OSError, ImportError) as error:  # such as too many open files
            self._happened(events.WorkerEnded(instruction.worker, str(error)))

    @_carry_out.register
    def _(self, instruction: events.Assign) -> None:
        self._workers.assign(instruction.worker, instruction.request)

    @_carry_out.register
    def _(self, instruction: events.Interrupt) -> None:
        self._workers.interrupt(instruction.worker, instruction.request_id)

    @_carry_out.register
    def _(self, instruction: events.KillWorker) -> None:
        self._workers.kill(instruction.worker)

    @_carry_out.register
    def _(self, instruction: events.Journal) -> None:
        self._open_journal().write_request(instruction.request)

    @_carry_out.register
    def _(self, instruction: events.JournalAnswer) -> None:
        self._open_journal().write_answer(instruction.answer)

    @_carry_out.register
    def _(self, instruction: events.Recall) -> None:
        answer = self._open_journal().recall(instruction.request_id)
        if answer is None:
            # So that it can be sent again.
            self._happened(events.Forgotten(instruction.request_id))
        self._send(instruction.client, answer or unknown_request(instruction.request_id))

    @_carry_out.register
    def _(self, _instruction: events.Exit) -> None:
        self._running = False

    # ---------------------------------------------------------------------------- housekeeping

    def _open_websocket(self, port: int) -> None:
        token = self.connection.websocket_token
        try:
            opened = WebSocketDoor(port, self._context, INNER_ENDPOINT, token)
        except OSError as error:
            log.warning("no WebSocket door, so no Photoshop: %s", error)
            return
        self._websocket = opened
        self.connection = replace(self.connection, websocket=opened.endpoint)

    @property
    def _journal_file(self) -> Path:
        return self._home / "journal.sqlite"

    def _open_journal(self) -> Journal:
        if self._journal is None:
            from inpaintd.server.journal import open_journal

            self._journal, unfinished, answered = open_journal(self._journal_file)
            if unfinished or answered:
                self._happened(events.Restored(unfinished, answered))
        return self._journal

    def _restore(self) -> None:
        if self._journal_file.exists():
            try:
                self._open_journal()
            except Exception:
                # It is tried again at the next request that is to be kept.
                log.exception("the journal cannot be opened, so kept requests wait")

    def _stop(self) -> None:
        self._stopping = True
