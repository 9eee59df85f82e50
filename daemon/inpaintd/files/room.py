"""How much memory a picture may take: known before anything of it is decoded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from inpaintd_protocol.errors import InpaintError

PIXELS = 300_000_000
"""Most pixels of a picture or layer, however much memory there is."""

_GIB = 1 << 30
_KEPT_FREE = 0.1
"""Share of the free memory that is left to everybody else."""

_CGROUP = Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 60


def free_bytes() -> int:
    """Bytes that this process can still take: of the machine, of its container, of its limits."""
    return max(0, min(of_the_system(), _free_in_limits()))


def of_the_system() -> int:
    """Bytes that the machine and its containers have free, whatever this process may take."""
    return max(0, min(int(psutil.virtual_memory().available), _free_in_cgroup()))


def check_room(name: str, needed_bytes: int, *, what: str = "Opening") -> None:
    """Refuse what would not fit into memory.

    Args:
        name: of the file, for the sentence.
        needed_bytes: that handling it takes at its peak.
        what: is to be done with it.

    Raises:
        InpaintError: `too_large`; retriable, because more may be free another time.
    """
    free = int(free_bytes() * (1 - _KEPT_FREE))
    if needed_bytes <= free:
        return
    raise InpaintError(
        "too_large",
        f"{name} is too large for this machine: {what.lower()} it takes about "
        f"{_in_words(needed_bytes)} of memory, and {_in_words(free)} are free.",
        "Scale it down or cut it into parts, or close other programs.",
        retriable=True,
    )


def check_size(name: str, width: int, height: int, bytes_per_pixel: float) -> None:
    """Refuse a picture by its size alone, before anything of it is decoded.

    Args:
        name: of the file, for the sentence.
        bytes_per_pixel: that opening it takes at its peak.

    Raises:
        InpaintError: `too_large`.
    """
    if width * height > PIXELS:
        raise InpaintError(
            "too_large",
            f"{name} is too large: it says that it has {width} x {height} pixels, and at most "
            f"{PIXELS // 1_000_000} million are read.",
            "Scale it down, or cut it into parts.",
        )
    check_room(name, int(width * height * bytes_per_pixel))


@contextmanager
def in_room(name: str) -> Iterator[None]:
    """Turn a lack of memory into a sentence about the file `name`."""
    try:
        yield
    except MemoryError as error:
        raise out_of_room(name) from error


def out_of_room(name: str) -> InpaintError:
    """What to say when memory has run out all the same."""
    return InpaintError(
        "too_large",
        f"{name} is too large for this machine: there is not enough memory for it.",
        "Scale it down or cut it into parts, or close other programs.",
        retriable=True,
    )


def _in_words(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB // 10 else f"{max(1, count >> 20)} MiB"


def _free_in_limits() -> int:
    """What setrlimit(2) leaves, where there is such a thing and /proc says what is in use."""
    if sys.platform != "linux":
        return _NO_LIMIT
    import resource

    used = _own_bytes()
    free = _NO_LIMIT
    for limit, in_use in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
        soft, _ = resource.getrlimit(limit)
        if soft != resource.RLIM_INFINITY:
            free = min(free, soft - used.get(in_use, 0))
    return free


def limit_own_memory(more_bytes: int) -> None:
    """Let this process take so many more bytes and no others, where the system can see to that."""
    if sys.platform != "linux":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _own_bytes().get("VmData", 0) + more_bytes
    with suppress(ValueError, OSError):
        resource.setrlimit(
            resource.RLIMIT_DATA,
            (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard),
        )


def _own_bytes() -> dict[str, int]:
    """The sizes of this process as Linux counts them."""
    sizes = {}
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if value.endswith(" kB"):
                sizes[name] = int(value[:-3]) << 10
    return sizes


def _free_in_cgroup() -> int:
    """What the containers, slices and services around this process leave it (version 2)."""
    free = _NO_LIMIT
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
            return _NO_LIMIT
        used = int((place / "memory.current").read_text())
        cached = [
            int(line.split()[1])
            for line in (place / "memory.stat").read_text().splitlines()
            if line.startswith("inactive_file ")
        ]
    except (OSError, ValueError, IndexError):
        return _NO_LIMIT
    return int(limit) - used + sum(cached)
