"""Fills that continue after the command has ended, with the records that `attach` needs."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
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
    sha256: str
    """Hash of the picture's file, as the answer fits only this picture."""
    size: tuple[int, int]
    """Width and height of the picture in pixels."""


def submit_detached(client: Client, opened: Opened, sent: Sent, *, as_json: bool) -> None:
    """Send the request, store its ticket and print its ID; return once the daemon has it.

    Raises:
        InpaintError: `unwritable` when there is no room for the ticket; nothing is sent then.
    """
    request_id = new_request_id()
    path = _ticket_path(request_id)
    _write(path, json.dumps(_to_map(opened, sent.rectangle)))
    try:
        client.submit(sent.request(request_id, opened.order.settings, on_disconnect="keep"))
        _wait_until_accepted(client, request_id)
    except BaseException:
        path.unlink(missing_ok=True)
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
        return _from_map(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InpaintError(
            "unknown_request",
            f"No detached fill with the ID {request_id} is known here.",
            "The ID is what 'inpaintd fill --detach' printed.",
        ) from error


def reopen(request_id: str, ticket: Ticket, order: Order) -> tuple[Opened, Sent]:
    """Open a ticket's picture again, as it was sent.

    A picture with other contents is accepted for the new layer alone if it has the same size.

    Args:
        order: the ticket's, perhaps with another place of the picture.

    Raises:
        InpaintError: `unreadable` when it is gone or has changed since.
    """
    source = order.source
    if not source.exists():
        raise InpaintError(
            "unreadable",
            f"{source}, which was filled, is not there any more.",
            f"If it has moved, say where it is: inpaintd attach {request_id} -I FILE",
        )
    if _hash(source) != ticket.sha256 and not order.only_layer:
        raise InpaintError(
            "unreadable",
            f"{source} has changed since it was sent, so the result does not fit it.",
            f"Name the picture that was sent with -I, or take the new layer alone: inpaintd attach "
            f"{request_id} --layer",
        )
    opened = open_order(order)
    extent = opened.picture.extent
    if (extent.width, extent.height) != ticket.size:
        raise InpaintError(
            "size_mismatch",
            f"{source} has another size than the picture that was filled.",
            "Name the picture that was sent with -I.",
        )
    return opened, cut(opened.picture, opened.mask, ticket.rectangle)


def forget(request_id: str) -> None:
    """Remove a ticket, once its result has been written."""
    _ticket_path(request_id).unlink(missing_ok=True)


def _from_map(values: dict[str, Any]) -> Ticket:
    order = Order(
        source=Path(values["source"]),
        settings=settings_from_map(Settings, values["settings"]),
        mask=Path(values["mask"]) if values["mask"] else None,
        out=Path(values["out"]) if values["out"] else None,
        only_layer=values["only_layer"],
        with_recipe=values["with_recipe"],
        overwrite=values["overwrite"],
        references=tuple(map(Path, values["references"])),
        sampling=Path(values["sampling"]) if values["sampling"] else None,
    )
    width, height = values["size"]
    return Ticket(order, Rectangle(*values["rectangle"]), values["sha256"], (width, height))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        with suppress(OSError):  # a part of it, when the disk is full
            path.unlink()
        raise InpaintError(
            "unwritable",
            f"{path.parent} cannot be written: {error.strerror}.",
            "Free some space there, or fill without --detach.",
        ) from error


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InpaintError(
            "unreadable", f"{path} cannot be opened: {error.strerror}.", "Check its permissions."
        ) from error


def _to_map(opened: Opened, rectangle: Rectangle) -> dict[str, Any]:
    order, extent = opened.order, opened.picture.extent
    return {
        "source": str(order.source.resolve()),
        "settings": settings_to_map(order.settings),
        "mask": str(order.mask.resolve()) if isinstance(order.mask, Path) else "",
        "out": str(order.out.resolve()) if order.out else "",
        "only_layer": order.only_layer,
        "with_recipe": order.with_recipe,
        "overwrite": order.overwrite,
        "references": [str(file.resolve()) for file in order.references],
        "sampling": str(order.sampling.resolve()) if order.sampling else "",
        "rectangle": list(rectangle),
        "sha256": _hash(order.source),
        "size": [extent.width, extent.height],
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
