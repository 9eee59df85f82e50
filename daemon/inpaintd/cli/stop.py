"""`inpaintd stop`: end the daemon and wait until it is gone."""

from __future__ import annotations

import time

import click

from inpaintd_protocol.client import connect
from inpaintd_protocol.connection import home, read_connection
from inpaintd_protocol.errors import InpaintError

_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.05


@click.command("stop")
def command() -> None:
    """Stop the daemon. Unfinished fills are answered as failed; a daemon that is not running is
    fine."""
    try:
        with connect(name="inpaintd stop") as client:
            pid = client.status().pid
            client.shutdown()
    except InpaintError as error:
        if error.code != "not_running":
            raise
        click.echo("No daemon is running.", err=True)
        return
    _wait_until_gone(pid)
    click.echo("The daemon has stopped.", err=True)


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        try:
            if read_connection(home()).pid != pid:
                return
        except InpaintError:
            return
        time.sleep(_POLL_SECONDS)
    raise InpaintError(
        "timed_out",
        f"The daemon (process {pid}) has agreed to stop, but has not ended yet.",
        "Look at its log in the folder logs of its home, or end the process.",
    )
