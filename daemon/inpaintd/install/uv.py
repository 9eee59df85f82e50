"""Runs of uv, which builds environments: its binary, its arguments and its errors."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from inpaintd.install.backends import AS_INDEXED, Backend
from inpaintd.system.processes import windowless
from inpaintd_protocol.errors import InpaintError

_POLL_SECONDS = 0.5
_NO_NETWORK = (
    "failed to fetch",
    "sending request",
    "dns error",
    "timed out",
    "network connectivity",
)

OnBytes = Callable[[int], None]
"""Receives the number of bytes downloaded so far."""


def find_uv(environment: Mapping[str, str] = os.environ) -> str:
    """Find uv: the binary named by $INPAINTD_UV, that of its package, or one on the path.

    Raises:
        InpaintError: `unsupported` when there is none.
    """
    if named := environment.get("INPAINTD_UV"):
        return named
    try:
        from uv import find_uv_bin

        return os.fsdecode(find_uv_bin())
    except (ImportError, FileNotFoundError):
        pass
    if found := shutil.which("uv"):
        return found
    raise InpaintError(
        "unsupported",
        "Set-up needs uv, which is missing from this installation.",
        "Install inpaintd again, or uv itself: https://docs.astral.sh/uv",
    )


def new_environment(folder: Path, python: str) -> list[str]:
    """The arguments that create an empty environment with the Python of another one."""
    return ["venv", "--quiet", "--no-project", "--clear", "--python", python, str(folder)]


def installation(folder: Path, backend: Backend, requirements: Sequence[str]) -> list[str]:
    """The arguments that install packages into an environment."""
    indexed = backend.name == AS_INDEXED or backend.device == "mps"
    index = [] if indexed else ["--torch-backend", backend.name]
    return ["pip", "install", "--python", str(folder), *index, *requirements]


def run_uv(
    arguments: Sequence[str],
    cache: Path,
    *,
    on_bytes: OnBytes | None = None,
    should_cancel: Callable[[], bool] = lambda: False,
) -> str:
    """Run uv to its end and return its output.

    Downloads stay in `cache`, so that the next attempt need not repeat them.

    Raises:
        InpaintError: `cancelled`, `unreachable`, `unwritable` when the disk is full, `unsupported`.
    """
    process = subprocess.Popen(
        [find_uv(), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | {"UV_CACHE_DIR": str(cache), "UV_NO_PROGRESS": "1", "NO_COLOR": "1"},
        **windowless(),
    )
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
    reader.start()
    try:
        code = None
        while code is None:
            if should_cancel():
                raise InpaintError("cancelled", "Cancelled.")
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(_POLL_SECONDS)
            if on_bytes is not None:
                on_bytes(bytes_in(cache))
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        reader.join()
        if process.stdout is not None:
            process.stdout.close()
    text = "".join(said)
    if code:
        raise _failure(text)
    return text


def bytes_in(folder: Path) -> int:
    """Total size of the files in a folder, some of which may vanish meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 (many files)
            except OSError:
                continue
    return total


def _failure(text: str) -> InpaintError:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = next((line for line in lines if line.lower().startswith("error")), "")
    told = (told or (lines[-1] if lines else "it ended")).removeprefix("error: ")[:300]
    low = text.lower()
    if "no space left" in low or "os error 28" in low or "os error 112" in low:
        return InpaintError(
            "unwritable",
            "The disk is full.",
            "Free some space and start again; what has been fetched is kept.",
        )
    if any(
        sign in low for sign in ("failed to fetch", "sending request", "dns error", "timed out")
    ):
        return InpaintError(
            "unreachable",
            f"The package index cannot be reached: {told}.",
            "Check the connection and start again: what has been fetched is kept.",
            retriable=True,
        )
    return InpaintError("unsupported", f"The libraries cannot be installed: {told}.")
