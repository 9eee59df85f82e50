"""Renames that never replace anything, and can be repeated after a crash."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from inpaintd.files.names import candidate_names
from inpaintd.system.files import rename_without_replacing


def free_name(folder: Path, name: str) -> str:
    """The first variation of a name that is unused in `folder`.

    Its folders may be varied, too, where a name belongs to a file, or to a link leading elsewhere.
    """
    path = PurePosixPath(name)
    place = PurePosixPath()
    for part in path.parent.parts:
        place /= next(
            n for n in candidate_names(PurePosixPath(part)) if _may_be_folder(folder / place / n)
        )
    return next(
        str(place / n)
        for n in candidate_names(PurePosixPath(path.name))
        if not os.path.lexists(folder / place / n)
    )


def _may_be_folder(path: Path) -> bool:
    return not os.path.lexists(path) or (path.is_dir() and not path.is_symlink())


def move(source: Path, target: Path) -> None:
    """Rename; does nothing if already done.

    Raises:
        FileExistsError: when something else has the target's name, or that of its folder.
        FileNotFoundError: when neither source nor target exists.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except NotADirectoryError as error:
        raise FileExistsError(str(target)) from error
    if not os.path.lexists(source):
        if os.path.lexists(target):
            return
        raise FileNotFoundError(str(source))
    if os.path.lexists(target):
        if not _same(source, target):
            raise FileExistsError(str(target))
        source.unlink()  # an earlier move was killed between its two halves
        return
    if source.is_symlink():  # a hard link would be one to its target, on some systems
        source.rename(target)
    else:
        rename_without_replacing(source, target)


def remove_empty(folder: Path) -> None:
    """Remove a folder and its subfolders if they are empty."""
    for path, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            Path(path).rmdir()


def _same(one: Path, other: Path) -> bool:
    a, b = one.lstat(), other.lstat()
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino) and a.st_ino != 0


def result_is_there(outbox: Path, outputs: Iterable[tuple[str, str]]) -> bool:
    """Test whether one of a job's results is still in the outbox."""
    return any(os.path.lexists(outbox / final) for _, final in outputs)
