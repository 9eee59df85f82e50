"""`inpaintd serve`: the daemon in the foreground."""

from __future__ import annotations

import math
from collections.abc import Sequence

import click

from inpaintd.launch.daemon import serve
from inpaintd.server.loop import Options
from inpaintd.server.slots import TimeLimits
from inpaintd.workers.devices import checked, local_devices
from inpaintd.workers.processes import LOCAL
from inpaintd_protocol.connection import DEFAULT_PORT, DEFAULT_WEBSOCKET_PORT, home
from inpaintd_protocol.errors import InpaintError


@click.command("serve")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=DEFAULT_PORT,
    help="Port to listen on, on this machine only; if it is taken, another one is used.",
    show_default=True,
)
@click.option(
    "--websocket-port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=DEFAULT_WEBSOCKET_PORT,
    help="Port of the WebSocket door, for Photoshop; if it is taken, another one is used.",
    show_default=True,
)
@click.option("--no-websocket", is_flag=True, help="Leave the WebSocket door closed.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="NUMBER",
    help="Most requests that are filled at once. [default: one for each device]",
)
@click.option(
    "--keep-alive",
    type=click.FloatRange(0),
    metavar="SECONDS",
    default=TimeLimits.keep_alive,
    help=f"How long an idle worker keeps its model in memory. [default: {TimeLimits.keep_alive:g}]",
)
@click.option(
    "--stall-timeout",
    type=click.FloatRange(1),
    metavar="SECONDS",
    default=TimeLimits.stall,
    help="How long a worker may make no progress before it is ended and its request tried once "
    f"more. [default: {TimeLimits.stall:g}]",
)
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="DEVICE",
    help="Device to compute on: cuda, cuda:1, xpu, mps or cpu; repeat it for one worker on each. "
    "[default: every NVIDIA GPU, else the best available]",
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
    workers: int | None,
    keep_alive: float,
    stall_timeout: float,
    devices: tuple[str, ...],
    cluster: str | None,
) -> int:
    """Run the daemon in the foreground until it is stopped.

    inpaintd fill and the editors start one automatically if none is running.
    INPAINTD_LOG_LEVEL=debug
    and INPAINTD_LOG_FORMAT=json change its log.
    """
    if math.isnan(keep_alive) or math.isnan(stall_timeout):
        raise click.UsageError("--keep-alive and --stall-timeout take a number of seconds.")
    worker_command: Sequence[str] = LOCAL
    start_seconds = TimeLimits.start
    if cluster is not None:
        from inpaintd.workers.cluster import START_SECONDS, check_cluster

        check_cluster(cluster)
        worker_command = ("inpaintd.workers.ray_bridge", cluster)
        start_seconds = START_SECONDS
    options = Options(
        port=port,
        websocket_port=None if no_websocket else websocket_port,
        devices=_spread(devices, workers, cluster is not None),
        time_limits=TimeLimits(start_seconds, stall_timeout, keep_alive),
        worker_command=worker_command,
        cluster=cluster or "",
    )
    try:
        return serve(home(), options)
    except OSError as error:
        raise InpaintError("internal", f"The daemon cannot start: {error}.") from error


def _spread(devices: Sequence[str], workers: int | None, on_cluster: bool) -> list[str]:
    """The device of each worker: one worker per device, or the number asked for, in turn."""
    try:
        named = [checked(device) for device in devices]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    found = named or ([] if on_cluster else local_devices()) or [""]
    return [found[n % len(found)] for n in range(workers or len(found))]
