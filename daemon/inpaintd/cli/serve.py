"""`inpaintd serve`: the daemon in the foreground."""

from __future__ import annotations

import math
from collections.abc import Sequence

import click

from inpaintd.launch.daemon import KEEP_ALIVE_SECONDS, serve
from inpaintd.workers.processes import LOCAL
from inpaintd_protocol.connection import DEFAULT_PORT, DEFAULT_WEBSOCKET_PORT, home
from inpaintd_protocol.errors import InpaintError


@click.command("serve")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=DEFAULT_PORT,
    help="Port to listen at, on this machine only; a taken one means another.",
    show_default=True,
)
@click.option(
    "--websocket-port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=DEFAULT_WEBSOCKET_PORT,
    help="Port of the WebSocket door, for Photoshop; a taken one means another.",
    show_default=True,
)
@click.option("--no-websocket", is_flag=True, help="Leave the WebSocket door closed.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="NUMBER",
    default=1,
    help="Most requests that are filled at once.",
    show_default=True,
)
@click.option(
    "--keep-alive",
    type=click.FloatRange(0),
    metavar="SECONDS",
    default=KEEP_ALIVE_SECONDS,
    help=f"How long an idle worker keeps its model in memory. [default: {KEEP_ALIVE_SECONDS:g}]",
)
@click.option(
    "--cluster",
    metavar="HOST:PORT",
    help="Fill holes on the Ray cluster with this head instead of on this machine.",
)
def command(
    port: int,
    websocket_port: int,
    no_websocket: bool,
    workers: int,
    keep_alive: float,
    cluster: str | None,
) -> int:
    """Run the daemon in the foreground until it is stopped.

    inpaintd fill and the editors start one by themselves when none runs.
    """
    if math.isnan(keep_alive):
        raise click.UsageError("--keep-alive takes a number of seconds.")
    worker_command: Sequence[str] = LOCAL
    if cluster is not None:
        from inpaintd.workers.cluster import check_cluster

        check_cluster(cluster)
        worker_command = ("inpaintd.workers.ray_bridge", cluster)
    try:
        return serve(
            home(),
            port=port,
            websocket_port=None if no_websocket else websocket_port,
            workers=workers,
            keep_alive_seconds=keep_alive,
            worker_command=worker_command,
        )
    except OSError as error:
        raise InpaintError("internal", f"The daemon cannot start: {error}.") from error
