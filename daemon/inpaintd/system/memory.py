"""Limits of this process's memory, and returning what it does not need."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from . import kind, win32

NO_LIMIT = 1 << 60
_STATUS = Path("/proc/self/status")
_STATM = Path("/proc/self/statm")

_jobs: list[win32.Job] = []
"""The job of this process, once it has limited itself: its limits are changed, it is not nested."""


def free_in_limits() -> int:
    """Bytes left under setrlimit(2), on systems that have it and where /proc shows the usage."""
    if not kind.is_linux():
        return NO_LIMIT
    import resource

    used = _own_bytes()
    free = NO_LIMIT
    for limit, in_use in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
        soft, _ = resource.getrlimit(limit)
        if soft != resource.RLIM_INFINITY:
            free = min(free, soft - used.get(in_use, 0))
    return free


def limit_own_memory(more_bytes: int) -> None:
    """Limit this process to this many more bytes, on systems that can enforce it.

    Linux counts private writable memory (RLIMIT_DATA), Windows committed memory (a job object).
    macOS enforces neither, so there the estimates before a picture is opened have to do.
    """
    if kind.is_linux():
        _limit_by_rlimit(more_bytes)
    elif kind.is_windows():
        with suppress(OSError):
            _limit_by_job(more_bytes)


def resident_bytes() -> int:
    """Resident set size of this process in bytes; 0 if the system does not report it."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return _reported_bytes()
    return pages * os.sysconf("SC_PAGE_SIZE")


def give_back_unused() -> None:
    """Return freed memory to the system: glibc keeps it, so a resident daemon would grow."""
    if kind.is_linux():
        # AttributeError: another C library, such as musl, keeps little anyway. The others: no file
        # can be opened, because too many are.
        with suppress(AttributeError, ImportError, OSError):
            import ctypes

            ctypes.CDLL(None).malloc_trim(0)


def _limit_by_rlimit(more_bytes: int) -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _own_bytes().get("VmData", 0) + more_bytes
    with suppress(ValueError, OSError):
        resource.setrlimit(
            resource.RLIMIT_DATA,
            (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard),
        )


def _limit_by_job(more_bytes: int) -> None:
    if not _jobs:
        job = win32.Job(win32.kernel32())
        job.take_this()
        _jobs.append(job)
    import psutil  # imported late, because a daemon must be ready at once

    committed = int(psutil.Process().memory_info().vms)  # on Windows, the commit charge
    _jobs[0].limit(win32.LIMIT_PROCESS_MEMORY, process_bytes=committed + more_bytes)


def _own_bytes() -> dict[str, int]:
    """The memory sizes of this process as counted by Linux."""
    sizes = {}
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            name, _, value = line.partition(":")
            if value.endswith(" kB"):
                sizes[name] = int(value[:-3]) << 10
    return sizes


def _reported_bytes() -> int:
    """Resident set size as macOS and Windows report it, by way of psutil."""
    import psutil  # imported late, because a daemon must be ready at once

    try:
        return int(psutil.Process().memory_info().rss)
    except psutil.Error:
        return 0
