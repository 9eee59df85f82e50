"""The system that this process runs on."""

from __future__ import annotations

import sys


def name() -> str:
    """The system, as sys.platform. Tests replace this function."""
    return sys.platform


def is_windows() -> bool:
    return name() == "win32"


def is_mac() -> bool:
    return name() == "darwin"


def is_linux() -> bool:
    return name() == "linux"
