"""Checks of a Ray cluster that need no import of Ray, run when a daemon starts."""

from __future__ import annotations

import os
import socket
from importlib.util import find_spec
from pathlib import Path

from inpaintd.install.extras import how_to_install
from inpaintd.system.files import open_to_others
from inpaintd_protocol.errors import InpaintError

CONNECT_SECONDS = 30.0
"""Time limit for a worker to join the cluster; Ray itself gives up after 20 s."""

PLACE_SECONDS = float(os.environ.get("INPAINTD_CLUSTER_SECONDS", "120"))
"""Time limit for a free place; a cluster that starts machines on demand takes long."""

START_SECONDS = 30.0 + CONNECT_SECONDS + PLACE_SECONDS
"""Time limit for a worker on the cluster to be ready, with some slack to report a failure."""

_PROBE_SECONDS = 5.0


def check_cluster(address: str) -> None:
    """Check that workers can be expected to reach the cluster at HOST:PORT.

    Raises:
        InpaintError: `unsupported` without Ray, else `unreachable`.
    """
    if find_spec("ray") is None:
        raise InpaintError(
            "unsupported",
            "Filling holes on a Ray cluster needs an extra that is not installed.",
            f"Install it: {how_to_install('cluster')}",
        )
    host, port = _host_and_port(address)
    try:
        socket.create_connection((host, port), _PROBE_SECONDS).close()
    except (OSError, UnicodeError) as error:
        raise InpaintError(
            "unreachable",
            f"No Ray cluster answers at {address} ({error}).",
            "On its head, 'ray status' shows whether it runs; a firewall may be in between.",
        ) from error
    _check_token()


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if "/" in address or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InpaintError(
            "unreachable",
            f"{address!r} is not the address of a Ray cluster's head, such as 192.0.2.7:6379.",
            "This computer must belong to the cluster; to add it, so that it does no work itself: "
            "ray start --num-cpus=0 --address=HOST:PORT",
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


def _check_token() -> None:
    """Warn about a readable token: its reader can run anything on the cluster."""
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    if path.is_file() and open_to_others(path):
        raise InpaintError(
            "refused",
            f"Other users can read the token of the Ray cluster, {path}.",
            f"Take that away from them: chmod 600 {path}",
        )
