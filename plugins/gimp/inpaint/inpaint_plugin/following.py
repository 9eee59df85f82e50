"""What the daemon says about one request, in order, until its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from inpaintd_protocol.client import SILENCE_SECONDS
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import (
    Accepted,
    Cancelled,
    Failed,
    Finished,
    Message,
    Preview,
    Progress,
)

OnPreview = Callable[[Preview], None]

CANCELLED = "cancelled"
"""Code of the error that a cancelled request ends with."""


def _nobody_looks() -> None:
    pass


@dataclass
class Shown:
    """The latest progress, for a window that may open later."""

    title: str
    """What is going on, as the title of the window."""
    fraction: float = 0.0
    words: str = "Sending the picture"
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
        self._request_id = request_id
        self._count = count
        self._on_progress = on_progress
        self._on_preview = on_preview
        self._heard = time.monotonic()
        self.finished: Finished | None = None

    def take(self, answer: Message) -> None:
        """
        Raises:
            InpaintError: what the request ended with, when it did not end well.
        """
        if answer.request_id != self._request_id:
            return
        self._heard = time.monotonic()
        if isinstance(answer, Progress):
            self._on_progress(answer.fraction, in_words(answer, self._count))
        elif isinstance(answer, Accepted) and answer.position:
            self._on_progress(0.0, _waiting(answer.position))
        elif isinstance(answer, Preview):
            self._on_preview(answer)
        elif isinstance(answer, Finished):
            self.finished = answer
        elif isinstance(answer, Failed):
            raise answer.error()
        elif isinstance(answer, Cancelled):
            raise InpaintError(CANCELLED, "The request was cancelled.")

    def check_alive(self) -> None:
        """
        Raises:
            InpaintError: `timed_out` when the daemon has been silent for too long.
        """
        if time.monotonic() - self._heard > SILENCE_SECONDS:
            raise InpaintError(
                "timed_out",
                f"The inpaint daemon gave no sign of life for {SILENCE_SECONDS:g} seconds.",
                "Restart it in a terminal: inpaintd stop, then try again.",
            )


def in_words(progress: Progress, count: int) -> str:
    """Progress as a short line for people."""
    if progress.phase == "waiting":
        return _waiting(progress.position)
    if progress.phase == "denoising" and progress.steps:
        words = f"Step {progress.step} of {progress.steps}"
    else:
        words = _PHASES.get(progress.phase, progress.phase.capitalize())
    if count > 1:
        words += f", variant {progress.variant + 1} of {count}"
    if progress.remaining_seconds is not None and progress.remaining_seconds >= 1:
        words += f", about {progress.remaining_seconds:.0f} s left"
    return words


def _waiting(position: int) -> str:
    before = position - 1
    if before <= 0:
        return "Next in the queue"
    return f"Waiting for {before} other request{'s' if before > 1 else ''}"


_PHASES = {
    "loading": "Loading the model",
    "preparing": "Preparing",
    "denoising": "Filling",
    "finishing": "Finishing",
}
