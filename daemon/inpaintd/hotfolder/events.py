"""What happens in a hot folder, for the display and the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Facts = dict[str, Any]
Tell = Callable[[str, Facts], None]
"""Told of an event by its name and facts:

    watching   folder
    waiting    name, reason: seen and not taken yet
    taken      name, job
    progress   name, job, phase, fraction
    done       name, job, outputs, seconds, warnings
    duplicate  name, job, of: filled before, so not filled again
    failed     name, job, message, hint
    trouble    message, hint: passes by itself, and is tried again
    stopped    done, failed, duplicates
"""


UNMEASURED = "filling"
"""The phase in which an engine without steps works: its fraction stands still."""


@dataclass
class Counts:
    """How many drops have come to which end in this run."""

    done: int = 0
    failed: int = 0
    duplicates: int = 0
    finished_at: list[float] = field(default_factory=list)
    """Monotonic seconds of the latest results, for a rate."""
