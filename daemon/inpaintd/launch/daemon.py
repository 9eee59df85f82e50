"""`inpaintd serve`: the daemon in the foreground, one for each home folder."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from inpaintd.server.loop import Server
from inpaintd.workers.processes import LOCAL
from inpaintd_protocol.connection import DEFAULT_PORT, DEFAULT_WEBSOCKET_PORT, home
from inpaintd_protocol.errors import InpaintError

KEEP_ALIVE_SECONDS = 300.0


def main() -> int:
    """Serve until stopped, as with no options; returns the exit code.

    A second daemon ends at once, with 0.
    """
    try:
        return serve(home())
    except InpaintError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Error: the daemon cannot start: {error}.", file=sys.stderr)
        return 1


def serve(
    folder: Path,
    *,
    port: int = DEFAULT_PORT,
    websocket_port: int | None = DEFAULT_WEBSOCKET_PORT,
    workers: int = 1,
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    worker_command: Sequence[str] = LOCAL,
) -> int:
    """Run the daemon of this home folder until it is told to stop; returns the exit code.

    `websocket_port` None leaves the WebSocket door closed. `worker_command` is what workers run,
    as Python's `-m` takes it.

    A second daemon for the same folder says so and exits with 0: what was wanted is there.
    """
    from filelock import FileLock, Timeout

    folder = folder.absolute()  # workers are told it too
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    lock = FileLock(folder / "daemon.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("inpaintd: a daemon is already running.", file=sys.stderr)
        return 0
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    with lock:
        Server(
            folder,
            port=port,
            websocket_port=websocket_port,
            workers=workers,
            keep_alive_seconds=keep_alive_seconds,
            worker_command=worker_command,
        ).run()
    return 0
