"""Compiling the built-in fill's loops before the first fill has to wait for them."""

from __future__ import annotations

import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

from inpaintd.engines.catalogue import compiled_marker
from inpaintd.system import processes


def compile_ahead(home: Path) -> None:
    """Compile in a process of low priority, unless that has been done; return at once.

    Args:
        home: the daemon's folder, where the result is kept.
    """
    if compiled_marker(home).exists() or find_spec("numba") is None:
        return
    quiet = subprocess.DEVNULL
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "inpaintd.engines.patches.ahead", str(home)],
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            **processes.detached(),
        )
    except OSError:
        return  # the first fill will compile
    # Waited for, so that no zombie is left.
    threading.Thread(target=process.wait, daemon=True).start()
