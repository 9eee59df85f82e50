"""Find the running daemon, or start one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from inpaintd.launch.daemon_log import start_path
from inpaintd.system.processes import detached
from inpaintd_protocol.client import Client, connect
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError

START_SECONDS = 20.0
"""Time limit for a new daemon to answer; normally it takes a tenth of a second."""

_POLL_SECONDS = 0.01


def connect_or_start(name: str, options: Sequence[str] = ()) -> Client:
    """Connect to this user's daemon, starting one when none answers.

    Any number of callers may do this at once; they all end up with the same daemon.

    Args:
        name: of the client.
        options: of `inpaintd serve`, for a daemon that has to be started.

    Raises:
        InpaintError: `not_running` when none could be started; else as `connect`.
    """
    client = _connect(name)
    if client is not None:
        return client
    from filelock import FileLock, Timeout

    log_path(home())  # makes the folder
    try:
        # One at a time: a surplus daemon could take over when the first one is stopped.
        with FileLock(home() / "start.lock", timeout=START_SECONDS):
            return _connect(name) or _start(name, options)
    except Timeout as error:
        raise _cannot_start(home()) from error


def _start(name: str, options: Sequence[str]) -> Client:
    deadline = time.monotonic() + START_SECONDS
    process = start_detached(home(), options)
    while True:
        ended = process.poll()
        client = _connect(name)
        if client is not None:
            if ended is None:
                # It is meant to outlive this process, so keep Popen from warning about that.
                process.returncode = 0
            return client
        if ended or time.monotonic() > deadline:
            raise _cannot_start(home())
        if ended == 0:
            # It gave way to another daemon, which has ended since or is still starting.
            time.sleep(0.2)
            process = start_detached(home(), options)
        time.sleep(_POLL_SECONDS)


def _connect(name: str) -> Client | None:
    try:
        return connect(name=name)
    except InpaintError as error:
        if error.category == "connection":
            return None
        raise


def start_detached(folder: Path, options: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start a daemon that outlives this process and its terminal."""
    log_path(folder)  # makes its folder
    # Emptied at each start: it holds only output from before the log opens, or from a crash.
    start = start_path(folder / "logs" / "daemon.log")
    handle = os.open(start, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as log:
        return subprocess.Popen(
            # -P: never import anything from the current folder.
            [sys.executable, "-P", "-m", "inpaintd", "serve", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,  # so that no other folder is kept from being removed or unmounted
            env=os.environ | {"INPAINTD_HOME": str(folder.absolute())},
            **detached(),
        )


def log_path(folder: Path) -> Path:
    """Return the path of the daemon's log, after creating its folder.

    Raises:
        InpaintError: `not_running` when the folder cannot be created.
    """
    path = folder / "logs" / "daemon.log"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InpaintError(
            "not_running",
            f"The folder {folder} cannot be used: {error.strerror}.",
            "Give the daemon another one with the environment variable INPAINTD_HOME.",
        ) from error
    return path


def _cannot_start(folder: Path) -> InpaintError:
    path = folder / "logs" / "daemon.log"
    start = start_path(path)
    lines = start.read_text("utf-8", errors="replace").splitlines() if start.exists() else []
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return InpaintError(
        "not_running",
        "The inpaint daemon could not be started." + (f" It said: {last}" if last else ""),
        f"Its log is {path}; try it in the foreground with: inpaintd serve",
    )
