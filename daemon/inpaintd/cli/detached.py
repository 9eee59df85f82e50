"""Fills that continue after the command has ended, with the records that `attach` needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from inpaintd.files.exchange import Sent, cut
from inpaintd.files.fill import Opened, open_order
from inpaintd.files.order import Order
from inpaintd_protocol.client import Client, new_request_id
from inpaintd_protocol.codec import settings_from_map, settings_to_map
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Accepted, Failed, Finished
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

from .outcome import print_warnings

_ACCEPT_SECONDS = 10.0


@dataclass(frozen=True)
class Ticket:
    """Record of a sent request, for placing its answer over the picture later."""

    order: Order
    rectangle: Rectangle
    modified_ns: int
    """Modification time of the picture, as the answer fits only this version of it."""


def submit_detached(client: Client, opened: Opened, sent: Sent, *, as_json: bool) -> None:
    """Send the request, store its ticket and print its ID; return once the daemon has it."""
    request_id = new_request_id()
    path = _ticket_path(request_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_to_map(opened.order, sent.rectangle)), encoding="utf-8")
    try:
        client.submit(sent.request(request_id, opened.order.settings, on_disconnect="keep"))
        _wait_until_accepted(client, request_id)
    except BaseException:
        path.unlink()
        raise
    if as_json:
        click.echo(json.dumps({"request_id": request_id}))
    else:
        print_warnings(opened.notices)
        click.echo(request_id)
        click.echo(f"Fetch the result with: inpaintd attach {request_id}", err=True)


def read_ticket(request_id: str) -> Ticket:
    """Load the ticket of a detached fill.

    Raises:
        InpaintError: `unknown_request`.
    """
    path = _ticket_path(request_id)
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InpaintError(
            "unknown_request",
            f"No detached fill with the ID {request_id} is known here.",
            "The ID is what 'inpaintd fill --detach' printed.",
        ) from error
    order = Order(
        source=Path(values["source"]),
        settings=settings_from_map(Settings, values["settings"]),
        mask=Path(values["mask"]) if values["mask"] else None,
        out=Path(values["out"]) if values["out"] else None,
        only_layer=values["only_layer"],
        with_recipe=values["with_recipe"],
        overwrite=values["overwrite"],
    )
    return Ticket(order, Rectangle(*values["rectangle"]), values["modified_ns"])


def reopen(ticket: Ticket, order: Order) -> tuple[Opened, Sent]:
    """Open a ticket's picture again, as it was sent.

    Raises:
        InpaintError: `unreadable` when it is gone or has changed since.
    """
    source = order.source
    if source.exists() and source.stat().st_mtime_ns != ticket.modified_ns:
        raise InpaintError(
            "unreadable",
            f"{source} has changed since it was sent, so the result does not fit it.",
            "Fill it again.",
        )
    opened = open_order(order)
    return opened, cut(opened.picture, opened.mask, ticket.rectangle)


def forget(request_id: str) -> None:
    """Remove a ticket, once its result has been written."""
    _ticket_path(request_id).unlink(missing_ok=True)


def _to_map(order: Order, rectangle: Rectangle) -> dict[str, Any]:
    return {
        "source": str(order.source.resolve()),
        "settings": settings_to_map(order.settings),
        "mask": str(order.mask.resolve()) if isinstance(order.mask, Path) else "",
        "out": str(order.out.resolve()) if order.out else "",
        "only_layer": order.only_layer,
        "with_recipe": order.with_recipe,
        "overwrite": order.overwrite,
        "rectangle": list(rectangle),
        "modified_ns": order.source.stat().st_mtime_ns,
    }


def _wait_until_accepted(client: Client, request_id: str) -> None:
    while True:
        answer = client.poll(_ACCEPT_SECONDS)
        if answer is None:
            raise InpaintError("timed_out", "The daemon did not accept the fill in time.")
        if answer.request_id != request_id:
            continue
        if isinstance(answer, Failed):
            raise answer.error()
        if isinstance(answer, (Accepted, Finished)):
            return


def _ticket_path(request_id: str) -> Path:
    if not request_id.isalnum():
        raise InpaintError(
            "unknown_request",
            f"{request_id!r} is not the ID of a fill.",
            "IDs are letters and digits.",
        )
    return home() / "detached" / f"{request_id}.json"
