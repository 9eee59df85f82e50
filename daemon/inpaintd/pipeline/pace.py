"""How long the rest of a request will take."""

from __future__ import annotations


class Pace:
    """Learns from the steps so far; the first one is left out, as it also warms up the device."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None

    def remaining_seconds(self, done: float, now: float) -> float | None:
        """Seconds until `done` is 1; None while there is nothing to go by.

        Args:
            done: share of the painting that is done, 0 to 1.
            now: a clock that never goes back, in seconds.
        """
        if done <= 0:
            return None
        if self._first is None:
            self._first = (done, now)
            return None
        first_done, first_now = self._first
        if done <= first_done:
            return None
        return (now - first_now) / (done - first_done) * max(0.0, 1 - done)
