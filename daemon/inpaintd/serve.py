"""`inpaintd serve`: the daemon in the foreground, one for each home folder."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from inpaintd.server import Server
from inpaintd.workers.processes import LOCAL
from inpaintd_protocol.connection import DEFAULT_PORT, DEFAULT_WEBSOCKET_PORT, home
from inpaintd_protocol.errors import InpaintError

if TYPE_CHECKING:
    import argparse

KEEP_ALIVE_SECONDS = 300.0

Number = TypeVar("Number", int, float)


def main(arguments: Sequence[str]) -> int:
    """Serve until stopped; returns the exit code. A second daemon ends at once, with 0."""
    try:
        # Editors start a daemon without arguments: it need not wait for argparse.
        return serve(home(), **(_options(arguments) if arguments else {}))
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


def _options(arguments: Sequence[str]) -> dict[str, Any]:
    options = vars(_parser().parse_args(arguments))
    cluster = options.pop("cluster")
    return options | ({"worker_command": _on_cluster(cluster)} if cluster else {})


def _at_least(kind: Callable[[str], Number], least: Number) -> Callable[[str], Number]:
    """How argparse reads a number that must not be smaller, nor NaN."""

    from argparse import ArgumentTypeError

    def number(text: str) -> Number:
        value = kind(text)
        if not value >= least:
            raise ArgumentTypeError(f"{text} is less than {least:g}")
        return value

    return number


def _on_cluster(address: str) -> Sequence[str]:
    from inpaintd.workers.cluster import check_cluster

    check_cluster(address)
    return ("inpaintd.workers.ray_bridge", address)


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="inpaintd serve",
        description="Run the daemon in the foreground until it is stopped. 'inpaintd fill' and the "
        "editors start one by themselves when none runs.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help="port to listen at, on this machine only; a taken one means another",
    )
    parser.add_argument(
        "--websocket-port",
        type=int,
        default=DEFAULT_WEBSOCKET_PORT,
        metavar="PORT",
        help="port of the WebSocket door, for Photoshop; a taken one means another",
    )
    parser.add_argument(
        "--no-websocket",
        dest="websocket_port",
        action="store_const",
        const=None,
        help="leave the WebSocket door closed",
    )
    parser.add_argument(
        "--workers", type=_at_least(int, 1), default=1, help="most requests filled at once"
    )
    parser.add_argument(
        "--keep-alive",
        dest="keep_alive_seconds",
        type=_at_least(float, 0.0),
        default=KEEP_ALIVE_SECONDS,
        metavar="SECONDS",
        help="how long an idle worker keeps its model in memory",
    )
    parser.add_argument(
        "--cluster",
        metavar="HOST:PORT",
        help="fill holes on the Ray cluster with this head instead of on this machine",
    )
    return parser
