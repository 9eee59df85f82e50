"""Versions that a worker must share with its daemon, as their environments may differ."""

from __future__ import annotations

import sys

from inpaintd import __version__


def identity() -> str:
    """The versions of this process that determine the form of its messages."""
    return f"inpaintd {__version__}, Python {sys.version_info.major}.{sys.version_info.minor}"


def difference(theirs: str) -> str | None:
    """A clause that says why a worker with these versions cannot be used, or None."""
    if theirs == identity():
        return None
    return (
        f"the workers' environment has {theirs} where the daemon has {identity()}; "
        "run inpaintd setup again"
    )
