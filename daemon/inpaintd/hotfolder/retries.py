"""Instructions that failed because of a full disk or unexpectedly, to be retried. No I/O."""

from __future__ import annotations

from inpaintd_protocol.errors import InpaintError

from . import drop_events as e

RETRY_SECONDS = 5.0
"""Delay before retrying after a full disk."""

TRIES = 2
"""Times a step may fail for an unknown reason, or pixels may crash a process."""

_MOST_IN_A_ROW = 5
_SAME_TROUBLE_SECONDS = 60.0


class Retries:
    """Instructions to be retried.

    Args:
        once: give up when nothing improves for a while.
    """

    def __init__(self, *, once: bool) -> None:
        self._once = once
        self._later: list[tuple[float, e.Instruction]] = []
        self._in_a_row = 0
        self._broken: dict[tuple[int, type], int] = {}
        self._told: tuple[str, float] = ("", 0.0)

    def __bool__(self) -> bool:
        return bool(self._later)

    def later(self, instruction: e.Instruction, now: float) -> None:
        """Schedule an instruction to be carried out again."""
        self._later.append((now + RETRY_SECONDS, instruction))

    def due(self, now: float) -> list[e.Instruction]:
        """Hand out the instructions whose time has come."""
        due = [instruction for at, instruction in self._later if at <= now]
        self._later = [(at, instruction) for at, instruction in self._later if at > now]
        return due

    def next_due(self) -> float | None:
        """The time at which the next instruction is due."""
        return min((at for at, _ in self._later), default=None)

    def better(self) -> None:
        """Record a success."""
        self._in_a_row = 0

    def trouble(self, error: InpaintError, now: float) -> list[e.Instruction]:
        """Report a problem once, not with each attempt; and give up when it persists."""
        found: list[e.Instruction] = []
        message, at = self._told
        if message != error.message or now - at >= _SAME_TROUBLE_SECONDS:
            self._told = (error.message, now)
            found.append(e.Say("trouble", {"message": error.message, "hint": error.hint}))
        self._in_a_row += 1
        if self._once and self._in_a_row > _MOST_IN_A_ROW:
            found.append(e.GiveUp(error))
        return found

    def is_hopeless(self, ticket: int, instruction: e.Instruction) -> bool:
        """Count an unexplained failure; returns whether the limit has been reached."""
        key = (ticket, type(instruction))
        self._broken[key] = self._broken.get(key, 0) + 1
        return self._broken[key] >= TRIES
