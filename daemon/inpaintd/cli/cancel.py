"""`inpaintd cancel`: stop a request by its id."""

from __future__ import annotations

import time

import click

from inpaintd_protocol.client import connect
from inpaintd_protocol.errors import InpaintError

_CANCEL_SECONDS = 15.0
_POLL_SECONDS = 0.1


@click.command("cancel")
@click.argument("request_id", metavar="ID")
def command(request_id: str) -> None:
    """Cancel the running or waiting fill with this ID, which `inpaintd status` shows."""
    with connect(name="inpaintd cancel") as client:

        def unfinished() -> bool:
            return any(r.request_id == request_id for r in client.status().requests)

        if not unfinished():
            raise InpaintError(
                "unknown_request",
                f"There is no unfinished fill with the ID {request_id}.",
                "List them with: inpaintd status",
            )
        client.cancel(request_id)
        deadline = time.monotonic() + _CANCEL_SECONDS
        while unfinished():
            if time.monotonic() > deadline:
                raise InpaintError("timed_out", "The fill has not stopped yet.")
            time.sleep(_POLL_SECONDS)
    click.echo("Cancelled.", err=True)
