"""`inpaintd serve`: the daemon in the foreground, one for each home folder."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

from inpaintd.launch.compiling import compile_ahead
from inpaintd.launch.daemon_log import log_file, start_log
from inpaintd.server.loop import Options, Server
from inpaintd.system.files import has_modes
from inpaintd.workers.devices import local_devices
from inpaintd_protocol.connection import DEFAULT_PORT, DEFAULT_WEBSOCKET_PORT, home
from inpaintd_protocol.errors import InpaintError

log = logging.getLogger(__name__)


def main() -> int:
    """Serve with default options until stopped; return the exit code.

    A second daemon exits at once with 0.
    """
    try:
        devices = local_devices() or [""]
        return serve(home(), Options(DEFAULT_PORT, DEFAULT_WEBSOCKET_PORT, devices))
    except InpaintError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Error: the daemon cannot start: {error}.", file=sys.stderr)
        return 1


def serve(folder: Path, options: Options) -> int:
    """Run the daemon of this home folder until it is told to stop; return the exit code.

    A second daemon for the same folder says so and exits with 0, as a daemon is running.

    Raises:
        OSError: the folder cannot be used, or no port is free.
    """
    from filelock import FileLock, Timeout

    folder = folder.absolute()  # workers are told it too
    make_private(folder)
    path = folder / "daemon.lock"
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("inpaintd: a daemon is already running.", file=sys.stderr)
        return 0
    with lock:
        start_log(log_file(folder))
        compile_ahead(folder)
        try:
            Server(folder, options, _unchanged(path)).run()
        except OSError as error:
            log.error("the daemon cannot start: %s", error)  # noqa: TRY400
            raise
    return 0


def make_private(folder: Path) -> None:
    """Create the daemon's folder, readable by this user alone.

    Raises:
        OSError: it cannot be created.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = folder.stat().st_mode & 0o777
    if has_modes() and mode != 0o700:
        folder.chmod(0o700)
        if mode & 0o077:
            print(
                f"inpaintd: other users could read {folder}, which holds secrets and pictures; it "
                f"is now closed to them (its mode was {mode:04o}). Choose another folder with "
                "INPAINTD_HOME if that is wrong.",
                file=sys.stderr,
            )


def _unchanged(path: Path) -> Callable[[], bool]:
    """Return a check that this very file, not a successor of the same name, still exists."""
    was = path.stat()

    def unchanged() -> bool:
        try:
            now = path.stat()
        except OSError:
            return False
        return (now.st_dev, now.st_ino) == (was.st_dev, was.st_ino)

    return unchanged
