"""Installation, removal and checks of models by the daemon that runs, so that two never meet.

Without one, the command line does the same in its own process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from inpaintd.models.transfer import OnTransfer, Transfer
from inpaintd_protocol.client import Client, connect
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import ModelProgress

from .transfer_bar import transfer_bar


@contextmanager
def running_daemon() -> Iterator[Client | None]:
    """Yield a connection to the daemon; None when none runs, as none is started for this."""
    try:
        client = connect(name="inpaintd models")
    except InpaintError as error:
        if error.category != "connection":
            raise
        yield None
        return
    with client:
        yield client


def install(client: Client, name: str, *, accept_licence: bool) -> None:
    """Have the daemon fetch a listed model; Ctrl+C pauses the download, and keeps what arrived.

    Raises:
        InpaintError: as `client.install_model`.
    """
    try:
        with transfer_bar() as on_transfer:
            done = client.install_model(
                name, accept_licence=accept_licence, on_progress=_passed_on(on_transfer)
            )
    except KeyboardInterrupt:
        client.pause_model(name)
        raise
    words = "Installed" if done.state == "installed" else "Paused by another program:"
    click.echo(f"{words} {name}.")


def verify(client: Client, name: str) -> None:
    """Have the daemon read a model's files.

    Raises:
        InpaintError: as `client.verify_model`.
    """
    with transfer_bar() as on_transfer:
        client.verify_model(name, on_progress=_passed_on(on_transfer))


def _passed_on(on_transfer: OnTransfer) -> Callable[[ModelProgress], None]:
    def tell(progress: ModelProgress) -> None:
        on_transfer(Transfer(progress.done_bytes, progress.total_bytes, progress.bytes_per_second))

    return tell
