"""Waiting for what a request is answered with: one answer, or all that comes until its end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from . import following
from .errors import InpaintError
from .following import Answer, Follower, Overdue, Silence, Tell
from .mailbox import Mailbox
from .messages import (
    Cancel,
    Cancelled,
    Finished,
    Message,
    ModelDone,
    ModelProgress,
    Preview,
    Progress,
)

ANSWER_SECONDS = 10.0
"""Time that the daemon has to answer what it answers itself, without a worker."""

_CANCEL_POLL_SECONDS = 0.1

OnProgress = Callable[[Progress], None]
OnPreview = Callable[[Preview], None]
ShouldCancel = Callable[[], bool]


@dataclass(frozen=True)
class Watch:
    """The callbacks of a long request, and its time limit."""

    on_progress: OnProgress | None = None
    on_preview: OnPreview | None = None
    should_cancel: ShouldCancel | None = None
    """Called at least every 0.1 s; once it returns True, the request is cancelled."""
    timeout_seconds: float | None = None
    """Time limit for the whole request."""

    def tell(self, news: Message) -> None:
        """Pass news to the callback for it, if there is one."""
        if isinstance(news, Progress) and self.on_progress is not None:
            self.on_progress(news)
        elif isinstance(news, Preview) and self.on_preview is not None:
            self.on_preview(news)


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
    late_at = time.monotonic() + timeout_seconds
    follower = Follower(request.request_id, expected, late_at=late_at)
    if _await_end(mailbox, follower) is not None:
        mailbox.abandon(request.request_id)
        raise _timed_out(f"The inpaint daemon did not answer for {timeout_seconds:g} s.")
    return follower.result()


def follow(mailbox: Mailbox, request_id: str, watch: Watch, *, keep: bool) -> Finished:
    """Wait for the terminal answer of a request that has been sent.

    If this raises while the request runs, the request is cancelled, unless `keep` is set.

    Raises:
        InpaintError: the daemon's own, `cancelled`, `timed_out` or `disconnected`.
    """
    now = time.monotonic()
    late_at = math.inf if watch.timeout_seconds is None else now + watch.timeout_seconds
    follower = Follower(request_id, Finished, silence=Silence(now), late_at=late_at)
    try:
        overdue = _await_end(mailbox, follower, watch.tell, watch.should_cancel)
    except BaseException:  # disconnected, or a callback raised (Ctrl-C too)
        _leave(mailbox, request_id, keep=keep)
        raise
    if overdue is not None:
        _leave(mailbox, request_id, keep=keep)
        raise _timed_out(
            f"The inpaint daemon has been silent for {following.SILENCE_SECONDS:g} s."
            if overdue == "silent"
            else f"The request was not finished within {watch.timeout_seconds:g} s."
        )
    if follower.cancelling and not isinstance(follower.answer, Cancelled):
        # The request ended before the cancellation arrived, which is answered as well.
        mailbox.abandon(request_id)
    return follower.result()


def follow_model(
    mailbox: Mailbox,
    request: Message,
    on_progress: Callable[[ModelProgress], None] | None,
    should_cancel: ShouldCancel | None,
) -> ModelDone:
    """Send a request about a model and wait for its end, without a time limit.

    Raises:
        InpaintError: the daemon's own, `cancelled` or `disconnected`.
    """

    def tell(news: Message) -> None:
        if isinstance(news, ModelProgress) and on_progress is not None:
            on_progress(news)

    mailbox.send(request)
    follower = Follower(request.request_id, ModelDone)
    _await_end(mailbox, follower, tell, should_cancel)
    return follower.result()


def _await_end(
    mailbox: Mailbox,
    follower: Follower[Answer],
    tell: Callable[[Message], None] = lambda _: None,
    should_cancel: ShouldCancel | None = None,
) -> Overdue | None:
    """Wait until the request has ended or is overdue; return the reason, or None at the end.

    An unlimited wait is split up, so that Ctrl+C gets through on every system.
    """
    while follower.answer is None:
        if should_cancel is not None and not follower.cancelling and should_cancel():
            mailbox.send(follower.cancel())
        now = time.monotonic()
        overdue = follower.overdue(now)
        if overdue is not None:
            return overdue
        left = follower.seconds_left(now)
        if should_cancel is not None or math.isinf(left):
            left = min(left, _CANCEL_POLL_SECONDS)
        message = mailbox.next_of(follower.request_id, left)
        if message is not None:
            step = follower.take(message, time.monotonic())
            if isinstance(step, Tell):
                tell(step.news)
    return None


def _leave(mailbox: Mailbox, request_id: str, *, keep: bool) -> None:
    """Wait no longer for a request that has not ended, and cancel it unless it is to be kept."""
    mailbox.abandon(request_id)
    if not keep:
        with suppress(InpaintError):
            mailbox.send(Cancel(request_id))


def _timed_out(message: str) -> InpaintError:
    return InpaintError(
        "timed_out", message, "Look at what it is doing with: inpaintd status", retriable=True
    )
