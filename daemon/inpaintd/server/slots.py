"""The worker slots: starting workers, detecting stuck ones, retrying, and releasing idle ones.

Pure state like jobs.py, which owns it: no process is touched here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

SlotState = Literal["absent", "starting", "idle", "busy", "ending"]

STARTS = 5
"""Successive failed starts, with no other worker running, after which those who wait are told
that there will be none. Kept requests stay queued: the cause may be fixed meanwhile."""

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0
"""Pauses between failed starts double from the first to the longest."""

END_SECONDS = 30.0
"""Time after which a killed process is given up; one in a driver call may remain for ever."""

PATIENCE = 3.0
"""An engine that was once silent for long, and then continued, may be silent for this multiple."""


@dataclass(frozen=True)
class TimeLimits:
    """Times after which a worker counts as stuck, in seconds."""

    start: float = 60.0
    """From its start until it is ready for work."""
    stall: float = 600.0
    """Between two signs of progress. Long, because loading a large model is one silent step."""
    keep_alive: float = 300.0
    """Time for which an idle worker keeps its model in memory."""


@dataclass
class Slot:
    """A slot for one worker process. Times are monotonic seconds."""

    state: SlotState = "absent"
    since: float = 0.0
    """Time at which it entered its state."""
    request_id: str | None = None
    """Its request; also while it is ending, until it is certain to have ended."""
    model: str = ""
    device: str = ""
    interruptible: bool | None = None
    """That of the engine in use; None while it is being loaded."""
    heard_at: float = 0.0
    """Time of its latest sign of progress."""
    longest_silence: float = 0.0
    started_at: float = 0.0
    """Time at which it received its request."""
    was_ready: bool = False
    """True if this worker has ever been ready for work."""
    failed_starts: int = 0
    next_start: float = 0.0
    problem: str = ""
    """The reason its last start failed: a clause without a full stop."""

    def enter(self, state: SlotState, now: float) -> None:
        self.state, self.since, self.heard_at = state, now, now

    def take_up(self, request_id: str, now: float) -> None:
        self.enter("busy", now)
        self.request_id, self.started_at = request_id, now
        self.interruptible, self.longest_silence = None, 0.0

    def heard(self, now: float) -> None:
        self.longest_silence = max(self.longest_silence, now - self.heard_at)
        self.heard_at = now

    def rest(self, now: float) -> None:
        """Mark its request as answered; a worker that is being ended does not become idle."""
        self.request_id = None
        if self.state != "ending":
            self.enter("idle", now)

    def stuck(self, now: float, limits: TimeLimits) -> str | None:
        """The reason to end this worker now, or None: a clause without a full stop."""
        waited = now - self.heard_at
        if self.state == "starting" and waited > limits.start:
            return f"it was not ready {limits.start:.0f} seconds after its start"
        patience = max(limits.stall, PATIENCE * self.longest_silence)
        if self.state == "busy" and waited > patience:
            return f"it made no progress for {patience:.0f} seconds"
        # Not a fault: other programs can use the memory of its model.
        if self.state == "idle" and waited > limits.keep_alive:
            return "it was idle"
        return None


class Slots:
    """All slots of a daemon, by number."""

    def __init__(self, count: int, limits: TimeLimits) -> None:
        self._slots = [Slot() for _ in range(count)]
        self.limits = limits

    def __getitem__(self, number: int) -> Slot:
        return self._slots[number]

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._slots)

    def __len__(self) -> int:
        return len(self._slots)

    def numbered(self, state: SlotState) -> list[tuple[int, Slot]]:
        return [(n, slot) for n, slot in enumerate(self._slots) if slot.state == state]

    @property
    def all_absent(self) -> bool:
        return all(slot.state == "absent" for slot in self._slots)

    @property
    def helpless(self) -> bool:
        """True if no worker exists that could do anything now or soon."""
        return all(slot.state in ("absent", "ending") for slot in self._slots)

    def due(self, waiting: int, now: float) -> Iterator[int]:
        """Slots in which to start workers for this many waiting requests."""
        # Each worker that is starting will take one of the waiting requests.
        wanted = waiting - len(self.numbered("starting"))
        for number, slot in self.numbered("absent"):
            if wanted > 0 and now >= slot.next_start:
                wanted -= 1
                yield number

    def start(self, number: int, now: float) -> None:
        old = self._slots[number]
        # Nothing of the previous worker may carry over except its failures.
        self._slots[number] = Slot(failed_starts=old.failed_starts, problem=old.problem)
        self._slots[number].enter("starting", now)

    def ready(self, number: int, device: str, now: float) -> None:
        slot = self._slots[number]
        if slot.state == "starting":  # not if it is already being ended
            slot.enter("idle", now)
        slot.device, slot.was_ready = device, True
        slot.failed_starts, slot.problem = 0, ""

    def ended(self, number: int, reason: str, now: float) -> bool:
        """Mark its process as gone; returns true if it had never been ready."""
        old = self._slots[number]
        new = self._slots[number] = Slot(since=now)
        if old.was_ready or old.state == "absent":
            return False
        new.failed_starts = old.failed_starts + 1
        # Limited, because the power would overflow in the end.
        pause = FIRST_PAUSE_SECONDS * 2.0 ** min(old.failed_starts, 16)
        new.next_start = now + min(LONGEST_PAUSE_SECONDS, pause)
        new.problem = reason
        return True
