"""Carries out the jobs' instructions, and reports the results."""

from __future__ import annotations

import logging
import time
from collections import deque
from functools import singledispatchmethod

from inpaintd.server import events as e
from inpaintd.server.clients import Clients
from inpaintd.server.jobs import Jobs
from inpaintd.server.journal_thread import JournalThread
from inpaintd.workers.processes import WorkerProcesses

log = logging.getLogger(__name__)


class Hands:
    """The link between the jobs, which only decide, and clients, workers and journal."""

    def __init__(
        self, jobs: Jobs, clients: Clients, workers: WorkerProcesses, journal: JournalThread
    ) -> None:
        self._jobs = jobs
        self._clients = clients
        self._workers = workers
        self._journal = journal
        self._events: deque[e.Event] = deque()
        self._at_work = False
        self.finished = False
        """True if everybody has been answered and the daemon may end."""

    def happened(self, event: e.Event) -> None:
        """Pass an event to the jobs, and carry out their instructions."""
        # Carrying out instructions can raise further events, queued until this one is done.
        self._events.append(event)
        if self._at_work:
            return
        self._at_work = True
        try:
            while self._events:
                for instruction in self._jobs.handle(self._events.popleft(), time.monotonic()):
                    self._try(instruction)
        finally:
            self._at_work = False

    def _try(self, instruction: e.Instruction) -> None:
        try:
            self._carry_out(instruction)
        except Exception:
            # The other instructions are still carried out.
            log.exception("failed: %s", type(instruction).__name__)

    @singledispatchmethod
    def _carry_out(self, instruction: e.Instruction) -> None:
        raise TypeError(instruction)

    @_carry_out.register
    def _send(self, instruction: e.Send) -> None:
        self._clients.send(instruction.client, instruction.message)

    @_carry_out.register
    def _start_worker(self, instruction: e.StartWorker) -> None:
        try:
            self._workers.start(instruction.worker)
        except (OSError, ImportError) as error:  # for example, too many open files
            self.happened(e.WorkerEnded(instruction.worker, str(error)))

    @_carry_out.register
    def _assign(self, instruction: e.Assign) -> None:
        self._workers.assign(instruction.worker, instruction.request)

    @_carry_out.register
    def _interrupt(self, instruction: e.Interrupt) -> None:
        self._workers.interrupt(instruction.worker, instruction.request_id)

    @_carry_out.register
    def _kill_worker(self, instruction: e.KillWorker) -> None:
        self._workers.kill(instruction.worker, instruction.reason)

    @_carry_out.register
    def _abandon_worker(self, instruction: e.AbandonWorker) -> None:
        self._workers.abandon(instruction.worker)

    @_carry_out.register(e.Keep)
    @_carry_out.register(e.KeepAnswer)
    @_carry_out.register(e.Discard)
    @_carry_out.register(e.Recall)
    def _journal_order(self, instruction: e.Keep | e.KeepAnswer | e.Discard | e.Recall) -> None:
        self._journal.carry_out(instruction)

    @_carry_out.register
    def _log(self, instruction: e.Log) -> None:
        level = logging.DEBUG if instruction.debug else logging.INFO
        log.log(level, "%s", instruction.text, extra={"facts": instruction.facts})

    @_carry_out.register
    def _exit(self, _instruction: e.Exit) -> None:
        self.finished = True
