"""Make a daemon discoverable even when the disk of its home folder is full."""

from __future__ import annotations

import errno
import logging
import os
from contextlib import suppress
from pathlib import Path

from inpaintd_protocol.connection import (
    FILE_NAME,
    Connection,
    remove_connection,
    write_connection,
)

log = logging.getLogger(__name__)

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def publish(home: Path, connection: Connection) -> None:
    """Write connection.json or, if there is no room, a link there to a file on another disk.

    Raises:
        OSError: neither can be written.
    """
    try:
        write_connection(home, connection)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        elsewhere = _write_elsewhere(home, connection)
        if elsewhere is None:
            raise
        log.warning(
            "the disk of %s is full: requests to be kept are refused until space is freed; %s is "
            "in %s for now",
            home,
            FILE_NAME,
            elsewhere,
        )


def withdraw(home: Path, connection: Connection) -> None:
    """Remove connection.json, wherever it is, unless another daemon has replaced it."""
    file = home / FILE_NAME
    elsewhere = file.readlink() if file.is_symlink() else None
    remove_connection(home, connection)
    if elsewhere is not None and not file.is_symlink():
        with suppress(OSError):
            elsewhere.unlink()
            elsewhere.parent.rmdir()


def _write_elsewhere(home: Path, connection: Connection) -> Path | None:
    """A folder where connection.json can be written, accessible to this user only."""
    import tempfile  # here, because a daemon must start quickly

    for parent in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm", tempfile.gettempdir()):
        if not parent:
            continue
        with suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="inpaintd-", dir=parent))  # 0700
            write_connection(folder, connection)
            # On most file systems, a short link takes no block of its own.
            link = home / f".{FILE_NAME}.{os.getpid()}"
            link.unlink(missing_ok=True)
            link.symlink_to(folder / FILE_NAME)
            link.replace(home / FILE_NAME)
            return folder
    return None
