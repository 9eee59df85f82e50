"""Events of a hot folder, for the display and the log."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inpaintd_protocol.errors import InpaintError

Facts = dict[str, Any]
Tell = Callable[[str, Facts], None]
"""Called with an event's name and facts:

    watching   folder
    waiting    name, reason: seen and not taken yet
    taken      name, job
    progress   name, job, phase, fraction
    done       name, job, outputs, seconds, warnings
    duplicate  name, job, of: filled before, so not filled again
    failed     name, job, message, hint
    trouble    message, hint: temporary, and retried
    stopped    done, failed, duplicates
"""


@dataclass
class Counts:
    """Number of drops by outcome in this run."""

    done: int = 0
    failed: int = 0
    duplicates: int = 0


def for_people(problem: Exception) -> InpaintError:
    """Convert any error to one with a remedy."""
    if isinstance(problem, InpaintError):
        return problem
    if isinstance(problem, (OSError, sqlite3.OperationalError)):
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        return InpaintError(
            "unwritable", f"The hot folder cannot be written: {reason}.", "Free some space."
        )
    return InpaintError(
        "internal",
        f"An unexpected error occurred ({type(problem).__name__}: {str(problem)[:200]}).",
        "Please report it, with the picture if possible.",
    )
