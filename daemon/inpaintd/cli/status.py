"""`inpaintd status`: show what the daemon is doing."""

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
@click.argument("request_id", metavar="[ID]", default="")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(request_id: str, as_json: bool) -> int:
    """Show what the daemon is doing or, with an ID, the history of that request.

    The exit code is 3 when no daemon is running.
    """
    try:
        with connect(name="inpaintd status") as client:
            status = client.status(request_id)
    except InpaintError as error:
        if error.code != "not_running" or as_json:
            raise
        click.echo("No daemon is running; one starts automatically when needed.", err=True)
        return exit_code(error)
    if request_id and not status.story:
        raise InpaintError(
            "unknown_request",
            f"The daemon remembers no request with the ID {request_id}.",
            f"It forgets them when it stops; its log may tell more: {status.log}",
        )
    if as_json:
        values = asdict(status)
        del values["request_id"]
        click.echo(json.dumps(values))
    else:
        click.echo(_story(status) if request_id else _in_words(status))
    return 0


def _story(status: Status) -> str:
    return "\n".join(f"{moment.seconds_ago:9.1f} s ago  {moment.text}" for moment in status.story)


def _in_words(status: Status) -> str:
    lines = [
        f"inpaintd {status.daemon} at {status.endpoint}, process {status.pid}, "
        f"up for {timedelta(seconds=round(status.uptime_seconds))}, "
        f"{status.resident_bytes / 1e6:.0f} MB",
        f"{status.finished} finished, {status.failed} failed, {status.cancelled} cancelled, "
        f"{len(status.requests)} to do",
    ]
    if status.cluster:
        lines.append(f"fills holes on the Ray cluster at {status.cluster}")
    lines += [
        f"  {request.request_id}  {request.phase} {request.fraction:.0%}  for {request.client}"
        for request in status.requests
    ]
    lines += [
        f"  worker {worker.pid or '-'}"
        + (f" on {worker.device}" if worker.device else "")
        + f": {worker.state}"
        + (f", {worker.model}" if worker.model else "")
        + (f" (its last start failed: {worker.problem})" if worker.problem else "")
        for worker in status.workers
    ]
    lines.append(f"log: {status.log}")
    lines += [f"{notice.message} {notice.remedy}" for notice in status.notices]
    return "\n".join(lines)
