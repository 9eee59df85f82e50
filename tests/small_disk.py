"""A file system that is soon full, for tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of `size` ("64k") in `folder`; skip the test where that fails."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if sys.platform != "linux" or os.geteuid():
        pytest.skip("mounting a small disk needs Linux and root")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts no disks")
    try:
        yield disk
    finally:
        # Lazily: the exception that pytest holds may still hold a file that libvips had opened.
        subprocess.run(["umount", "-l", str(disk)], check=True)
