"""Set-up of inpaintd on first use, by a plug-in that came as one archive.

The archive has inpaintd's wheel and uv's binary in the folder `bundle`. uv makes an environment in
the daemon's folder, with a Python of its own where the system has none that suits. Standard library
only, and no GIMP: the caller shows the progress.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError

from .daemon import LAUNCH_FILE, SET_UP_FOLDER, own_environment, read_json, set_up_file
from .texts import _

BUNDLE = LAUNCH_FILE.parent / "bundle"

DOWNLOAD_BYTES = 250_000_000
"""Approximate download: inpaintd's libraries, and Python if the system has none."""

NEEDED_BYTES = 1_500_000_000
"""Room needed on the disk during set-up."""

_UNPACKED_BYTES = 660_000_000
"""Approximate size of the libraries once unpacked."""

_PYTHON = ">=3.11,<3.14"

# On Windows and macOS, GIMP brings a Python of its own that no library is built for.
_WHICH_PYTHON = "managed" if sys.platform == "linux" else "only-managed"

_CACHE = ".cache"
_POLL_SECONDS = 0.25
_COUNT_SECONDS = 1.0

_NO_NETWORK = (
    "failed to fetch",
    "failed to download",
    "sending request",
    "dns error",
    "timed out",
    "network connectivity",
)

OnProgress = Callable[[str, float], None]
"""Receives the step under way, in words, and the fraction completed, 0 to 1."""


@dataclass(frozen=True)
class Plan:
    """The set-up that is about to be offered.

    Attributes:
        version: of the inpaintd in the archive.
        present: the version that is set up now; empty for none.
        folder: where it is installed.
        free_bytes: on the disk of that folder; 0 when unknown.
    """

    version: str
    present: str
    folder: Path
    free_bytes: int


def is_possible() -> bool:
    """Test whether this plug-in brought an inpaintd."""
    return _wheel() is not None


def is_needed() -> bool:
    """Test whether this plug-in brought an inpaintd that is not set up yet, or a newer one."""
    wheel = _wheel()
    return wheel is not None and _in_order(_version(wheel.name)) > _in_order(_present_version())


def plan() -> Plan:
    """Describe the set-up, to ask the user's consent."""
    wheel = _wheel()
    return Plan(
        version=_version(wheel.name) if wheel else "",
        present=_present_version(),
        folder=home() / SET_UP_FOLDER,
        free_bytes=_free_bytes(),
    )


def set_up(on_progress: OnProgress, should_cancel: Callable[[], bool]) -> None:
    """Build the environment, try it, and have the plug-in start the daemon from it.

    What has been fetched is kept when this fails, so that the next attempt resumes, and removed
    when it is cancelled.

    Raises:
        InpaintError: `unsupported`, `unreachable`, `unwritable`, `cancelled`.
    """
    wheel = _wheel()
    if wheel is None:
        raise InpaintError("unsupported", _("This copy of the plug-in does not include inpaintd."))
    folder = _new_folder(wheel)
    _check_room(folder)
    made = False
    try:
        _build(folder, wheel, on_progress, should_cancel)
        made = True
    except InpaintError as error:
        if error.code == "cancelled":
            shutil.rmtree(folder.parent / _CACHE, ignore_errors=True)
        raise
    finally:
        if not made:
            shutil.rmtree(folder, ignore_errors=True)
            for left in (folder.parent, folder.parent.parent):
                with suppress(OSError):  # not empty
                    left.rmdir()
    for other in folder.parent.iterdir():
        if other.is_dir() and other not in (folder, folder.parent / "python"):
            shutil.rmtree(other, ignore_errors=True)
    on_progress(_("Done"), 1.0)


