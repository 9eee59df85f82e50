"""The daemon's messages about one request, in words and in order, until its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.following import (
    SILENCE_SECONDS,
    UNMEASURED,
    End,
    Follower,
    Silence,
    Tell,
    phase_word,
)
from inpaintd_protocol.messages import Accepted, Cancelled, Finished, Message, Preview, Progress

from .daemon_texts import translated_error
from .texts import _, plural

OnPreview = Callable[[Preview], None]

CANCELLED = "cancelled"
"""Code of the error that a cancelled request ends with."""


def _nobody_looks() -> None:
    pass


@dataclass
class Shown:
    """The latest progress, for a window that may open later."""

    title: str
    """The current activity, as the title of the window."""
    fraction: float = 0.0
    words: str = field(default_factory=lambda: _("Sending the picture"))
    changed: Callable[[], None] = _nobody_looks

    def progress(self, fraction: float, words: str) -> None:
        self.fraction, self.words = fraction, words
        self.changed()


class Following:
    """Passes on progress and previews of one request, and knows when and how it has ended."""

    def __init__(
        self,
        request_id: str,
        count: int,
        on_progress: Callable[[float, str], None],
        on_preview: OnPreview,
    ) -> None:
        self._follower = Follower(request_id, Finished, silence=Silence(time.monotonic()))
        self._count = count
        self._on_progress = on_progress
        self._on_preview = on_preview
        self.finished: Finished | None = None

    def take(self, answer: Message) -> None:
        """
        Raises:
            InpaintError: what the request ended with, when it did not end well.
        """
        step = self._follower.take(answer, time.monotonic())
        if isinstance(step, Tell):
            self._tell(step.news)
        elif isinstance(step, End):
            if isinstance(step.answer, Cancelled):
                raise InpaintError(CANCELLED, _("The request was cancelled."))
            try:
                self.finished = self._follower.result()
            except InpaintError as error:
                raise translated_error(error) from error

    def check_alive(self) -> None:
        """
        Raises:
            InpaintError: `timed_out` when the daemon has been silent for too long.
        """
        if self._follower.overdue(time.monotonic()):
            raise InpaintError(
                "timed_out",
                _("The inpaint daemon has not responded for {seconds} seconds.").format(
                    seconds=f"{SILENCE_SECONDS:g}"
                ),
                _("In a terminal, run “inpaintd stop --force”, then try again."),
            )

    def _tell(self, news: Message) -> None:
        if isinstance(news, Progress):
            self._on_progress(news.fraction, in_words(news, self._count))
        elif isinstance(news, Accepted) and news.position:
            self._on_progress(0.0, _waiting(news.position))
        elif isinstance(news, Preview):
            self._on_preview(news)


def in_words(progress: Progress, count: int) -> str:
    """Progress as a short line for display."""
    if progress.phase == "waiting":
        return _waiting(progress.position)
    word = phase_word(progress)
    if word == "denoising":
        step = _("Step {step} of {steps}")
        words = step.format(step=progress.step, steps=progress.steps)
    else:
        words = _(_PHASES.get(word, word.capitalize()))
    if count > 1:
        variant = _("{progress}, variant {number} of {count}")
        words = variant.format(progress=words, number=progress.variant + 1, count=count)
    if progress.remaining_seconds is not None and progress.remaining_seconds >= 1:
        left = _("{progress}, about {seconds} s left")
        words = left.format(progress=words, seconds=f"{progress.remaining_seconds:.0f}")
    return words


def _waiting(position: int) -> str:
    before = position - 1
    if before <= 0:
        return _("Next in the queue")
    one, many = "Waiting for {count} other request", "Waiting for {count} other requests"
    return plural(one, many, before).format(count=before)


_PHASES = {
    "loading": "Loading the model",
    "preparing": "Preparing",
    UNMEASURED: "Filling",
    "finishing": "Finishing",
}
