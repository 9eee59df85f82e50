"""Renames that never replace anything, and that may be repeated after a crash."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path, PurePosixPath

from inpaintd.files.write import numbered_name


def free_names(name: str) -> Iterator[str]:
    """The name itself, then with .1, .2 ... before its suffix."""
    yield name
    path = PurePosixPath(name)
    for number in count(1):
        yield numbered_name(path, number)


def free_name(folder: Path, name: str) -> str:
    """The first of a name's variations that nothing in `folder` has."""
    return next(n for n in free_names(name) if not os.path.lexists(folder / n))


def move(source: Path, target: Path) -> None:
    """Rename; done already is fine.

    Raises:
        FileExistsError: when something else has the target's name.
        FileNotFoundError: when there is neither source nor target.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(source):
        if os.path.lexists(target):
            return
        raise FileNotFoundError(str(source))
    if os.path.lexists(target):
        if not _same(source, target):
            raise FileExistsError(str(target))
        source.unlink()  # killed between the two halves of an earlier move
        return
    if os.name == "nt" or source.is_symlink():
        source.rename(target)
        return
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # the file system knows no hard links
        source.rename(target)
    else:
        source.unlink()


def sync_folder(folder: Path) -> None:
    """Make renames into a folder last through a power cut, where the system can."""
    if os.name == "nt":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_empty(folder: Path) -> None:
    """Remove a folder and its sub-folders, as far as they are empty."""
    for path, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            Path(path).rmdir()


def _same(one: Path, other: Path) -> bool:
    a, b = one.lstat(), other.lstat()
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino) and a.st_ino != 0
