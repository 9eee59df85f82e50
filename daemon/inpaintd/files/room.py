"""Memory limits for pictures, checked before anything is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from inpaintd.system.memory import NO_LIMIT, free_in_limits
from inpaintd_protocol.errors import InpaintError

PIXELS = 300_000_000
"""Maximum pixels of a picture or layer, however much memory there is."""

_GIB = 1 << 30
_KEPT_FREE = 0.1
"""Share of the free memory that is left to other processes."""

_CGROUP = Path("/sys/fs/cgroup")


def free_bytes() -> int:
    """Bytes that this process can still allocate, within the machine, its container and limits."""
    return max(0, min(of_the_system(), free_in_limits()))


def of_the_system() -> int:
    """Bytes that the machine and its containers have free, regardless of process limits."""
    return max(0, min(int(psutil.virtual_memory().available), _free_in_cgroup()))


def check_room(name: str, needed_bytes: int, *, what: str = "Opening") -> None:
    """Reject what would not fit into memory.

    Args:
        name: the file's name, for the message.
        needed_bytes: peak memory needed to handle it.
        what: the operation, as a clause for the message.

    Raises:
        InpaintError: `too_large`; retriable, because more memory may be free later.
    """
    free = int(free_bytes() * (1 - _KEPT_FREE))
    if needed_bytes <= free:
        return
    raise InpaintError(
        "too_large",
        f"{name} is too large for this machine: {what.lower()} it takes about "
        f"{_in_words(needed_bytes)} of memory, but only {_in_words(free)} are free.",
        "Scale it down or cut it into parts, or close other programs.",
        retriable=True,
    )


def check_size(name: str, width: int, height: int, bytes_per_pixel: float) -> None:
    """Reject a picture by its size alone, before decoding anything.

    Args:
        name: the file's name, for the message.
        bytes_per_pixel: peak memory needed to open it.

    Raises:
        InpaintError: `too_large`.
    """
    if width * height > PIXELS:
        raise InpaintError(
            "too_large",
            f"{name} is too large: it declares {width} x {height} pixels; the limit is "
            f"{PIXELS // 1_000_000} million.",
            "Scale it down, or cut it into parts.",
        )
    check_room(name, int(width * height * bytes_per_pixel))


@contextmanager
def in_room(name: str) -> Iterator[None]:
    """Convert a `MemoryError` to an error about the file `name`."""
    try:
        yield
    except MemoryError as error:
        raise out_of_room(name) from error


def out_of_room(name: str) -> InpaintError:
    """The error for running out of memory despite the checks."""
    return InpaintError(
        "too_large",
        f"{name} is too large for the memory of this machine.",
        "Scale it down or cut it into parts, or close other programs.",
        retriable=True,
    )


def _in_words(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB // 10 else f"{max(1, count >> 20)} MiB"


def _free_in_cgroup() -> int:
    """Bytes left to this process by its control groups (version 2)."""
    free = NO_LIMIT
    with suppress(OSError, IndexError):
        own = Path("/proc/self/cgroup").read_text().split("::", 1)[1].splitlines()[0]
        folder = _CGROUP / own.lstrip("/")
        for place in (folder, *folder.parents):
            if not place.is_relative_to(_CGROUP):
                break
            free = min(free, _free_of(place))
    return free


def _free_of(place: Path) -> int:
    try:
        limit = (place / "memory.max").read_text().strip()
        if limit == "max":
            return NO_LIMIT
        used = int((place / "memory.current").read_text())
        cached = [
            int(line.split()[1])
            for line in (place / "memory.stat").read_text().splitlines()
            if line.startswith("inactive_file ")
        ]
    except (OSError, ValueError, IndexError):
        return NO_LIMIT
    return int(limit) - used + sum(cached)
