"""Terminal display of the hot folder: waiting, running, done and failed pictures, and the rate."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from inpaintd_protocol.closing import Closing
from inpaintd_protocol.following import UNMEASURED

if TYPE_CHECKING:
    from .watcher import Watcher

_RATE_SECONDS = 60.0
_MOST_SHOWN = 8


class Display(Closing):
    """Lines for finished pictures and, in a terminal, a live table of the others."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._live: Live | None = None
        self._watcher: Watcher | None = None
        self._running: dict[int, tuple[str, str, float]] = {}
        self._ends: deque[float] = deque(maxlen=1000)
        self._started = time.monotonic()

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, watcher: Watcher) -> None:
        """Start showing a watcher's numbers, if there is a terminal."""
        self._watcher = watcher
        if self._console.is_terminal:
            self._live = Live(
                console=self._console,
                get_renderable=self.table,
                refresh_per_second=4,
                transient=True,
            )
            self._live.start()

    def tell(self, event: str, facts: dict[str, Any]) -> None:
        """Process an event."""
        job = facts.get("job", 0)
        if event in ("taken", "progress"):
            progress = (facts.get("phase", "waiting"), facts.get("fraction", 0.0))
            self._running[job] = (facts["name"], *progress)
            return
        self._running.pop(job, None)
        if event == "done":
            self._ends.append(time.monotonic())
        line = _line(event, facts)
        if line:
            self._console.print(line, soft_wrap=True)  # a log has no width

    def per_minute(self) -> float:
        """Pictures per minute, over the last minute."""
        now = time.monotonic()
        recent = sum(now - end <= _RATE_SECONDS for end in self._ends)
        span = min(_RATE_SECONDS, now - self._started)
        return recent * 60.0 / span if span > 0 else 0.0

    def table(self) -> Group:
        """A table of the current activity."""
        rows = Table.grid(padding=(0, 2))
        for name, phase, fraction in list(self._running.values())[:_MOST_SHOWN]:
            total = None if phase == UNMEASURED else 1.0  # a pulsing bar, or one that measures
            rows.add_row(Text(printable(name)), phase, ProgressBar(total, fraction, width=24))
        watcher = self._watcher
        if watcher is None:
            return Group(rows)
        counts = watcher.counts
        summary = (
            f"{watcher.waiting} waiting, {watcher.running} running, {counts.done} done, "
            f"{counts.failed} failed, {self.per_minute():.1f} pictures a minute"
        )
        return Group(rows, Text(summary, style="bold"))


def printable(text: str) -> str:
    """A file's name without terminal control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _line(event: str, raw_facts: dict[str, Any]) -> str:
    facts = {k: printable(v) if isinstance(v, str) else v for k, v in raw_facts.items()}
    name = escape(facts.get("name", ""))
    if event == "done":
        warnings = "".join(f"\n  [yellow]{escape(w)}[/]" for w in facts.get("warnings", ()))
        outputs = escape(printable(", ".join(facts["outputs"])))
        return f"[green]done[/]    {name} -> {outputs}{warnings}"
    if event == "failed":
        return f"[red]failed[/]  {name}: {escape(facts['message'])} {escape(facts['hint'])}"
    if event == "duplicate":
        return f"[dim]duplicate of {escape(facts['of'])}, already filled:[/] {name}"
    if event == "waiting":
        return f"[dim]waits[/]   {name}: {escape(facts['reason'])}"
    if event == "trouble":
        return f"[yellow]retrying[/] {escape(facts['message'])} {escape(facts['hint'])}"
    if event == "watching":
        return f"Watching {escape(facts['folder'])}; stop with Ctrl+C."
    if event == "stopped":
        return f"{facts['done']} done, {facts['failed']} failed, {facts['duplicates']} duplicates."
    return ""
