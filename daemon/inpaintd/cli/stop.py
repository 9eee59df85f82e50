"""`inpaintd stop`: end the daemon and wait until it is gone."""

from __future__ import annotations

import time
from contextlib import suppress

import click

from inpaintd.system.processes import kill
from inpaintd_protocol.client import connect
from inpaintd_protocol.connection import home, read_connection, remove_connection
from inpaintd_protocol.errors import InpaintError

_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.05


@click.command("stop")
@click.option("--force", is_flag=True, help="End the daemon's process if it does not answer.")
def command(force: bool) -> None:
    """Stop the daemon. Unfinished fills fail. It is not an error if no daemon is running."""
    try:
        with connect(name="inpaintd stop") as client:
            pid = client.status().pid
            client.shutdown()
        _wait_until_gone(pid)
    except InpaintError as error:
        if error.code == "not_running":
            click.echo("No daemon is running.", err=True)
            return
        if not force:
            raise InpaintError(
                error.code, error.message, "End it by force: inpaintd stop --force"
            ) from error
        _end()
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
        "timed_out", f"The daemon (process {pid}) has agreed to stop, but has not ended yet."
    )


def _end() -> None:
    """Kill the process that holds the daemon's lock.

    Its process ID comes from connection.json, which a crashed daemon may have left behind; the lock
    tells whether it still belongs to that daemon. Its workers end with it.

    Raises:
        InpaintError: `refused` when this user may not end it.
    """
    from filelock import FileLock, Timeout

    connection = read_connection(home())
    try:
        with FileLock(home() / "daemon.lock", timeout=0):
            return  # nobody holds it: that process is gone, and its ID may have been reused
    except Timeout:
        pass
    try:
        kill(connection.pid)
    except ProcessLookupError:
        return
    except OSError as error:
        raise InpaintError(
            "refused",
            f"The daemon (process {connection.pid}) cannot be ended: {error.strerror}.",
            "Another user may have started it.",
        ) from error
    with suppress(Timeout), FileLock(home() / "daemon.lock", timeout=_STOP_SECONDS):
        pass
    remove_connection(home(), connection)
