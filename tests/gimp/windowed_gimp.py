"""A GIMP with windows, driven by keyboard, and asked from inside how its image is."""

from __future__ import annotations

import ast
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .desktop import Desktop, desktop
from .gimp_root import Gimp


@dataclass
class WindowedGimp:
    """GIMP on a desktop, with one photograph open."""

    gimp: Gimp
    desktop: Desktop
    process: subprocess.Popen[bytes]
    title: str
    """A part of its main window's title."""

    def ask(self, expression: str, seconds: float = 40) -> Any:
        """The value of a Python expression in GIMP; see inside/agent.py for its names."""
        answer, question = self.gimp.work / "answer", self.gimp.work / "question"
        answer.unlink(missing_ok=True)
        new = self.gimp.work / "question.new"
        new.write_text(expression)
        new.rename(question)
        self.desktop.wait_until(answer.exists, f"GIMP answers {expression}", seconds)
        said = answer.read_text()
        assert not said.startswith("!"), said
        return ast.literal_eval(said)

    def layers(self) -> list[str]:
        names: list[str] = self.ask("layers()")
        return names

    def seen(self) -> bytes:
        """RGBA u8 of what the image shows."""
        return (self.gimp.work / self.ask("pixels('seen.rgba')")).read_bytes()

    def selection(self) -> bytes:
        """u8, as large as the canvas."""
        return (self.gimp.work / self.ask("selection('selection.grey')")).read_bytes()

    def focus_canvas(self) -> None:
        self.desktop.run("wmctrl", "-a", self.title)
        time.sleep(0.3)

    def command(self, procedure: str) -> None:
        """Call a command by its keyboard shortcut."""
        self.focus_canvas()
        self.desktop.key(SHORTCUTS[procedure])


# Not F6, F8 and F10: GTK takes those itself.
SHORTCUTS = {
    "inpaintd-inpaint": "F5",
    "inpaintd-again": "F9",
    "inpaintd-fill": "F7",
    "inpaintd-edit-again": "F12",
    "inpaintd-mask-by-text": "F4",
    "inpaintd-outpaint": "F3",
    "inpaintd-select-object": "F2",
    "inpaintd-models": "F11",
}


@contextmanager
def windowed_gimp(gimp: Gimp, photograph: Path, size: str = "1280x820") -> Iterator[WindowedGimp]:
    """Open a photograph, which must lie in `gimp.work`, in a maximised GIMP."""
    script = gimp.work / "agent.py"
    work = gimp.inside(gimp.work)
    script.write_text(
        f"WORK = {work!r}\n"
        "exec(compile(open(WORK + '/inside/agent.py').read(), 'agent.py', 'exec'))\n"
    )
    shortcuts = "".join(f'(action "{name}" "{key}")\n' for name, key in SHORTCUTS.items())
    (gimp.configuration / "shortcutsrc").write_text(f"(file-version 1)\n{shortcuts}")
    for name in ("agent-ready", "agent-stop"):
        (gimp.work / name).unlink(missing_ok=True)
    with desktop(gimp, size) as screen:
        process = screen.start(
            "gimp",
            "--no-splash",
            "-n",
            gimp.inside(photograph),
            "--batch-interpreter=python-fu-eval",
            "-b",
            f'exec(compile(open("{gimp.inside(script)}").read(), "agent.py", "exec"))',
        )
        screen.wait_until((gimp.work / "agent-ready").exists, "GIMP has started", 90)
        title = f"[{photograph.stem}]"
        screen.wait_for_window(f"{title}*")
        made = WindowedGimp(gimp, screen, process, title)
        screen.run("wmctrl", "-r", title, "-b", "add,maximized_vert,maximized_horz")
        time.sleep(0.5)
        try:
            yield made
        finally:
            (gimp.work / "agent-stop").touch()
