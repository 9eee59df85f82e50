"""Selects the drops of the inbox to open next, and those that have waited long enough. No I/O.

A scan may find thousands of drops, and many events follow for each of them, so anything asked
between two scans is answered from queues and never by searching all drops.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from inpaintd.files.formats import readable
from inpaintd_protocol.errors import InpaintError

from .drops import Drop

_PASSING = frozenset({"unreadable", "empty_mask", "size_mismatch", "bad_message"})
"""Errors that may only mean that a file, or its other half, is still arriving."""


class Intake:
    """The drops of the latest scan, and their known states.

    Times are seconds since the epoch that never decrease.
    """

    def __init__(self, *, settle_seconds: float, patience_seconds: float) -> None:
        self._settle_seconds = settle_seconds
        self._patience_seconds = patience_seconds
        self._drops: dict[str, Drop] = {}
        self._since: dict[str, tuple[str, float]] = {}
        self._problems: dict[str, tuple[str, InpaintError]] = {}
        self._held: dict[str, float] = {}
        self._ready: deque[str] = deque()
        self._settling: list[tuple[float, int, str]] = []
        self._doomed: list[tuple[float, str]] = []
        self._first = True

    def see(self, drops: Iterable[Drop], now: float) -> None:
        """Process the drops that a scan has found, in order of arrival."""
        self._drops = {drop.name: drop for drop in drops}
        self._since = {name: self._seen(drop, now) for name, drop in self._drops.items()}
        self._first = False
        self._problems = {
            name: problem
            for name, problem in self._problems.items()
            if name in self._drops and self._drops[name].signature == problem[0]
        }
        self._held = {n: until for n, until in self._held.items() if n in self._drops}
        self._ready, self._settling, self._doomed = deque(), [], []
        for order, (name, drop) in enumerate(self._drops.items()):
            if drop.complete and not drop.refusal and name not in self._problems:
                settled = max(self._since[name][1] + self._settle_seconds, self._held.get(name, 0))
                if settled <= now:
                    self._ready.append(name)
                else:
                    self._settling.append((settled, order, name))
            else:
                self._doomed.append((self._end_of_patience(drop, now), name))
        heapify(self._settling)
        heapify(self._doomed)

    def next_ready(self, now: float) -> Drop | None:
        """Hand out a drop that appears complete, oldest first; each at most once per scan."""
        while self._settling and self._settling[0][0] <= now:
            self._ready.append(heappop(self._settling)[2])
        while self._ready:
            drop = self._drops.get(self._ready.popleft())
            if drop is not None and drop.name not in self._problems:
                return drop
        return None

    def next_doomed(self, now: float) -> tuple[Drop, InpaintError] | None:
        """Hand out a drop that cannot be taken and will not recover."""
        while self._doomed and self._doomed[0][0] <= now:
            drop = self._drops.get(heappop(self._doomed)[1])
            error = None if drop is None else self._error(drop)
            if drop is not None and error is not None:
                return drop, error
        return None

    def problem(self, drop: Drop, error: InpaintError, now: float) -> bool:
        """Record the error of a drop; returns whether it is new."""
        news = self._problems.get(drop.name, ("", None))[0] != drop.signature
        self._problems[drop.name] = (drop.signature, error)
        if drop.name in self._drops:
            heappush(self._doomed, (self._end_of_patience(drop, now), drop.name))
        return news

    def hold(self, name: str, until: float) -> None:
        """Skip a drop for a while."""
        self._held[name] = until
        if name in self._drops:
            heappush(self._settling, (until, 0, name))

    def again(self, name: str) -> None:
        """Hand a drop out again, next time."""
        self._ready.append(name)

    def forget(self, drop: Drop) -> None:
        """Forget a drop that has left the inbox or is finished."""
        self._drops.pop(drop.name, None)
        self._problems.pop(drop.name, None)

    @property
    def waiting(self) -> int:
        return len(self._drops)

    def next_due(self) -> float | None:
        """The time at which the next drop may be ready or fail without an event; None for never."""
        times = [queue[0][0] for queue in (self._settling, self._doomed) if queue]
        return min(times, default=None)

    def _seen(self, drop: Drop, now: float) -> tuple[str, float]:
        """The signature of the drop, and since when it has had it."""
        before = self._since.get(drop.name)
        if before is not None and before[0] == drop.signature:
            return before
        # Unchanged since before the watch began: no need to wait longer.
        since = drop.newest if self._first else now
        return drop.signature, min(since, now)

    def _end_of_patience(self, drop: Drop, now: float) -> float:
        """The time at which a drop with an error fails."""
        error = self._error(drop)
        if drop.refusal or (drop.complete and error is not None and error.code not in _PASSING):
            return now
        return self._since[drop.name][1] + max(self._settle_seconds, self._patience_seconds)

    def _error(self, drop: Drop) -> InpaintError | None:
        if drop.refusal:
            return InpaintError(
                "unreadable", f"{drop.name} {drop.refusal}.", "Drop a picture file."
            )
        if drop.name in self._problems:
            return self._problems[drop.name][1]
        if not drop.complete:
            return _without_picture(drop)
        return None


def _without_picture(drop: Drop) -> InpaintError:
    for role in ("mask", "reference"):
        if role in drop.members:
            return InpaintError(
                "unreadable",
                f"{drop.name} is a {role} without its picture.",
                f"Drop both together: NAME.png and NAME.{role}.png.",
            )
    if "toml" in drop.members or "txt" in drop.members:
        return InpaintError(
            "unreadable",
            f"{drop.name} belongs to a picture that is missing or was processed earlier.",
            "Drop it together with its picture, or before it.",
        )
    return InpaintError(
        "unreadable",
        f"{drop.name} is not in a supported picture format.",
        f"{readable()} are.",
    )
