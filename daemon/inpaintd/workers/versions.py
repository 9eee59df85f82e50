"""What a worker and its daemon must have in common; the worker may run in another environment."""

from __future__ import annotations

import sys

from inpaintd import __version__


def identity() -> str:
    """This process, as far as its messages are concerned."""
    return f"inpaintd {__version__}, Python {sys.version_info.major}.{sys.version_info.minor}"


def difference(theirs: str) -> str | None:
    """Why a worker that says this about itself cannot be used, or None: a clause."""
    if theirs == identity():
        return None
    return (
        f"the workers' environment has {theirs} where the daemon has {identity()}; "
        "run inpaintd setup again"
    )
