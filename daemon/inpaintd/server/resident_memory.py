"""The memory held by this process, and the return of unused memory to the system."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def resident_bytes() -> int:
    """Resident set size of this process in bytes; 0 if the system does not report it."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return _peak_bytes()
    return pages * os.sysconf("SC_PAGE_SIZE")


def give_back_unused() -> None:
    """Return freed memory to the system: glibc keeps it, so a resident daemon would grow."""
    if sys.platform == "linux":
        # AttributeError: another C library, such as musl, keeps little anyway. The others: no file
        # can be opened, because too many are.
        with suppress(AttributeError, ImportError, OSError):
            import ctypes

            ctypes.CDLL(None).malloc_trim(0)


def _peak_bytes() -> int:
    """Peak resident set size: the best that macOS reports without another library."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
