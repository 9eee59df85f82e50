"""Ends of drops and reasons for them, in words."""

from __future__ import annotations

from typing import Any

from inpaintd_protocol.errors import InpaintError

from . import drop_events as e
from .job import Job
from .journal import DONE, FAILED, Row


def end_in_words(row: Row, job: Job | None, now: float) -> e.Say | None:
    """The event that reports the end of a drop; None for ends that nobody waits for.

    Args:
        job: None for a drop that ended in an earlier run.
        now: seconds since the epoch.
    """
    facts: dict[str, Any] = {"name": row.name, "job": row.id}
    if row.state == FAILED:
        return e.Say("failed", facts | {"message": row.error[0], "hint": row.error[1]})
    if row.state != DONE or not row.outputs:
        return None
    facts["outputs"] = [final for _, final in row.outputs]
    if job is not None and job.answer is not None and job.looked is not None:
        facts["seconds"] = round(now - job.started, 3)
        notices = (*job.looked.notices, *job.answer.warnings)
        facts["warnings"] = [f"{n.message} {n.remedy}".rstrip() for n in notices]
    return e.Say("done", facts)


def crashed_twice(name: str, reason: str = "") -> InpaintError:
    """The error for a picture that has crashed two processes."""
    because = f": {reason}" if reason else ""
    return InpaintError(
        "unreadable",
        f"The reader crashed twice on {name}{because}.",
        "It may be damaged, or too large for this machine's memory: open it in an editor and "
        "save it again, smaller if necessary.",
    )


def immovable(name: str, reason: str) -> InpaintError:
    """The error for a drop that cannot be taken out of the inbox."""
    return InpaintError(
        "unwritable",
        f"{name} cannot be moved: {reason}.",
        "Check the permissions of the file and its folder.",
    )
