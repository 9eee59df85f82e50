"""Waiting for what a request is answered with: one answer, or all that comes until its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from .errors import InpaintError
from .mailbox import Mailbox
from .messages import (
    Cancel,
    Cancelled,
    Failed,
    Finished,
    Message,
    ModelDone,
    ModelProgress,
    Preview,
    Progress,
    Terminal,
)

ANSWER_SECONDS = 10.0
"""How long the daemon may take for what it answers by itself, without a worker."""

SILENCE_SECONDS = 30.0
"""How long a daemon may say nothing of an unfinished request before it is taken for dead."""

_CANCEL_POLL_SECONDS = 0.1

Answer = TypeVar("Answer", bound=Message)
OnProgress = Callable[[Progress], None]
OnPreview = Callable[[Preview], None]
ShouldCancel = Callable[[], bool]


@dataclass(frozen=True)
class Watch:
    """What the caller of a long request wants to hear, and when to give up."""

    on_progress: OnProgress | None = None
    on_preview: OnPreview | None = None
    should_cancel: ShouldCancel | None = None
    """Asked at least every 0.1 s; once it says yes, the request is cancelled."""
    timeout_seconds: float | None = None
    """For the whole request."""


def ask(
    mailbox: Mailbox,
    request: Message,
    expected: type[Answer],
    timeout_seconds: float | None = None,
) -> Answer:
    """Send a request that has one answer, and wait for it (default: ANSWER_SECONDS).

    Raises:
        InpaintError: the daemon's own, `timed_out` or `disconnected`.
    """
    timeout_seconds = ANSWER_SECONDS if timeout_seconds is None else timeout_seconds
    mailbox.send(request)
    deadline = time.monotonic() + timeout_seconds
    while True:
        answer = mailbox.next_of(request.request_id, deadline - time.monotonic())
        if isinstance(answer, expected):
            return answer
        if isinstance(answer, Failed):
            raise answer.error()
        if time.monotonic() >= deadline:
            mailbox.abandon(request.request_id)
            raise _timed_out(f"The inpaint daemon did not answer for {timeout_seconds:g} s.")


def follow(mailbox: Mailbox, request_id: str, watch: Watch, *, keep: bool) -> Finished:
    """Wait for the terminal answer of a request that has been sent.

    When this raises while the request runs, the request is cancelled, unless it is to be kept.

    Raises:
        InpaintError: the daemon's own, `cancelled`, `timed_out` or `disconnected`.
    """
    try:
        answer, asked_to_cancel = _await_end(mailbox, request_id, watch)
    except BaseException:
        # Timed out, or a callback raised (Ctrl-C too): nobody waits for it any more.
        mailbox.abandon(request_id)
        if not keep:
            with suppress(InpaintError):
                mailbox.send(Cancel(request_id))
        raise
    if isinstance(answer, Cancelled):
        raise InpaintError("cancelled", "The request was cancelled.")
    if asked_to_cancel:
        # The request ended by itself before the cancellation came, and that is answered too.
        mailbox.abandon(request_id)
    if isinstance(answer, Failed):
        raise answer.error()
    return answer


def _await_end(mailbox: Mailbox, request_id: str, watch: Watch) -> tuple[Terminal, bool]:
    """The terminal answer, and whether a cancellation was sent."""
    started = heard = time.monotonic()
    asked_to_cancel = False
    while True:
        if watch.should_cancel is not None and not asked_to_cancel and watch.should_cancel():
            mailbox.send(Cancel(request_id))
            asked_to_cancel = True
        left = _seconds_left(watch, started, heard)
        if watch.should_cancel is not None and not asked_to_cancel:
            left = min(left, _CANCEL_POLL_SECONDS)
        answer = mailbox.next_of(request_id, left)
        if answer is None:
            continue
        heard = time.monotonic()
        if isinstance(answer, (Finished, Failed, Cancelled)):
            return answer, asked_to_cancel
        if isinstance(answer, Progress) and watch.on_progress is not None:
            watch.on_progress(answer)
        elif isinstance(answer, Preview) and watch.on_preview is not None:
            watch.on_preview(answer)


def _seconds_left(watch: Watch, started: float, heard: float) -> float:
    """How long to wait for the next answer at most.

    Raises:
        InpaintError: `timed_out`, no longer.
    """
    now = time.monotonic()
    left = heard + SILENCE_SECONDS - now
    if left <= 0:
        raise _timed_out(f"The inpaint daemon gave no sign of life for {SILENCE_SECONDS:g} s.")
    if watch.timeout_seconds is not None:
        left = min(left, started + watch.timeout_seconds - now)
        if left <= 0:
            raise _timed_out(f"The request was not done within {watch.timeout_seconds:g} s.")
    return left


def _timed_out(message: str) -> InpaintError:
    return InpaintError(
        "timed_out", message, "Look at what it is doing with: inpaintd status", retriable=True
    )


def follow_model(
    mailbox: Mailbox,
    request: Message,
    on_progress: Callable[[ModelProgress], None] | None,
    should_cancel: ShouldCancel | None,
) -> ModelDone:
    """Send a request about a model, and wait for its end, however long that takes.

    Raises:
        InpaintError: the daemon's own, `cancelled` or `disconnected`.
    """
    mailbox.send(request)
    asked = False
    while True:
        if should_cancel is not None and not asked and should_cancel():
            asked = True
            mailbox.send(Cancel(request.request_id))
        answer = mailbox.next_of(request.request_id, _CANCEL_POLL_SECONDS)
        if isinstance(answer, ModelProgress) and on_progress is not None:
            on_progress(answer)
        elif isinstance(answer, ModelDone):
            return answer
        elif isinstance(answer, Failed):
            raise answer.error()
        elif isinstance(answer, Cancelled):
            raise InpaintError("cancelled", "The request was cancelled.")
