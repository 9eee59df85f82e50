"""Which drops of the inbox are to be opened next, and which have waited long enough. No I/O.

A scan may find thousands of drops, and something happens for each of them many times, so whatever
is asked between two scans is answered from queues and never by looking through all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from inpaintd.files.formats import readable
from inpaintd_protocol.errors import InpaintError

from .drops import Drop

_PASSING = frozenset({"unreadable", "empty_mask", "size_mismatch", "bad_message"})
"""What may be wrong with a file only because it, or its other half, is still on its way."""


class Intake:
    """The drops of the latest scan, and what is known about each.

    Times are seconds since the epoch that never go back.
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
        """Take in what a scan has found, in the order of arrival."""
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
        """Hand out a drop that is whole as far as can be seen, oldest first; each once a scan."""
        while self._settling and self._settling[0][0] <= now:
            self._ready.append(heappop(self._settling)[2])
        while self._ready:
            drop = self._drops.get(self._ready.popleft())
            if drop is not None and drop.name not in self._problems:
                return drop
        return None

    def next_doomed(self, now: float) -> tuple[Drop, InpaintError] | None:
        """Hand out a drop that cannot be taken and will not get better any more."""
        while self._doomed and self._doomed[0][0] <= now:
            drop = self._drops.get(heappop(self._doomed)[1])
            error = None if drop is None else self._error(drop)
            if drop is not None and error is not None:
                return drop, error
        return None

    def problem(self, drop: Drop, error: InpaintError, now: float) -> bool:
        """Note what was wrong with a drop; whether that was news."""
        news = self._problems.get(drop.name, ("", None))[0] != drop.signature
        self._problems[drop.name] = (drop.signature, error)
        if drop.name in self._drops:
            heappush(self._doomed, (self._end_of_patience(drop, now), drop.name))
        return news

    def hold(self, name: str, until: float) -> None:
        """Leave a drop alone for a while."""
        self._held[name] = until
        if name in self._drops:
            heappush(self._settling, (until, 0, name))

    def again(self, name: str) -> None:
        """Hand a drop out once more, next time."""
        self._ready.append(name)

    def forget(self, drop: Drop) -> None:
        """The drop has left the inbox, or is done with."""
        self._drops.pop(drop.name, None)
        self._problems.pop(drop.name, None)

    @property
    def waiting(self) -> int:
        return len(self._drops)

    def next_due(self) -> float | None:
        """When the next drop may be ready or doomed, whatever happens; None for never."""
        times = [queue[0][0] for queue in (self._settling, self._doomed) if queue]
        return min(times, default=None)

    def _seen(self, drop: Drop, now: float) -> tuple[str, float]:
        """What the drop is like, and since when."""
        before = self._since.get(drop.name)
        if before is not None and before[0] == drop.signature:
            return before
        # Lain untouched since before the watch began: it need not wait any more.
        since = drop.newest if self._first else now
        return drop.signature, min(since, now)

    def _end_of_patience(self, drop: Drop, now: float) -> float:
        """When a drop that has something wrong with it fails."""
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
    if "mask" in drop.members:
        return InpaintError(
            "unreadable",
            f"{drop.name} is a mask, and the picture that it belongs to did not come.",
            "Drop both together: NAME.png and NAME.mask.png.",
        )
    if "toml" in drop.members or "txt" in drop.members:
        return InpaintError(
            "unreadable",
            f"{drop.name} belongs to a picture that did not come, or had been taken before.",
            "Drop it together with the picture, or before it.",
        )
    return InpaintError(
        "unreadable",
        f"{drop.name} is not a kind of picture that is read here.",
        f"{readable()} are.",
    )
