"""The built-in fill: patch-based synthesis from coarse to fine. See docs/developers/fill.md."""

from __future__ import annotations

import os
from collections.abc import Callable

from inpaintd.engine import Engine
from inpaintd.engines import patchmatch
from inpaintd.engines.catalogue import compiled_folder
from inpaintd.models.registry import Registry

_NO_NUMBA = (
    "no_numba",
    "The built-in fill needs numba, which is not installed here, so an older one filled the hole.",
    "Install it where there is a wheel for the system: pip install numba",
)


def make(_name: str, registry: Callable[[], Registry]) -> Engine:
    """Create the fill, or PatchMatch with a notice if there is no numba for the system."""
    # Before numba is imported: compiled loops are cached in a folder that the user can write to.
    home = registry().home
    if home.parts:
        os.environ.setdefault("NUMBA_CACHE_DIR", str(compiled_folder(home)))
    try:
        from inpaintd.engines.patches.filler import Patches
    except ImportError:
        return patchmatch.made((_NO_NUMBA,))
    return Patches()
