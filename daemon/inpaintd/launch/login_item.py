"""Start the daemon and the hot folders' watchers at login, by each system's own means."""

from __future__ import annotations

import hashlib
import os
import plistlib
import re
import subprocess
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inpaintd.launch.background import log_path
from inpaintd.system import kind
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError


@dataclass(frozen=True)
class Unit:
    """One program to start at login.

    Attributes:
        name: of files and units, such as "inpaintd-watch-Pictures".
        title: for people.
        arguments: of `inpaintd`.
    """

    name: str
    title: str
    arguments: tuple[str, ...]

    @property
    def command(self) -> list[str]:
        # -P: never import anything from the current folder.
        return [sys.executable, "-P", "-m", "inpaintd", *self.arguments]


def units(folders: Sequence[Path]) -> list[Unit]:
    """The daemon, and one watch for each hot folder.

    Raises:
        InpaintError: `unsupported` for a folder with a control character in its path, which would
            end a line of these files and begin another of its own choice.
    """
    found = [Unit("inpaintd", "Inpaint daemon", ("serve",))]
    for folder in folders:
        path = folder.resolve()
        _check_printable(path)
        name = f"{_readable(path)}-{_digest(path)}".lstrip("-")
        arguments = ("watch", str(path), "--json")
        found.append(Unit(f"inpaintd-watch-{name}", f"Inpaint hot folder {path}", arguments))
    return found


def _check_printable(path: Path) -> None:
    if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in str(path)):
        raise InpaintError(
            "unsupported",
            f"The name of the folder {str(path)!r} has a line break or another control character.",
            "Rename it.",
        )


def _readable(path: Path) -> str:
    """Reduce a path to characters that every system allows in a file name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", str(path)).strip("-")[-50:]


def _digest(path: Path) -> str:
    """Return a suffix that tells apart folders whose names differ only in other characters."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:8]


def files_of(unit: Unit, platform: str, user_home: Path) -> dict[Path, bytes]:
    """The files that make a system start this unit at login, by path."""
    if platform == "darwin":
        path = user_home / "Library" / "LaunchAgents" / f"org.inpaintd.{unit.name}.plist"
        return {path: _launchd(unit)}
    if platform == "win32":
        start = user_home / "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup"
        return {start / f"{unit.name}.vbs": _windows(unit)}
    return {user_home / ".config/systemd/user" / f"{unit.name}.service": _systemd(unit)}


def install(folders: Sequence[Path], *, start: bool) -> list[Path]:
    """Write the files and tell the system about them; return the paths written.

    Raises:
        InpaintError: `unwritable`, `not_running` when the daemon's folder cannot be created, or
            `unsupported` when the system's own tool refuses.
    """
    _check_printable(home().absolute())
    log_path(home())  # creates the folder, without which launchd starts nothing
    written = []
    for unit in units(folders):
        for path, content in files_of(unit, kind.name(), Path.home()).items():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            except OSError as error:
                raise InpaintError(
                    "unwritable",
                    f"{path} cannot be written: {error.strerror}.",
                    "Check who owns that folder.",
                ) from error
            written.append(path)
    for command in start_commands(written, kind.name()) if start else []:
        _run(command)
    return written


def remove() -> list[Path]:
    """Remove everything that `install` has written; return the paths removed."""
    paths = installed_units(Path.home())
    for path in paths:
        for command in stop_commands(path, kind.name()):
            subprocess.run(command, check=False, capture_output=True)
        path.unlink()
    return paths


def installed_units(user_home: Path) -> list[Path]:
    """The files written by `install` that still exist."""
    example = next(iter(files_of(units([])[0], kind.name(), user_home)))
    watches = example.parent.glob(f"{example.stem}-watch-*{example.suffix}")
    return [path for path in (example, *sorted(watches)) if path.exists()]


def start_commands(paths: Sequence[Path], platform: str) -> list[list[str]]:
    """The commands that start the units now and at each login."""
    if platform == "darwin":
        return [["launchctl", "load", "-w", str(path)] for path in paths]
    if platform == "win32":
        return [["wscript.exe", str(path)] for path in paths]
    names = [path.name for path in paths]
    return [
        ["systemctl", "--user", "daemon-reload"],
        ["systemctl", "--user", "enable", "--now", *names],
    ]


def stop_commands(path: Path, platform: str) -> list[list[str]]:
    if platform == "darwin":
        return [["launchctl", "unload", "-w", str(path)]]
    if platform == "win32":
        return []
    return [["systemctl", "--user", "disable", "--now", path.name]]


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        problem = done.stderr.strip() if done.returncode else ""
        failed = bool(done.returncode)
    except (OSError, subprocess.TimeoutExpired) as error:
        problem, failed = str(error), True
    if failed and command[0] == "systemctl" and "bus" in problem:
        raise InpaintError(
            "unsupported",
            "The files are written, but no session of systemd runs for this user here, as in a "
            "container or after su.",
            "Run this again once logged in; until then: inpaintd watch FOLDER",
        )
    if failed:
        raise InpaintError(
            "unsupported",
            f"The files are written, but {command[0]} did not start them: {problem}",
            f"Try it yourself: {' '.join(command)}",
        )


def _systemd(unit: Unit) -> bytes:
    words = " ".join(_quoted(word).replace("$", "$$") for word in unit.command)
    text = f"""[Unit]
Description={unit.title.replace("%", "%%")}

[Service]
ExecStart={words}
Environment={_quoted(f"INPAINTD_HOME={home().absolute()}")}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=default.target
"""
    return os.fsencode(text)


def _quoted(word: str) -> str:
    # In a unit file % is special, as are " and \ within quotes, and $ in commands.
    return '"' + re.sub(r'(["\\])', r"\\\1", word).replace("%", "%%") + '"'


def _launchd(unit: Unit) -> bytes:
    log = str(home().absolute() / "logs" / f"{unit.name}.log")
    return plistlib.dumps(
        {
            "Label": f"org.inpaintd.{unit.name}",
            "ProgramArguments": unit.command,
            "EnvironmentVariables": {"INPAINTD_HOME": str(home().absolute())},
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "StandardOutPath": log,
            "StandardErrorPath": log,
        }
    )


def _windows(unit: Unit) -> bytes:
    # Through Windows Script Host, because a .cmd in the start-up folder shows a black window.
    line = subprocess.list2cmdline(unit.command).replace('"', '""')
    variable = str(home().absolute()).replace('"', '""')
    text = (
        'Set shell = CreateObject("WScript.Shell")\r\n'
        f'shell.Environment("PROCESS")("INPAINTD_HOME") = "{variable}"\r\n'
        f'shell.Run "{line}", 0, False\r\n'
    )
    return text.encode("utf-16")
