"""The journal's thread: the daemon's loop never waits for a disk.

Orders arrive on one queue and are carried out in order; the results are returned on
another one as events, and wake the loop.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

from inpaintd.server import events as e
from inpaintd.server.journal import Journal
from inpaintd_protocol.messages import Inpaint, MakeMask

log = logging.getLogger(__name__)

Order = e.Keep | e.KeepAnswer | e.Discard | e.Recall

_CLOSE_SECONDS = 60.0
"""Time that a stopping daemon has to write; work not recorded by then is done again."""


class JournalThread:
    """The journal in this folder, in a thread that starts with the first order.

    Args:
        wake: called from the thread when `events` has something.
    """

    def __init__(self, folder: Path, wake: Callable[[], None]) -> None:
        self._folder = folder
        self._wake = wake
        self._orders: SimpleQueue[Order | None] = SimpleQueue()
        self._events: SimpleQueue[e.Event] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._journal: Journal | None = None

    def restore(self) -> bool:
        """Have the thread report the stored requests; returns false if there is no journal yet, so
        that no report will follow."""
        if self._folder.exists():
            self._start()
        return self._thread is not None

    def carry_out(self, order: Order) -> None:
        self._orders.put(order)
        self._start()

    def events(self) -> Iterator[e.Event]:
        while not self._events.empty():
            yield self._events.get()

    def close(self) -> None:
        """Carry out all orders, then end the thread."""
        self._orders.put(None)
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    # ---------------------------------------------------------------------------- in the thread

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            self._opened()
        except OSError as error:
            # Opening is retried with each order.
            log.error("the journal in %s cannot be opened: %s", self._folder, error)  # noqa: TRY400
            self._report(e.Restored((), frozenset()))  # so that nobody waits for it
        while (order := self._orders.get()) is not None:
            event = self._try(order)
            del order  # it may hold hundreds of megabytes
            if event is not None:
                self._report(event)
        if self._journal is not None:
            self._journal.close()

    def _try(self, order: Order) -> e.Event | None:
        try:
            return self._carry_out(order, self._opened())
        except OSError as error:
            reason = error.strerror or str(error)
        except Exception as error:
            log.exception("the journal failed to carry out an order")
            reason = str(error) or type(error).__name__
        if isinstance(order, e.Keep):
            return e.NotKept(order.request.request_id, reason)
        if isinstance(order, e.KeepAnswer):
            return e.NotKept(order.answer.request_id, reason)
        if isinstance(order, e.Recall):
            return e.Recalled(order.client, order.client_name, order.request_id)
        return None

    def _carry_out(self, order: Order, journal: Journal) -> e.Event | None:
        if isinstance(order, e.Keep):
            journal.write_request(order.request)
            return e.Kept(order.request.request_id)
        if isinstance(order, e.KeepAnswer):
            dropped = journal.write_answer(order.answer)
            return e.Dropped(tuple(dropped)) if dropped else None
        if isinstance(order, e.Discard):
            journal.discard(order.request_id)
        else:
            found = journal.recall(order.request_id)
            if isinstance(found, (Inpaint, MakeMask)):
                return e.Recalled(order.client, order.client_name, order.request_id, request=found)
            return e.Recalled(order.client, order.client_name, order.request_id, answer=found)
        return None

    def _opened(self) -> Journal:
        """The journal; on first opening it reports its contents."""
        if self._journal is None:
            self._journal = Journal(self._folder)
            unfinished = tuple(self._journal.unfinished())
            self._report(e.Restored(unfinished, self._journal.answered()))
        return self._journal

    def _report(self, event: e.Event) -> None:
        self._events.put(event)
        self._wake()
