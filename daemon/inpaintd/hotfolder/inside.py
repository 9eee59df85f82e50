"""Open and rename files without following links that lead out of the hot folder.

Each folder is opened relative to its parent, and links are not followed, so replacing a folder
meanwhile does no harm. Windows has no such calls, but only administrators create links there; the
path is resolved and compared instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_BY_DESCRIPTOR = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FOLDER |= getattr(os, "O_CLOEXEC", 0)


def open_inside(root: Path, path: Path, flags: int) -> int:
    """Open the file at this path, which begins with `root`; returns a descriptor.

    Raises:
        OSError: also if one of the folders is a link.
    """
    if not _BY_DESCRIPTOR:
        _check(root, path)
        return os.open(path, flags)
    with _folder(root, path.parent) as folder:
        return os.open(path.name, flags, dir_fd=folder)


def rename_inside(root: Path, source: Path, target: Path) -> None:
    """Rename a file, creating the folders of the new name. Both paths begin with `root`.

    Raises:
        OSError: also if one of the folders is a link, or if the file is a folder.
    """
    if not _BY_DESCRIPTOR:
        _check(root, source)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        return
    with _folder(root, source.parent) as old, _folder(root, target.parent, make=True) as new:
        os.rename(source.name, target.name, src_dir_fd=old, dst_dir_fd=new)


@contextmanager
def _folder(root: Path, path: Path, *, make: bool = False) -> Iterator[int]:
    handle = os.open(root, _FOLDER)
    try:
        for part in path.relative_to(root).parts:
            if make:
                with suppress(FileExistsError):  # whatever it is, the next line opens only folders
                    os.mkdir(part, dir_fd=handle)
            inner = os.open(part, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def _check(root: Path, path: Path) -> None:
    if not Path(os.path.realpath(path.parent)).is_relative_to(root):
        raise OSError(f"{path} is behind a link")
    if path.is_symlink():
        raise OSError(f"{path} is a link")
