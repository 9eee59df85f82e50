"""The course of a request from sending to its end, without socket, thread or clock.

    follower = Follower(request.request_id, Finished, silence=Silence(now))
    while follower.answer is None and follower.overdue(now) is None:
        # wait for a message for at most follower.seconds_left(now), then:
        step = follower.take(message, now)
    finished = follower.result()

All times are seconds of one monotonic clock, the caller's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from .errors import InpaintError, category_of
from .messages import Cancel, Cancelled, Failed, Message, Progress

SILENCE_SECONDS = 30.0
"""Silence about an unfinished request after which the daemon is considered dead."""

UNMEASURED = "filling"
"""Word for the phase `denoising` of an engine that counts no steps."""

Answer = TypeVar("Answer", bound=Message)

Overdue = Literal["silent", "late"]
"""Reason to stop waiting: the daemon seems dead, or the request's own time is up."""


@dataclass(frozen=True)
class Tell:
    """Instruction to pass on this news of the request."""

    news: Message


@dataclass(frozen=True)
class SendAgain:
    """Instruction to send the request again under the same id: this failure will pass."""

    failure: Failed


@dataclass(frozen=True)
class End(Generic[Answer]):
    """Report of the request's end. It comes once, and last."""

    answer: Answer | Failed | Cancelled


class Silence:
    """The time since the daemon was last heard.

    Followers may share one: any message shows that the daemon is alive for all requests.
    """

    def __init__(self, now: float) -> None:
        self._since = now

    def broken(self, now: float) -> None:
        """Start again: the daemon has been heard, or nothing was due until now."""
        self._since = now

    def seconds_left(self, now: float) -> float:
        """Seconds until the daemon is considered dead; 0 or less from then on."""
        return self._since + SILENCE_SECONDS - now


class Follower(Generic[Answer]):
    """Tracks one request: the meaning of its messages, and its end.

    Attributes:
        request_id: of the request.
        answer: the terminal answer; None until it comes.
        cancelling: whether its cancellation has been asked for.
    """

    def __init__(
        self,
        request_id: str,
        expected: type[Answer],
        *,
        silence: Silence | None = None,
        late_at: float = math.inf,
        sends_again: bool = False,
    ) -> None:
        """
        Args:
            expected: the type of the answer when all goes well.
            silence: None where the daemon may be silent for as long as it likes.
            late_at: when to give up, however talkative the daemon.
            sends_again: whether failures that pass are no end; see `SendAgain`.
        """
        self.request_id = request_id
        self.answer: Answer | Failed | Cancelled | None = None
        self.cancelling = False
        self._expected = expected
        self._silence = silence
        self._late_at = late_at
        self._sends_again = sends_again

    def take(self, message: Message, now: float) -> Tell | SendAgain | End[Answer] | None:
        """Process a message; return the instructions that follow, if any.

        Messages of other requests, and those after the end, lead to nothing: the
        daemon answers a request that was sent twice, or cancelled too late, with its end again.
        """
        if message.request_id != self.request_id or self.answer is not None:
            return None
        if self._silence is not None:
            self._silence.broken(now)
        if self._sends_again and isinstance(message, Failed) and _passes(message):
            return SendAgain(message)
        if isinstance(message, (self._expected, Failed, Cancelled)):
            self.answer = message
            return End(message)
        return Tell(message)

    def cancel(self) -> Cancel:
        """The message to send to cancel the request, which still has its end to come."""
        self.cancelling = True
        return Cancel(self.request_id)

    def seconds_left(self, now: float) -> float:
        """Longest wait for the next message; may be infinite, is never below 0."""
        silence = math.inf if self._silence is None else self._silence.seconds_left(now)
        return max(0.0, min(silence, self._late_at - now))

    def overdue(self, now: float) -> Overdue | None:
        """Reason to give up; None while waiting makes sense, and once the request has ended."""
        if self.answer is not None:
            return None
        if self._silence is not None and self._silence.seconds_left(now) <= 0:
            return "silent"
        return "late" if now >= self._late_at else None

    def result(self) -> Answer:
        """Return the answer of a request that succeeded.

        Raises:
            InpaintError: what it ended with, when it did not go well.
        """
        if isinstance(self.answer, self._expected):
            return self.answer
        if isinstance(self.answer, Failed):
            raise self.answer.error()
        if isinstance(self.answer, Cancelled):
            raise InpaintError("cancelled", "The request was cancelled.")
        raise RuntimeError("the request has not ended")


def phase_word(progress: Progress) -> str:
    """The phase in a word: `UNMEASURED` for a filling in which no steps are counted."""
    counted = progress.phase != "denoising" or progress.steps > 0
    return progress.phase if counted else UNMEASURED


def _passes(failure: Failed) -> bool:
    return category_of(failure.code) == "passing"
