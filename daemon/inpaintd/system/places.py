"""Places of things: an environment's Python and packages."""

from __future__ import annotations

from pathlib import Path

from . import kind


def interpreter(environment: Path) -> Path:
    """The Python of a virtual environment."""
    return environment / ("Scripts/python.exe" if kind.is_windows() else "bin/python")


def site_packages(environment: Path, version: str) -> Path:
    """The folder of an environment's packages.

    Args:
        version: of its Python, such as "3.12".
    """
    if kind.is_windows():
        return environment / "Lib" / "site-packages"
    return environment / "lib" / f"python{version}" / "site-packages"
