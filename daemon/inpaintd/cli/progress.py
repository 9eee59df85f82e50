"""A progress bar on stderr, for terminals only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inpaintd_protocol.following import phase_word
from inpaintd_protocol.messages import Progress as ProgressMessage

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def progress_bar(*, quiet: bool, label: str = "") -> Iterator[Callable[[ProgressMessage], None]]:
    """Yield a function that shows each progress message, or does nothing without a terminal.

    Args:
        label: shown before the phase, to tell several fills apart.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda _message: None
        return
    bar = _Bar(label)
    try:
        yield bar.show
    finally:
        bar.close()


class _Bar:
    """A bar created with the first message: an instant fill needs neither bar nor library."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def show(self, message: ProgressMessage) -> None:
        if self._bar is None:
            self._bar, self._task = _new_bar()
        assert self._task is not None
        self._bar.update(
            self._task,
            completed=message.fraction,
            total=1.0 if is_measured(message) else None,
            description=self._label + describe(message),
        )

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()


def describe(message: ProgressMessage) -> str:
    """The current phase, in a few words."""
    if message.phase == "waiting" and message.position:
        return f"waiting, number {message.position} in the queue"
    word = phase_word(message)
    return f"{word}, step {message.step} of {message.steps}" if message.steps else word


def is_measured(message: ProgressMessage) -> bool:
    """True if `fraction` advances in this phase; otherwise a bar would seem to be stuck."""
    return message.phase == "denoising" and message.steps > 0


def _new_bar() -> tuple[Progress, TaskID]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description:<24}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("", total=None)
    bar.start()
    return bar, task
