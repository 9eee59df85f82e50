"""A desktop that nobody sees, with a GIMP on it that is used by keyboard."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from .gimp_root import Gimp

_GIMPRC = """\
(show-welcome-dialog no)
(config-version "3.99.0")
(check-updates no)
(show-tips no)
(save-session-info no)
(color-management (mode off))
(undo-levels 20)
"""

_FUNCTION_KEYS = {f"F{n}": str(66 + n if n <= 10 else 84 + n) for n in range(1, 13)}
"""Their key codes: given the name, newer releases of xdotool hold Ctrl and Alt as well."""


@dataclass
class Desktop:
    """An X display with a window manager."""

    gimp: Gimp
    display: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        log = (self.gimp.work / "desktop.log").open("ab")
        with log:
            process = subprocess.Popen(
                self._command(*words), stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def run(self, *words: str) -> str:
        done = subprocess.run(
            self._command(*words), capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout

    def key(self, *keys: str) -> None:
        codes = (_FUNCTION_KEYS.get(key, key) for key in keys)
        self.run("xdotool", "key", "--clearmodifiers", "--delay", "30", *codes)

    def write(self, text: str) -> None:
        self.run("xdotool", "type", "--delay", "15", text)

    def windows(self) -> list[str]:
        """Titles of all windows."""
        return [line.split(None, 3)[-1] for line in self.run("wmctrl", "-l").splitlines()]

    def wait_for_window(self, title: str, seconds: float = 40) -> None:
        """Wait for a window with exactly this title, or one that contains it when it ends in *."""
        self.wait_until(lambda: self.shows(title), f"a window “{title}” opens", seconds)

    def wait_for_no_window(self, title: str, seconds: float = 40) -> None:
        self.wait_until(lambda: not self.shows(title), f"the window “{title}” closes", seconds)

    def shows(self, title: str) -> bool:
        if title.endswith("*"):
            return any(title[:-1] in window for window in self.windows())
        return title in self.windows()

    def activate(self, title: str) -> None:
        self.run("wmctrl", "-F", "-a", title)
        time.sleep(0.2)

    def move(self, title: str, x: int, y: int) -> None:
        self.run("xdotool", "windowmove", self.identity(title), str(x), str(y))

    def screenshot(self, path: Path, window: str | None = None) -> None:
        """Save a picture of the whole desktop, or of one window with its frame."""
        inside = self.gimp.work / "screenshot.png"
        what = ["-window", "root"]
        self.run("import", *what, self.gimp.inside(inside))
        if window is not None:
            x, y, width, height = self.place_of(window)
            self.run(
                "convert",
                self.gimp.inside(inside),
                "-crop",
                f"{width}x{height}+{x}+{y}",
                "+repage",
                self.gimp.inside(inside),
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(inside.read_bytes())

    def height_of(self, window: str) -> int:
        return self.place_of(window)[3]

    def wait_until(self, holds: object, what: str, seconds: float = 40) -> None:
        deadline = time.monotonic() + seconds
        while not holds():  # type: ignore[operator]
            if time.monotonic() > deadline:
                self.screenshot(self.gimp.work / "failed.png")
                raise AssertionError(
                    f"in {seconds} s it never came about that {what}; windows: {self.windows()}"
                )
            time.sleep(0.15)  # each look is a process or two

    def place_of(self, title: str) -> tuple[int, int, int, int]:
        """A window's place on the desktop, including openbox's frame."""
        said = self.run("xdotool", "getwindowgeometry", "--shell", self.identity(title))
        place = dict(entry.split("=") for entry in said.split())
        x, y, width, height = (int(place[k]) for k in ("X", "Y", "WIDTH", "HEIGHT"))
        return x - 2, y - 41, width + 2, height + 24  # xdotool counts the frame twice

    def identity(self, title: str) -> str:
        for line in self.run("wmctrl", "-l").splitlines():
            identity, _desktop, _host, name = line.split(None, 3)
            if name == title:
                return identity
        for line in self.run("wmctrl", "-l").splitlines():
            if title in line:
                return line.split()[0]
        raise AssertionError(f"no window “{title}”")

    def focused(self) -> str:
        """The identity of the window that takes key presses."""
        return f"0x{int(self.run('xdotool', 'getactivewindow').strip() or 0):08x}"

    def owner_of(self, title: str) -> str:
        """The identity of the window that a window stays above."""
        said = self.run("xprop", "-id", self.identity(title), "WM_TRANSIENT_FOR")
        return f"0x{int(said.split()[-1], 16):08x}"

    def click_right_button_of(self, title: str) -> None:
        """Click on the button in the lower right corner of a window."""
        x, y, width, height = self.place_of(title)
        self.run("xdotool", "mousemove", str(x + width - 70), str(y + height - 46), "click", "1")

    def _command(self, *words: str) -> list[str]:
        return self.gimp.command("env", f"DISPLAY={self.display}", *words)


@contextmanager
def desktop(gimp: Gimp, size: str = "1400x900") -> Iterator[Desktop]:
    """Start a display and a window manager; end all that was started on it afterwards."""
    gimp.configuration.mkdir(parents=True, exist_ok=True)
    (gimp.configuration / "gimprc").write_text(_GIMPRC)
    made = Desktop(gimp, "")
    try:
        made.display = f":{_started_display(made, size)}"
        made.start("openbox")
        made.wait_until(lambda: "Name:" in made.run("wmctrl", "-m"), "openbox runs")
        yield made
    finally:
        for process in reversed(made.processes):
            _end(process)


def _started_display(made: Desktop, size: str) -> int:
    # -noreset: else it starts anew, and drops the window manager, when its first client goes.
    command = ("Xvfb", "-displayfd", "1", "-screen", "0", f"{size}x24", "-noreset")
    process = subprocess.Popen(
        made.gimp.command(*command, "-nolisten", "tcp"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    made.processes.append(process)
    assert process.stdout is not None
    with process.stdout:
        return int(process.stdout.readline())


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it has started: all that is in its session."""
    for number in (signal.SIGTERM, signal.SIGKILL):  # Xvfb tidies up after SIGTERM
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(3)
