"""The terminal's display of a hot folder."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any, cast

from rich.console import Console

from inpaintd.hotfolder.display import Display
from inpaintd.hotfolder.report import Counts
from inpaintd.hotfolder.watcher import Watcher


@dataclass
class Numbers:
    """A watcher's public numbers."""

    waiting: int = 4
    running: int = 1
    counts: Counts = field(default_factory=lambda: Counts(done=2, failed=1))


def _shown(display: Display) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(display.table())
    return cast(Any, console.file).getvalue()


def test_the_table_shows_what_waits_runs_is_done_and_has_failed() -> None:
    display = Display(io.StringIO())
    display.show(cast(Watcher, Numbers()))
    display.tell("taken", {"name": "a.png", "job": 1})
    display.tell("progress", {"name": "a.png", "job": 1, "phase": "denoising", "fraction": 0.5})
    shown = _shown(display)
    assert "a.png" in shown
    assert "denoising" in shown
    assert "4 waiting, 1 running, 2 done, 1 failed" in shown
    assert "pictures a minute" in shown
    display.tell("done", {"name": "a.png", "job": 1, "outputs": ["a.png"]})
    assert "a.png" not in _shown(display)
    assert display.per_minute() > 0


def test_a_log_is_not_wrapped() -> None:
    out = io.StringIO()
    Display(out).tell("failed", {"name": "a.png", "job": 1, "message": "x " * 100, "hint": ""})
    assert len(out.getvalue().splitlines()) == 1


def test_file_names_do_not_steer_the_terminal() -> None:
    out = io.StringIO()
    display = Display(out)
    name = "[bold]\x1b[2J\a\udcff.png"
    display.tell("failed", {"name": name, "job": 1, "message": f"{name} is bad.", "hint": ""})
    display.tell("taken", {"name": name, "job": 2})
    text = out.getvalue() + _shown(display)
    assert "\x1b" not in text
    assert "\a" not in text
    assert "[bold]" in text
