"""Estimate of the time that a request still needs."""

from __future__ import annotations


class Pace:
    """Extrapolates from the steps so far, except for the first, which also warms up the device."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None

    def remaining_seconds(self, done: float, now: float) -> float | None:
        """Estimate the seconds until `done` is 1; None before there is enough data.

        Args:
            done: completed share of the painting, 0 to 1.
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
