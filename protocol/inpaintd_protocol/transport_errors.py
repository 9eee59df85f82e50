"""Errors of both transports about a daemon that cannot be reached."""

from __future__ import annotations

from .errors import InpaintError

_RESTART = "Restart the daemon: inpaintd stop --force, then inpaintd serve."
_START = "Start it with: inpaintd serve"


def not_running() -> InpaintError:
    return InpaintError("not_running", "The inpaint daemon is not running.", _START)


def not_a_daemon(endpoint: str, reason: str) -> InpaintError:
    return InpaintError(
        "not_running", f"No inpaint daemon answers at {endpoint}: {reason}.", _START
    )


def silent(endpoint: str) -> InpaintError:
    return InpaintError("timed_out", f"What listens at {endpoint} does not answer.", _RESTART)


def wrong_password(reason: str) -> InpaintError:
    return InpaintError("refused", f"The inpaint daemon refused the password ({reason}).", _RESTART)


def unproved() -> InpaintError:
    return InpaintError(
        "refused",
        "The program at the inpaint daemon's address could not prove that it is the daemon.",
        f"Nothing was sent to it. {_RESTART}",
    )


def broken(reason: str) -> InpaintError:
    return InpaintError(
        "disconnected",
        f"The connection to the inpaint daemon broke: {reason}.",
        "Try again.",
        retriable=True,
    )
