"""`inpaintd serve`: the daemon in the foreground."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from inpaintd_protocol.connection import DEFAULT_PORT, DEFAULT_WEBSOCKET_PORT, home
from inpaintd_protocol.errors import InpaintError


def main(arguments: Sequence[str]) -> int:
    """Serve until stopped; returns the exit code. A second daemon ends at once, with 0."""
    options = _parser().parse_args(arguments)
    from inpaintd.server import serve
    from inpaintd.workers.processes import LOCAL

    try:
        return serve(
            home(),
            port=options.port,
            websocket_port=options.websocket_port,
            workers=options.workers,
            keep_alive_seconds=options.keep_alive,
            worker_command=_on_cluster(options.cluster) if options.cluster else LOCAL,
        )
    except InpaintError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Error: the daemon cannot start: {error}.", file=sys.stderr)
        return 1


def _on_cluster(address: str) -> Sequence[str]:
    from inpaintd.workers.cluster import check_cluster

    check_cluster(address)
    return ("inpaintd.workers.ray_bridge", address)


def _parser() -> argparse.ArgumentParser:
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
    parser.add_argument("--workers", type=int, default=1, help="most requests filled at once")
    parser.add_argument(
        "--keep-alive",
        type=float,
        default=300.0,
        metavar="SECONDS",
        help="how long an idle worker keeps its model in memory",
    )
    parser.add_argument(
        "--cluster",
        metavar="HOST:PORT",
        help="fill holes on the Ray cluster with this head instead of on this machine",
    )
    return parser
