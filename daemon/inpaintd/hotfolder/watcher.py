"""The thread that decides: what to open, to fill, to write and to put away, and when."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any

from inpaintd_protocol.codec import settings_to_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Failed, Finished, Inpaint, Message, Progress

from . import steps
from .drops import Drop
from .events import UNMEASURED, Counts, Tell
from .fills import Fills
from .intake import Intake
from .journal import DONE, FAILED, FAILING, IGNORED, PUBLISHED, TAKEN, Journal, Row
from .layout import Layout
from .options import WatchOptions
from .prepare import Prepared, prepare
from .reading import ChangedError
from .recover import recover
from .results import disk_is_full, write_results
from .wake import Wake

log = logging.getLogger(__name__)

_RETRY_SECONDS = 5.0
_MOST_TRIES = 5
_SCAN_PAUSE_SECONDS = 0.2
_HEARTBEAT_SECONDS = 1.0


@dataclass
class Job:
    """One drop that has been taken."""

    row: Row
    started: float
    prepared: Prepared | None = None
    answer: Finished | None = None


class Watcher:
    """Works on one hot folder until told to stop, or with `once` until nothing is left to do."""

    def __init__(
        self,
        layout: Layout,
        options: WatchOptions,
        journal: Journal,
        tell: Tell,
        wake: Wake,
        *,
        once: bool,
    ) -> None:
        self._layout = layout
        self._options = options
        self._journal = journal
        self._tell = tell
        self._wake = wake
        self._once = once
        self.counts = Counts()
        threads = max(2, os.cpu_count() or 2)
        self._most_open = threads + 2
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pixels")
        self._intake = Intake(layout, options, journal, once)
        self._fills = Fills(self._trouble)
        self._finished: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._opening: dict[str, Drop] = {}
        self._parked: set[str] = set()
        self._jobs: dict[int, Job] = {}
        self._scan_at = 0.0
        self._epoch = time.time() - time.monotonic()
        self._stopping = False
        self._tries = 0

    @property
    def waiting(self) -> int:
        """Drops in the inbox that are not being worked on."""
        return max(0, self._intake.waiting - len(self._opening))

    @property
    def running(self) -> int:
        return len(self._jobs)

    def stop(self) -> None:
        """From a signal handler: end soon. What is unfinished goes on at the next start."""
        self._stopping = True
        self._wake.set()

    def run(self) -> Counts:
        """Watch. Only errors that no waiting can cure come out of here."""
        try:
            for row in recover(self._layout, self._journal, self._ended):
                self._resume(row)
            while not self._stopping:
                self._work()
                if self._once and self._idle():
                    break
                self._wake.wait(self._patience(), self._fills.fileno())
        finally:
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._fills.close()
        return self.counts

    def _work(self) -> None:
        """Everything that can be done now."""
        for _ in range(self._finished.qsize()):
            self._attempt(self._finished.get())
        due = [action for at, action in self._later if at <= time.monotonic()]
        self._later = [(at, action) for at, action in self._later if at > time.monotonic()]
        for action in due:
            self._attempt(action)
        if time.monotonic() >= self._scan_at or self._wake.changed:
            self._scan()
        now = self._now()
        for drop, error in list(self._intake.to_fail(now)):
            self._attempt(partial(self._fail_drop, drop, error))
        for drop in self._intake.to_open(now):
            if len(self._jobs) + len(self._opening) >= self._most_open:
                break
            if drop.name not in self._opening and drop.name not in self._parked:
                self._open(drop)
        for message in self._fills.answers():
            self._attempt(partial(self._answered, message))

    def _scan(self) -> None:
        if time.monotonic() < self._scan_at - self._options.scan_seconds + _SCAN_PAUSE_SECONDS:
            return  # a thousand files that come at once need no thousand scans
        self._wake.changed = False
        self._intake.scan(self._now())
        self._scan_at = time.monotonic() + self._options.scan_seconds

    def _now(self) -> float:
        """Seconds since the epoch, whatever is done to the system's clock meanwhile."""
        return self._epoch + time.monotonic()

    def _patience(self) -> float:
        """For how long nothing needs to be done unless something happens."""
        waits = [self._scan_at - time.monotonic()]
        if self._wake.changed:
            waits.append(_SCAN_PAUSE_SECONDS)
        if self._fills:
            waits.append(_HEARTBEAT_SECONDS)
        waits += [at - time.monotonic() for at, _ in self._later]
        settling = self._intake.seconds_to_next(self._now())
        if settling is not None:
            waits.append(settling + 0.001)
        return max(0.0, min(waits)) if self._finished.empty() else 0.0

    def _idle(self) -> bool:
        return not (
            self._jobs
            or self._opening
            or self._later
            or self._intake.waiting
            or self._wake.changed
            or not self._finished.empty()
        )

    # --------------------------------------------------------------------------------- opening

    def _open(self, drop: Drop) -> None:
        self._opening[drop.name] = drop
        task = partial(prepare, self._layout, self._layout.inbox, drop.names())
        self._in_thread(task, partial(self._opened, drop))

    def _opened(self, drop: Drop, result: Future[Prepared]) -> None:
        self._opening.pop(drop.name, None)
        try:
            prepared = result.result()
        except ChangedError:
            self._wake.changed = True
            return
        except Exception as problem:
            error = for_people(problem)
            if self._layout.in_place and error.code == "empty_mask":
                self._journal.add(_row(drop, state=IGNORED))  # an ordinary picture
                self._intake.forget(drop)
            elif self._intake.problem(drop, error) and not self._once:
                self._tell("waiting", {"name": drop.name, "reason": str(error)})
            return
        if any(prepared.signatures[r] != m.signature for r, m in drop.members.items()):
            self._wake.changed = True
            return
        self._take(drop, prepared)

    def _take(self, drop: Drop, prepared: Prepared) -> None:
        same = self._journal.with_key(prepared.key)
        if self._layout.in_place:
            same = [row for row in same if row.name == drop.name]
        if any(row.id in self._jobs for row in same):
            self._parked.add(drop.name)  # until it is known what becomes of its twin
            return
        earlier = next((row for row in same if self._result_is_there(row)), None)
        state = TAKEN if earlier is None else PUBLISHED
        row = self._journal.add(_row(drop, prepared=prepared, state=state))
        if not self._moved_in(row, prepared):
            return
        self._intake.forget(drop)
        if earlier is not None:
            self._tell("duplicate", {"name": row.name, "job": row.id, "of": earlier.name})
            steps.put_away_done(self._layout, self._journal, row)
            self.counts.duplicates += 1
            return
        self._tell("taken", {"name": row.name, "job": row.id})
        self._fill(Job(row, time.monotonic(), prepared))

    def _moved_in(self, row: Row, prepared: Prepared) -> bool:
        try:
            if steps.move_in(self._layout, row) and steps.unchanged(
                self._layout, row, prepared.signatures
            ):
                return True
        except OSError as error:
            log.warning("%s cannot be moved: %s", row.name, error)
        steps.give_back(self._layout, self._journal, row)
        self._wake.changed = True
        return False

    def _result_is_there(self, row: Row) -> bool:
        return row.state == DONE and any(
            os.path.lexists(self._layout.outbox / final) for _, final in row.outputs
        )

    def _fail_drop(self, drop: Drop, error: InpaintError) -> None:
        row = _row(drop, state=FAILING, error=(error.message, error.hint))
        row = self._journal.add(row)
        steps.move_in(self._layout, row)
        self._intake.forget(drop)
        self._ended(steps.put_away_failed(self._layout, self._journal, row))

    # --------------------------------------------------------------------------------- filling

    def _resume(self, row: Row) -> None:
        """A job of an earlier run: its files are in processing."""
        job = Job(row, time.monotonic())
        self._jobs[row.id] = job
        self._tell("taken", {"name": row.name, "job": row.id})
        folder = self._layout.members_folder(row.id)
        task = partial(prepare, self._layout, folder, row.members, row.settings)
        self._in_thread(task, partial(self._reopened, job))

    def _reopened(self, job: Job, result: Future[Prepared]) -> None:
        try:
            prepared = result.result()
        except ChangedError:
            prepared = None
        except Exception as problem:
            self._fail(job, for_people(problem))
            return
        if prepared is None or prepared.key != job.row.key:
            del self._jobs[job.row.id]
            steps.give_back(self._layout, self._journal, job.row)
            self._wake.changed = True
            return
        job.prepared = prepared
        self._fill(job)

    def _fill(self, job: Job) -> None:
        assert job.prepared is not None
        self._jobs[job.row.id] = job
        sent = job.prepared.sent
        self._fills.add(
            Inpaint(
                job.row.request_id,
                sent.layer,
                job.prepared.settings,
                (sent.rectangle.x, sent.rectangle.y),
                sent.mask,
                on_disconnect="keep",
            )
        )

    def _answered(self, message: Message) -> None:
        job = next((j for j in self._jobs.values() if j.row.request_id == message.request_id), None)
        if job is None:
            return
        if isinstance(message, Progress):
            facts = {"name": job.row.name, "job": job.row.id}
            steps = message.phase == "denoising" and message.steps
            phase = UNMEASURED if message.phase == "denoising" and not steps else message.phase
            facts |= {"phase": phase, "fraction": message.fraction}
            self._tell("progress", facts)
        elif isinstance(message, Failed):
            self._fail(job, message.error())
        elif isinstance(message, Finished):
            job.answer = message
            self._write(job)
        elif message.type == "cancelled":
            self._fail(
                job,
                InpaintError("cancelled", "The fill was cancelled.", "Drop the file again."),
            )

    # --------------------------------------------------------------------------------- writing

    def _write(self, job: Job) -> None:
        assert job.prepared is not None
        assert job.answer is not None
        task = partial(write_results, self._layout, job.row.id, job.prepared, job.answer)
        self._in_thread(task, partial(self._written, job))

    def _written(self, job: Job, result: Future[tuple[str, ...]]) -> None:
        try:
            files = result.result()
        except Exception as problem:
            if disk_is_full(problem, self._layout.results):
                self._trouble(for_people(problem))
                self._do_later(partial(self._write, job))
            else:
                self._fail(job, for_people(problem))
            return
        self._attempt(partial(self._note_written, job, files))

    def _note_written(self, job: Job, files: tuple[str, ...]) -> None:
        job.row = steps.results_written(self._layout, self._journal, job.row, files)
        self._attempt(partial(self._publish, job))

    def _publish(self, job: Job) -> None:
        job.row = steps.publish(self._layout, self._journal, job.row)
        self._attempt(partial(self._put_away, job))

    def _put_away(self, job: Job) -> None:
        job.row = steps.put_away_done(self._layout, self._journal, job.row)
        self._ended(job.row, job)

    def _fail(self, job: Job, error: InpaintError) -> None:
        self._attempt(partial(self._fail_now, job, error))

    def _fail_now(self, job: Job, error: InpaintError) -> None:
        job.row = steps.fail(self._layout, self._journal, job.row, error)
        self._ended(job.row, job)

    def _ended(self, row: Row, job: Job | None = None) -> None:
        self._jobs.pop(row.id, None)
        self._parked.clear()
        facts: dict[str, Any] = {"name": row.name, "job": row.id}
        if row.state == FAILED:
            self.counts.failed += 1
            self._tell("failed", facts | {"message": row.error[0], "hint": row.error[1]})
            return
        self.counts.done += 1
        self.counts.finished_at.append(time.monotonic())
        facts["outputs"] = [final for _, final in row.outputs]
        if job is not None and job.answer is not None and job.prepared is not None:
            facts["seconds"] = round(time.monotonic() - job.started, 3)
            notices = (*job.prepared.opened.notices, *job.answer.warnings)
            facts["warnings"] = [f"{n.message} {n.remedy}".rstrip() for n in notices]
        self._tell("done", facts)

    # ---------------------------------------------------------------------------------- inside

    def _in_thread(self, task: Callable[[], Any], then: Callable[[Future[Any]], None]) -> None:
        def finished(future: Future[Any]) -> None:
            if not future.cancelled():
                self._finished.put(partial(then, future))
                self._wake.set()

        self._threads.submit(task).add_done_callback(finished)

    def _attempt(self, action: Callable[[], None]) -> None:
        """Do a step; again later when the disk is full or busy. Each step may be repeated."""
        try:
            action()
        except (OSError, sqlite3.OperationalError) as error:
            self._tries += 1
            if self._once and self._tries > _MOST_TRIES:
                raise for_people(error) from error
            self._trouble(for_people(error))
            self._do_later(action)
        else:
            self._tries = 0

    def _do_later(self, action: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + _RETRY_SECONDS, action))

    def _trouble(self, error: InpaintError) -> None:
        self._tell("trouble", {"message": error.message, "hint": error.hint})


def _row(
    drop: Drop,
    *,
    prepared: Prepared | None = None,
    state: str = TAKEN,
    error: tuple[str, str] = ("", ""),
) -> Row:
    return Row(
        name=drop.name,
        members=drop.names(),
        key=prepared.key if prepared else "",
        signature=drop.signature,
        state=state,
        settings=settings_to_map(prepared.settings) if prepared else {},
        error=error,
    )


def for_people(problem: Exception) -> InpaintError:
    """Any error as one that says what to do."""
    if isinstance(problem, InpaintError):
        return problem
    if isinstance(problem, (OSError, sqlite3.OperationalError)):
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        return InpaintError(
            "unwritable", f"The hot folder cannot be written: {reason}.", "Free some space."
        )
    log.error("a picture could not be handled", exc_info=problem)
    return InpaintError(
        "internal",
        f"Something unexpected went wrong ({type(problem).__name__}: {str(problem)[:200]}).",
        "Please report it, with the picture if you can.",
    )
