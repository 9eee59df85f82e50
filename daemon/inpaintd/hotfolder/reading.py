"""Open a file of the hot folder without reading anything outside the folder through it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from inpaintd.files.room import check_room
from inpaintd_protocol.errors import InpaintError

from .drops import Signature, signature_of
from .inside import open_inside

MOST_BYTES = 4 << 30
"""Longest file to read."""

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for a writer
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class ChangedError(Exception):
    """The file changed or disappeared while it was being read: try again later."""


def read_regular(folder: Path, name: str, root: Path) -> tuple[bytes, Signature]:
    """Read all bytes of a regular file in `root`, and the stamp that shows whether it has changed.

    Args:
        folder: inside `root`.
        name: of the file, relative to `folder`.

    Raises:
        InpaintError: `unreadable` for links and anything else that is not a file; `too_large`.
        ChangedError: when the file changed or disappeared meanwhile.
    """
    path = folder / name
    try:
        handle = open_inside(root, path, _FLAGS)
    except FileNotFoundError as error:
        raise ChangedError(path) from error
    except OSError as error:
        raise InpaintError(
            "unreadable",
            f"{path.name} cannot be opened: {error.strerror}.",
            "Drop the file itself, not a link to it, and check its permissions.",
        ) from error
    with os.fdopen(handle, "rb") as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise InpaintError("unreadable", f"{path.name} is not a file.", "Drop a picture file.")
        if before.st_size > MOST_BYTES:
            raise InpaintError(
                "too_large",
                f"{path.name} is {before.st_size >> 20} MiB; the limit is {MOST_BYTES >> 20} MiB.",
                "Scale it down, or cut it into parts.",
            )
        check_room(path.name, before.st_size)
        data = file.read(before.st_size + 1)
        if signature_of(os.fstat(file.fileno())) != signature_of(before):
            raise ChangedError(path)
    return data, signature_of(before)
