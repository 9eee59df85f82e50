"""Reaching the daemon, and starting one where none runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inpaintd_protocol.client import Client, connect
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError

LAUNCH_FILE = Path(__file__).resolve().parent.parent / "launch.json"
"""Written by `inpaintd install gimp`: {"command": [...], "home": "..."}, both optional."""

SET_UP_FOLDER = "app"
"""Folder in the daemon's, where a plug-in that came as an archive sets inpaintd up."""

NAME = "GIMP"
"""Our name in `inpaintd status`."""

START_SECONDS = 20.0
"""Time limit for the first answer of a daemon that we have started."""

_EDITORS_OWN = ("PYTHON", "LD_", "DYLD_", "GI_", "GIO_", "GTK_", "GDK_", "GEGL_", "BABL_")
"""Environment that is made for GIMP's own libraries and breaks the daemon's Python."""


def connected(on_starting: Callable[[], None]) -> Client:
    """A connection to the daemon; starts the daemon when none runs.

    Args:
        on_starting: called when a daemon has to be started, which takes a moment.

    Raises:
        InpaintError: `not_running` when none can be started, or as `client.connect`.
    """
    use_home()
    try:
        return connect(name=NAME)
    except InpaintError as error:
        # Also reached through a connection.json left behind by a killed daemon.
        if error.category != "connection":
            raise
    command = command_line()
    if not command:
        raise InpaintError(
            "not_running",
            "The inpaint daemon is not running, and this plug-in does not know how to start it.",
            "Start it in a terminal with: inpaintd serve. To have GIMP start it, run: "
            "inpaintd install gimp",
        )
    on_starting()
    return _started(command)


def use_home() -> None:
    """Look for the daemon where the installer said, unless the environment says otherwise."""
    folder = read_json(LAUNCH_FILE).get("home")
    if folder:
        os.environ.setdefault("INPAINTD_HOME", str(folder))


def command_line() -> list[str]:
    """The command that starts the daemon; empty when it is not known."""
    for path in (LAUNCH_FILE, set_up_file()):
        command = read_json(path).get("command")
        if command:
            return [str(word) for word in command]
    return []


def set_up_file() -> Path:
    """The command file of the installed inpaintd: {"command": [...], "version": "..."}.

    In the daemon's folder, as several GIMPs share it.
    """
    return home() / SET_UP_FOLDER / "in-use.json"


def _started(command: list[str]) -> Client:
    log_path = _log_path()
    try:
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=own_environment(),
                cwd=Path.home(),
                **_DETACHED,
            )
    except OSError as error:
        raise _cannot_start(command, error.strerror or str(error)) from error
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return connect(name=NAME)
        except InpaintError as error:
            if error.category != "connection":
                raise
            # Exit code 0 is a launcher that has passed the daemon on, or one that found another
            # daemon starting at the same moment.
            if process.poll() not in (None, 0):
                raise _cannot_start(command, _last_lines(log_path)) from error
            if time.monotonic() > deadline:
                reason = _last_lines(log_path) or f"it did not answer for {START_SECONDS:g} s"
                raise _cannot_start(command, reason) from error
        time.sleep(0.05)


_DETACHED: dict[str, Any] = (
    # Own group, no window. Not detached: without a console, each worker would open one to be seen.
    {"creationflags": 0x00000200 | 0x08000000}
    if sys.platform == "win32"
    else {"start_new_session": True}  # it outlives GIMP, and GIMP's Cancel does not reach it
)


def _cannot_start(command: list[str], reason: str) -> InpaintError:
    return InpaintError(
        "not_running",
        f"The inpaint daemon is not running and could not be started with “{' '.join(command)}”: "
        f"{reason}.".replace("..", "."),
        "Try that command in a terminal. If inpaintd has moved, run: inpaintd install gimp",
    )


def own_environment() -> dict[str, str]:
    """The environment for inpaintd's programs, without the variables set for GIMP's libraries."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_EDITORS_OWN)
    }


def _log_path() -> Path:
    folder = home()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / "start-from-gimp.log"


def _last_lines(log_path: Path) -> str:
    try:
        lines = log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return " ".join(lines[-3:])


def read_json(path: Path) -> dict[str, Any]:
    """The object in a small file; an empty one where it cannot be read."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
