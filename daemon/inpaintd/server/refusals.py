"""Errors for requests that the daemon cannot or will not carry out."""

from __future__ import annotations

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Failed


def unknown_request(request_id: str) -> Failed:
    """The answer about an unknown request."""
    return Failed(
        request_id,
        code="unknown_request",
        message="The daemon has no request with this ID, or no longer keeps its result.",
        hint="Send the request again.",
    )


def busy(waiting: int, mean_seconds: float) -> InpaintError:
    """The queue is full; `mean_seconds` is the recent average time of a request."""
    return InpaintError(
        "busy",
        f"The daemon is busy: {waiting} requests are waiting.",
        "Wait for some of them, or cancel them.",
        retriable=True,
        retry_after_seconds=round(min(60.0, max(0.1, mean_seconds)), 2),
    )


def stopping() -> InpaintError:
    """It arrived too late."""
    return InpaintError(
        "shutting_down", "The inpaint daemon is stopping.", "Send the request again soon."
    )


def stopped(request_id: str, *, kept: bool) -> InpaintError:
    """It was in progress when the daemon stopped."""
    return InpaintError(
        "shutting_down",
        "The inpaint daemon has stopped.",
        (
            "The request will be completed when the daemon runs again; fetch the result with: "
            f"inpaintd attach {request_id}"
        )
        if kept
        else "Start the daemon and send the request again.",
        retriable=True,
    )


def cannot_keep(reason: str) -> InpaintError:
    """The journal could not write it; `reason` is a clause without a full stop."""
    return InpaintError(
        "unwritable",
        f"The daemon cannot keep this request on disk: {reason}.",
        "Free some space, or check the permissions of the daemon's folder; then send it again.",
        retriable=True,
    )


def worker_died(reason: str) -> InpaintError:
    """`reason` is a clause without a full stop."""
    return InpaintError(
        "worker_died",
        f"The worker process crashed twice while filling this hole: {reason}.",
        "Try a smaller region or another model; see the daemon's log for details.",
    )


def no_worker(reason: str) -> InpaintError:
    """`reason` is a clause without a full stop."""
    return InpaintError(
        "worker_died",
        f"No worker process could be started: {reason}.",
        "See the daemon's log for details; inpaintd status shows its path.",
        retriable=True,
    )
