"""The result of a check."""

from __future__ import annotations

from dataclasses import dataclass

OK, NOTE, FAULT = "ok", "note", "fault"


@dataclass(frozen=True)
class Finding:
    """One line of the report. Never holds secrets, prompts or pixels.

    Attributes:
        level: ok, note (works, but could be better) or fault.
        what: which part was looked at.
        message: what is the case, as a sentence.
        remedy: what to do; empty where nothing need be done.
    """

    level: str
    what: str
    message: str
    remedy: str = ""


def ok(what: str, message: str) -> Finding:
    return Finding(OK, what, message)


def note(what: str, message: str, remedy: str = "") -> Finding:
    return Finding(NOTE, what, message, remedy)


def fault(what: str, message: str, remedy: str) -> Finding:
    return Finding(FAULT, what, message, remedy)
