"""The bar says what is going on, and only where somebody looks."""

from __future__ import annotations

import io
import sys

import pytest

from inpaintd.cli.progress import describe, progress_bar
from inpaintd_protocol.messages import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Progress("x", "waiting", 0.0, position=2), "waiting, number 2 in the queue"),
        (Progress("x", "denoising", 0.5, step=3, steps=9), "denoising, step 3 of 9"),
        (Progress("x", "loading", 0.1), "loading"),
        (Progress("x", "denoising", 0.05), "filling"),
    ],
)
def test_what_is_going_on(message: Progress, words: str) -> None:
    assert describe(message) == words


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar(quiet=False, label="2 of 5, a[1].png: ") as show:
        show(Progress("x", "denoising", 0.5, step=3, steps=9))
    assert "2 of 5, a[1].png: denoising, step 3 of 9" in terminal.getvalue()


@pytest.mark.parametrize(("steps", "percent"), [(9, "50%"), (0, "")])
def test_no_number_stands_still(monkeypatch: pytest.MonkeyPatch, steps: int, percent: str) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar(quiet=False) as show:
        show(Progress("x", "denoising", 0.5, step=0, steps=steps))
    assert ("%" in terminal.getvalue()) == bool(percent)


@pytest.mark.parametrize("quiet", [True, False])
def test_a_file_gets_none(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    stream = Terminal() if quiet else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar(quiet=quiet) as show:
        show(Progress("x", "denoising", 0.5))
    assert stream.getvalue() == ""
