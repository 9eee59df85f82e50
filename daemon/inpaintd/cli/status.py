"""`inpaintd status`: what the daemon is doing."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta

import click

from inpaintd_protocol.client import connect
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Status

from .failures import exit_code


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Show what the daemon is doing. Exit code 3 when none runs."""
    try:
        with connect(name="inpaintd status") as client:
            status = client.status()
    except InpaintError as error:
        if error.code != "not_running" or as_json:
            raise
        click.echo("No daemon is running; one starts by itself when it is needed.", err=True)
        return exit_code(error)
    if as_json:
        values = asdict(status)
        del values["request_id"]
        click.echo(json.dumps(values))
    else:
        click.echo(_in_words(status))
    return 0


def _in_words(status: Status) -> str:
    lines = [
        f"inpaintd {status.daemon} at {status.endpoint}, process {status.pid}, "
        f"up for {timedelta(seconds=round(status.uptime_seconds))}, "
        f"{status.resident_bytes / 1e6:.0f} MB",
        f"{status.finished} finished, {status.failed} failed, {status.cancelled} cancelled, "
        f"{len(status.requests)} to do",
    ]
    lines += [
        f"  {request.request_id}  {request.phase} {request.fraction:.0%}  for {request.client}"
        for request in status.requests
    ]
    lines += [
        f"  worker {worker.pid} on {worker.device}: {worker.state}"
        + (f", {worker.model}" if worker.model else "")
        for worker in status.workers
    ]
    lines += [f"{notice.message} {notice.remedy}" for notice in status.notices]
    return "\n".join(lines)
