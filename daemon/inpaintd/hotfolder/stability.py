"""When a drop has stopped changing."""

from __future__ import annotations

from collections.abc import Iterable

from .drops import Drop, newest_change


class Stability:
    """Remembers since when each drop has been seen as it is."""

    def __init__(self, settle_seconds: float) -> None:
        self._settle_seconds = settle_seconds
        self._seen: dict[str, tuple[str, float]] = {}
        self._first = True

    def see(self, drops: Iterable[Drop], now: float) -> None:
        """Take in what a scan has found at `now`, seconds since the epoch that never go back."""
        seen = {}
        for drop in drops:
            signature = drop.signature
            before = self._seen.get(drop.name)
            if before is not None and before[0] == signature:
                seen[drop.name] = before
            else:
                # Lain untouched since before the watch began: it need not wait any more.
                since = newest_change(drop) if self._first else now
                seen[drop.name] = (signature, min(since, now))
        self._seen, self._first = seen, False

    def age(self, drop: Drop, now: float) -> float:
        """For how many seconds the drop has been as it is."""
        return now - self._seen[drop.name][1]

    def settled(self, drop: Drop, now: float) -> bool:
        return self.age(drop, now) >= self._settle_seconds

    def next_settling(self, now: float) -> float | None:
        """In how many seconds the next drop settles; None when all have."""
        waits = [self._settle_seconds - (now - since) for _, since in self._seen.values()]
        return min((w for w in waits if w > 0), default=None)
