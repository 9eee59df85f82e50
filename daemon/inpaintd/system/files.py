"""Files: renames that replace nothing and last, and who may read them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from . import kind

_OTHERS = 0o077


def has_modes() -> bool:
    """True if permissions are modes. Windows has access lists, inherited from the profile's."""
    return not kind.is_windows()


def open_to_others(path: Path) -> bool:
    """Return True if other users have any right to a file or folder; False without modes.

    Raises:
        OSError: it cannot be looked at.
    """
    return has_modes() and bool(path.stat().st_mode & _OTHERS)


def is_executable(path: Path) -> bool:
    """Return True if a file can be started, as far as that is a permission."""
    return kind.is_windows() or os.access(path, os.X_OK)


def rename_without_replacing(source: Path, target: Path) -> None:
    """Rename a file.

    Raises:
        FileExistsError: the target exists; it stays as it is.
        OSError: it cannot be renamed.
    """
    if kind.is_windows():
        source.rename(target)  # fails there if the name exists
        return
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:  # the file system does not support hard links
        if os.path.lexists(target):
            raise FileExistsError(str(target)) from None
        source.rename(target)
    else:
        source.unlink()


def sync_folder(folder: Path) -> None:
    """Make renames into a folder survive a power cut; Windows, which opens no folders, does so.

    Raises:
        OSError: the disk fails.
    """
    if kind.is_windows():
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def try_to_sync_folder(folder: Path) -> None:
    """As `sync_folder`, for file systems that may not support it."""
    with suppress(OSError):
        sync_folder(folder)
