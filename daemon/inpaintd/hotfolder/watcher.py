"""The thread that carries out the decisions of drop_states.py, and reports events to it."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial, singledispatchmethod
from queue import SimpleQueue

from inpaintd.wake import Wake
from inpaintd_protocol.errors import InpaintError

from . import drop_events as e
from . import steps
from .drop_states import Drops
from .drops import Drop, find_drops
from .fills import Connect, Fills
from .intake import Intake
from .journal import DONE, PUBLISHED, TAKEN, Journal, Row
from .layout import Layout
from .moving import result_is_there
from .options import WatchOptions
from .pixel_process import PixelProcess
from .recover import recover
from .report import Counts, Tell, for_people
from .slots import Slots

log = logging.getLogger(__name__)

_SCAN_PAUSE_SECONDS = 0.2
_SCAN_PAUSES = 5  # times a scan's duration: scanning takes at most a sixth of the time
_HEARTBEAT_SECONDS = 1.0
_MOST_PROCESSES = 8


class Watcher:
    """Processes one hot folder until told to stop or, with `once`, until nothing is left to do."""

    def __init__(
        self,
        layout: Layout,
        options: WatchOptions,
        journal: Journal,
        tell: Tell,
        wake: Wake,
        connect: Connect,
        *,
        once: bool,
    ) -> None:
        self._layout = layout
        self._options = options
        self._journal = journal
        self._tell = tell
        self._wake = wake
        self._once = once
        slots = options.processes or min(_MOST_PROCESSES, max(2, os.cpu_count() or 2))
        patience = options.settle_seconds if once else options.patience_seconds
        intake = Intake(settle_seconds=options.settle_seconds, patience_seconds=patience)
        self._drops = Drops(
            intake, Slots(slots, options.ahead), once=once, in_place=layout.in_place
        )
        self._processes = [PixelProcess(layout, 1 / slots) for _ in range(slots)]
        # One thread for each: it waits for its process and for no other.
        self._threads = [ThreadPoolExecutor(1, "pixels") for _ in range(slots)]
        self._at_work: dict[int, str] = {}
        self._done_elsewhere: SimpleQueue[Callable[[], e.Event]] = SimpleQueue()
        self._fills = Fills(connect, self._trouble)
        self._scan_at = 0.0
        self._not_scanned_before = 0.0
        self._epoch = time.time() - time.monotonic()
        self._known: dict[str, bool] = {}
        self._changed = True
        self._stopping = False

    @property
    def waiting(self) -> int:
        """Number of drops in the inbox that are not in progress."""
        return self._drops.waiting

    @property
    def running(self) -> int:
        """Number of drops that have been taken and have not ended."""
        return self._drops.running

    @property
    def counts(self) -> Counts:
        """Number of drops by outcome."""
        return self._drops.counts

    def stop(self) -> None:
        """Stop soon, from a signal handler. Unfinished work resumes at the next start."""
        self._stopping = True
        self._wake()

    def note_change(self) -> None:
        """Scan the folder soon: it may have changed. To be called from any thread."""
        self._changed = True
        self._wake()

    def run(self) -> Counts:
        """Watch. Raises only errors that no picture has caused and that waiting cannot cure."""
        try:
            ended: list[Row] = []
            rows = recover(self._layout, self._journal, ended.append)
            self._happened(e.Restored(tuple(rows), tuple(ended), self._journal.tries()))
            while not self._stopping:
                self._work()
                if self._once and self._drops.idle and not self._changed:
                    break
                self._wake.wait(self._patience(), self._fills.fileno())
        finally:
            self._close()
        return self.counts

    def _work(self) -> None:
        """Do everything that can be done now."""
        for _ in range(self._done_elsewhere.qsize()):
            self._happened(self._done_elsewhere.get()())
        if time.monotonic() >= self._scan_at or self._changed:
            self._scan()
        for message in self._fills.answers():
            self._happened(e.Answered(message))
        self._happened(e.Tick())

    def _scan(self) -> None:
        started = time.monotonic()
        if started < self._not_scanned_before:
            return  # a thousand files that arrive at once do not need a thousand scans
        self._changed = False
        drops = find_drops(self._layout)
        if self._layout.in_place:
            drops = [drop for drop in drops if not self._handled(drop)]
        self._happened(e.Scanned(tuple(drops)))
        ended = time.monotonic()
        self._scan_at = ended + max(self._options.scan_seconds, _SCAN_PAUSES * (ended - started))
        pause = max(_SCAN_PAUSE_SECONDS, _SCAN_PAUSES * (ended - started))
        self._not_scanned_before = ended + pause

    def _handled(self, drop: Drop) -> bool:
        """Test whether a drop whose files stay in place has ended before."""
        signature = drop.signature
        if not self._known.get(signature):
            self._known[signature] = self._journal.knows(signature)
        return self._known[signature]

    def _now(self) -> float:
        """Seconds since the epoch, unaffected by changes to the system's clock."""
        return self._epoch + time.monotonic()

    def _patience(self) -> float:
        """Seconds until something must be done even without an event."""
        if not self._done_elsewhere.empty():
            return 0.0
        waits = [self._scan_at - time.monotonic()]
        if self._changed:
            waits.append(self._not_scanned_before - time.monotonic())
        if self._fills:
            waits.append(_HEARTBEAT_SECONDS)
        due = self._drops.next_due()
        if due is not None:
            waits.append(due - self._now() + 0.001)
        return max(0.0, min(waits))

    def _trouble(self, error: InpaintError) -> None:
        self._tell("trouble", {"message": error.message, "hint": error.hint})

    def _close(self) -> None:
        for process in self._processes:
            process.close()
        for threads in self._threads:
            threads.shutdown(wait=True, cancel_futures=True)
        for signature in self._at_work.values():
            self._journal.over(signature)  # ended by us, not by a fault of its own
        self._fills.close()

    # -------------------------------------------------------------------------------- carrying out

    def _happened(self, event: e.Event) -> None:
        """Pass an event to the state machine, and carry out its instructions."""
        events = [event]
        while events:
            for instruction in self._drops.handle(events.pop(0), self._now()):
                events += self._attempt(instruction)

    def _attempt(self, instruction: e.Instruction) -> list[e.Event]:
        """Carry out an instruction; returns the resulting events."""
        try:
            event = self._do(instruction)
        except (OSError, sqlite3.OperationalError) as error:
            return [e.Stuck(instruction, for_people(error))]
        except InpaintError:
            raise
        except Exception as problem:
            log.exception("a step failed")
            return [e.Stuck(instruction, for_people(problem), unexpected=True)]
        return [] if event is None else [event]

    @singledispatchmethod
    def _do(self, instruction: e.Instruction) -> e.Event | None:
        raise TypeError(instruction)

    @_do.register(e.Open)
    @_do.register(e.CutOut)
    @_do.register(e.Store)
    def _in_process(self, instruction: e.Pixels) -> None:
        self._journal.begin(instruction.signature)
        self._at_work[instruction.slot] = instruction.signature
        process = self._processes[instruction.slot]
        future = self._threads[instruction.slot].submit(process.ask, instruction)
        future.add_done_callback(partial(self._came_back, instruction))

    def _came_back(self, instruction: e.Pixels, future: Future[e.Event]) -> None:
        """Wake the watching thread; to be called from another one."""
        if future.cancelled():
            return

        def note() -> e.Event:
            self._at_work.pop(instruction.slot, None)
            event = future.result()
            if not isinstance(event, e.Died):
                self._over(instruction.signature)
            return event

        self._done_elsewhere.put(note)
        self._wake()

    def _over(self, signature: str) -> None:
        try:
            self._journal.over(signature)
        except sqlite3.OperationalError:  # the disk is full: at worst it is retried alone once
            log.warning("the journal cannot be written")

    @_do.register
    def _release(self, instruction: e.Release) -> None:
        process = self._processes[instruction.slot]
        self._threads[instruction.slot].submit(process.release, instruction.ticket)

    @_do.register
    def _take(self, instruction: e.Take) -> e.Event:
        row, ticket = instruction.row, instruction.ticket
        same = self._journal.with_key(row.key)
        if self._layout.in_place:
            same = [other for other in same if other.name == row.name]
        earlier = next((other for other in same if self._is_done(other)), None)
        row = self._journal.add(replace(row, state=TAKEN if earlier is None else PUBLISHED))
        try:
            moved = steps.move_in(self._layout, row)
            if moved and steps.unchanged(self._layout, row, instruction.signatures):
                return e.Taken(ticket, row, earlier.name if earlier is not None else "")
        except OSError as error:
            return e.NotTaken(ticket, row, error.strerror or str(error))
        return e.NotTaken(ticket, row)

    def _is_done(self, row: Row) -> bool:
        return row.state == DONE and result_is_there(self._layout.outbox, row.outputs)

    @_do.register
    def _give_back(self, instruction: e.GiveBack) -> e.Event:
        steps.give_back(self._layout, self._journal, instruction.row)
        return e.Stepped(instruction.ticket, None)

    @_do.register
    def _ignore(self, instruction: e.Ignore) -> None:
        self._journal.add(instruction.row)

    @_do.register
    def _ask(self, instruction: e.Ask) -> None:
        self._fills.add(instruction.request)

    @_do.register
    def _note_results(self, instruction: e.NoteResults) -> e.Event:
        row = steps.results_written(self._layout, self._journal, instruction.row, instruction.files)
        return e.Stepped(instruction.ticket, row)

    @_do.register
    def _publish(self, instruction: e.Publish) -> e.Event:
        row = steps.publish(self._layout, self._journal, instruction.row)
        return e.Stepped(instruction.ticket, row)

    @_do.register
    def _put_away(self, instruction: e.PutAway) -> e.Event:
        row = steps.put_away_done(self._layout, self._journal, instruction.row)
        return e.Stepped(instruction.ticket, row)

    @_do.register
    def _note_failure(self, instruction: e.NoteFailure) -> e.Event:
        row = steps.note_failure(self._journal, instruction.row, instruction.error)
        self._over(row.signature)
        return e.Stepped(instruction.ticket, row)

    @_do.register
    def _put_aside(self, instruction: e.PutAside) -> e.Event:
        row = steps.put_away_failed(self._layout, self._journal, instruction.row)
        return e.Stepped(instruction.ticket, row)

    @_do.register
    def _rescan(self, _instruction: e.Rescan) -> None:
        self._changed = True

    @_do.register
    def _say(self, instruction: e.Say) -> None:
        self._tell(instruction.event, instruction.facts)

    @_do.register
    def _give_up(self, instruction: e.GiveUp) -> None:
        raise instruction.error
