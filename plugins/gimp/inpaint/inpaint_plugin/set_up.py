"""Set-up of inpaintd on first use, by a plug-in that came as one archive.

The archive has inpaintd's wheel and uv's binary in the folder `bundle`. uv makes an environment in
the daemon's folder, with a Python of its own where the system has none that suits. Standard library
only, and no GIMP: whoever calls it shows the progress.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inpaintd_protocol.client import connect
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError

from .daemon import LAUNCH_FILE

BUNDLE = LAUNCH_FILE.parent / "bundle"

DOWNLOAD_BYTES = 350_000_000
"""About what is fetched: inpaintd's libraries, and a Python where the system has none."""

NEEDED_BYTES = 1_500_000_000

_PYTHON = ">=3.11,<3.14"
_FOLDER = "app"
_POLL_SECONDS = 0.25

OnProgress = Callable[[str, float], None]
"""Told what is being done, in words, and how much of all is done, 0 to 1."""


def is_needed() -> bool:
    """Test whether this plug-in brought an inpaintd that is not set up yet, or a newer one."""
    wheel = _wheel()
    if wheel is None:
        return False
    launch = _launch()
    command = launch.get("command")
    return not command or not Path(command[0]).exists() or launch.get("wheel") != wheel.name


def description() -> str:
    """A description of the set-up, for asking the user's consent."""
    return (
        f"inpaintd will be installed into {home() / _FOLDER}. About "
        f"{DOWNLOAD_BYTES / 1e6:.0f} MB are fetched from the Python package index. Nothing else on "
        "this computer is changed, and removing it leaves nothing behind."
    )


def set_up(on_progress: OnProgress, should_cancel: Callable[[], bool]) -> None:
    """Build the environment, try it, and have the plug-in start the daemon from it.

    What has been fetched is kept when this fails or is cancelled, so that the next attempt goes on.

    Raises:
        InpaintError: `unsupported`, `unreachable`, `unwritable`, `cancelled`.
    """
    wheel = _wheel()
    if wheel is None:
        raise InpaintError("unsupported", "This plug-in came without inpaintd.")
    folder = _new_folder(wheel)
    _check_room(folder)
    cache = folder.parent / ".cache"
    environment = {
        "UV_CACHE_DIR": str(cache),
        "UV_PYTHON_INSTALL_DIR": str(folder.parent / "python"),
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
    }
    made = False
    try:
        on_progress("Looking for Python", 0.0)
        venv = ["venv", "--quiet", "--no-project", "--clear", "--python", _PYTHON, str(folder)]
        _run([_uv(), *venv], environment, should_cancel)

        def fetched() -> None:
            part = min(_bytes_in(cache) / DOWNLOAD_BYTES, 1.0)
            on_progress("Fetching and installing", 0.05 + 0.85 * part)

        install = ["pip", "install", "--python", str(folder), str(wheel)]
        _run([_uv(), *install], environment, should_cancel, fetched)
        on_progress("Trying it", 0.95)
        python = _python(folder)
        _run([str(python), "-P", "-m", "inpaintd", "--version"], {}, should_cancel)
        _stop_older_daemon()
        command = [str(python), "-P", "-m", "inpaintd", "serve"]
        _write_launch(_launch() | {"command": command, "wheel": wheel.name})
        made = True
    finally:
        if not made:
            shutil.rmtree(folder, ignore_errors=True)
    for other in folder.parent.iterdir():
        if other not in (folder, folder.parent / "python"):
            shutil.rmtree(other, ignore_errors=True)
    on_progress("Done", 1.0)


def _wheel() -> Path | None:
    return next(iter(sorted(BUNDLE.glob("inpaintd-*.whl"))), None)


def _uv() -> str:
    uv = BUNDLE / ("uv.exe" if os.name == "nt" else "uv")
    if os.name != "nt" and uv.exists():
        uv.chmod(0o755)  # some programs that unpack archives drop it
    return str(uv)


def _new_folder(wheel: Path) -> Path:
    version = wheel.name.split("-")[1]
    number = 1
    while (home() / _FOLDER / f"{version}-{number}").exists():
        number += 1
    return home() / _FOLDER / f"{version}-{number}"


def _check_room(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        home().chmod(0o700)
        free = shutil.disk_usage(folder.parent).free
    except OSError as error:
        raise InpaintError(
            "unwritable", f"{folder.parent} cannot be written: {error.strerror}."
        ) from error
    if free < NEEDED_BYTES:
        raise InpaintError(
            "unwritable",
            f"Set-up needs {NEEDED_BYTES / 1e9:.1f} GB in {folder.parent}, and {free / 1e9:.1f} GB "
            "are free.",
            "Make room, then try again.",
        )


def _run(
    command: list[str],
    environment: dict[str, str],
    should_cancel: Callable[[], bool],
    each_poll: Callable[[], None] = lambda: None,
) -> None:
    from .daemon import _environment

    options: dict[str, Any] = {"creationflags": 0x08000000} if sys.platform == "win32" else {}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment() | environment,
            **options,
        )
    except OSError as error:
        raise InpaintError(
            "unsupported",
            f"{command[0]} cannot be run: {error.strerror}.",
            "Unpack the archive for this system again.",
        ) from error
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
    reader.start()
    try:
        while True:
            if should_cancel():
                raise InpaintError("cancelled", "Cancelled.")
            try:
                process.wait(_POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                each_poll()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        reader.join()
        if process.stdout is not None:
            process.stdout.close()
    if process.returncode:
        raise _failure(b"".join(said).decode("utf-8", "replace"))


def _failure(text: str) -> InpaintError:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = next((line for line in lines if line.lower().startswith("error")), "")
    told = (told or (lines[-1] if lines else "it ended")).removeprefix("error: ")[:300]
    low = text.lower()
    if "no space left" in low or "os error 112" in low:
        return InpaintError("unwritable", "The disk is full.", "Make room, then try again.")
    if any(sign in low for sign in ("failed to fetch", "sending request", "dns error")):
        return InpaintError(
            "unreachable",
            f"What inpaintd needs could not be fetched: {told}.",
            "Check the connection and try again: what has arrived is kept.",
            retriable=True,
        )
    return InpaintError("unsupported", f"inpaintd could not be set up: {told}.")


def _stop_older_daemon() -> None:
    """So that the next fill starts the new one."""
    try:
        with connect(name="GIMP") as client:
            client.shutdown()
    except InpaintError:
        pass


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(place, name).lstat().st_size
            except OSError:
                continue
    return total


def _launch() -> dict[str, Any]:
    try:
        values = json.loads(LAUNCH_FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _write_launch(values: dict[str, Any]) -> None:
    temporary = LAUNCH_FILE.with_suffix(".new")
    try:
        temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        temporary.replace(LAUNCH_FILE)
    except OSError as error:
        raise InpaintError(
            "unwritable",
            f"{LAUNCH_FILE} cannot be written: {error.strerror}.",
            "Check whom the plug-in's folder belongs to.",
        ) from error