def _build(
    folder: Path, wheel: Path, on_progress: OnProgress, should_cancel: Callable[[], bool]
) -> None:
    cache = folder.parent / _CACHE
    environment = {
        "UV_CACHE_DIR": str(cache),
        "UV_PYTHON_INSTALL_DIR": str(folder.parent / "python"),
        "UV_PYTHON_INSTALL_BIN": "0",
        "UV_PYTHON_PREFERENCE": _WHICH_PYTHON,
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
    }
    on_progress(_("Looking for Python"), 0.0)
    venv = ["venv", "--quiet", "--no-project", "--clear", "--python", _PYTHON, str(folder)]
    _run([_uv(), *venv], environment, should_cancel)
    counted = [time.monotonic()]

    def fetched() -> None:
        if time.monotonic() - counted[0] > _COUNT_SECONDS:
            fraction = min(_bytes_in(cache) / _UNPACKED_BYTES, 1.0)
            on_progress(_("Fetching and installing"), 0.05 + 0.85 * fraction)
            counted[0] = time.monotonic()

    on_progress(_("Fetching and installing"), 0.05)
    install = ["pip", "install", "--python", str(folder), str(wheel)]
    _run([_uv(), *install], environment, should_cancel, fetched)
    on_progress(_("Testing it"), 0.95)
    python = [str(_python(folder)), "-P", "-m", "inpaintd"]
    _run([*python, "--version"], {}, should_cancel)
    # The next fill starts the new one. By force, as it may speak another version of the protocol.
    _run([*python, "stop", "--force"], {}, lambda: False)
    values = {"command": [*python, "serve"], "version": _version(wheel.name)}
    _write(set_up_file(), json.dumps(values, indent=2) + "\n")


def _wheel() -> Path | None:
    return next(iter(sorted(BUNDLE.glob("inpaintd-*.whl"))), None)


def _uv() -> str:
    uv = BUNDLE / ("uv.exe" if os.name == "nt" else "uv")
    if os.name != "nt" and uv.exists():
        with suppress(OSError):  # such as a folder of the system's
            uv.chmod(0o755)  # some programs that unpack archives drop it
    return str(uv)


def _present_version() -> str:
    """The version that is set up and can be started; empty for none."""
    record = read_json(set_up_file())
    command = record.get("command")
    return str(record.get("version", "")) if command and Path(command[0]).exists() else ""


def _in_order(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _version(wheel_name: str) -> str:
    return wheel_name.split("-")[1]


def _free_bytes() -> int:
    place = home()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return 0


def _new_folder(wheel: Path) -> Path:
    version = _version(wheel.name)
    number = 1
    while (home() / SET_UP_FOLDER / f"{version}-{number}").exists():
        number += 1
    return home() / SET_UP_FOLDER / f"{version}-{number}"


def _check_room(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        home().chmod(0o700)
        free = shutil.disk_usage(folder.parent).free
    except OSError as error:
        raise _unwritable(folder.parent, error) from error
    if free < NEEDED_BYTES:
        raise InpaintError(
            "unwritable",
            _("Set-up needs {needed} GB in {folder}, but only {free} GB are free.").format(
                needed=f"{NEEDED_BYTES / 1e9:.1f}", folder=folder.parent, free=f"{free / 1e9:.1f}"
            ),
            _("Free some disk space, then try again."),
        )


def _run(
    command: list[str],
    environment: dict[str, str],
    should_cancel: Callable[[], bool],
    each_poll: Callable[[], None] = lambda: None,
) -> None:
    options: dict[str, Any] = {"creationflags": 0x08000000} if sys.platform == "win32" else {}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=own_environment() | environment,
            **options,
        )
    except OSError as error:
        raise InpaintError(
            "unsupported",
            _("{program} cannot be run: {reason}.").format(
                program=command[0], reason=error.strerror
            ),
            _("Unpack the archive for this system again."),
        ) from error
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
    reader.start()
    try:
        while True:
            if should_cancel():
                raise InpaintError("cancelled", _("Cancelled."))
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
    if any(sign in low for sign in ("no space left", "os error 28", "os error 112")):
        return InpaintError(
            "unwritable", _("The disk is full."), _("Free some disk space, then try again.")
        )
    if any(sign in low for sign in _NO_NETWORK):
        return InpaintError(
            "unreachable",
            _("The libraries that inpaintd needs could not be downloaded: {reason}.").format(
                reason=told
            ),
            _("Check the connection, then try again: what was already downloaded is kept."),
            retriable=True,
        )
    return InpaintError(
        "unsupported", _("inpaintd could not be set up: {reason}.").format(reason=told)
    )


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _folders, names in os.walk(folder):
        for name in names:
            try:
                total += Path(place, name).lstat().st_size
            except OSError:
                continue
    return total


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> InpaintError:
    return InpaintError(
        "unwritable",
        _("{folder} cannot be written: {reason}.").format(folder=path, reason=error.strerror),
        _("Check who owns the folder."),
    )
