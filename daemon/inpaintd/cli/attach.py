"""`inpaintd attach`: wait for a detached fill and write its result."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click

from inpaintd.files.fill import write_answer
from inpaintd.launch.background import connect_or_start

from .detached import forget, read_ticket, reopen
from .interrupt import cancel_on_interrupt
from .options import output_option
from .outcome import Outcome, print_outcome
from .progress import progress_bar


@click.command("attach")
@click.argument("request_id", metavar="ID")
@click.option(
    "source",
    "-I",
    "--input",
    type=click.Path(path_type=Path),
    help="The picture that was filled, if it has moved since.",
)
@output_option("The result, if not as ordered.")
@click.option(
    "layer",
    "--layer",
    is_flag=True,
    help="Write the new layer alone, as large as the picture; it may have changed since.",
)
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object.")
@click.option("quiet", "-q", "--quiet", is_flag=True, help="Print paths and warnings only.")
def command(
    request_id: str,
    source: Path | None,
    out: Path | None,
    layer: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Wait for the fill with this ID, printed by `inpaintd fill --detach`, and write its result.

    Ctrl+C cancels the fill.
    """
    ticket = read_ticket(request_id)
    started = time.monotonic()
    order = replace(ticket.order, only_layer=layer or ticket.order.only_layer)
    if source is not None:
        order = replace(order, source=source)
    if out is not None:
        order = replace(order, out=out)
    opened, sent = reopen(request_id, ticket, order)
    with (
        connect_or_start("inpaintd attach") as client,
        cancel_on_interrupt() as cancelled,
        progress_bar(quiet=quiet or as_json) as show,
    ):
        answer = client.attach(request_id, on_progress=show, should_cancel=cancelled)
    answered_at = time.monotonic()
    written = write_answer(opened, sent, answer)
    seconds = {
        "daemon": answered_at - started,
        "engine": answer.engine_seconds,
        "write": time.monotonic() - answered_at,
        "total": time.monotonic() - started,
    }
    forget(request_id)
    print_outcome(
        Outcome(opened.order.source, written, answer, opened.notices, seconds),
        as_json=as_json,
        quiet=quiet,
    )
