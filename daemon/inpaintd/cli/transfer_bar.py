"""A progress bar for downloads: bytes, rate and remaining time, on terminals only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from inpaintd.models.transfer import OnTransfer, Transfer


@contextmanager
def transfer_bar() -> Iterator[OnTransfer]:
    """Yield a function that shows a download's progress; it does nothing without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(transfer: Transfer) -> None:
            bar.update(task, completed=transfer.done_bytes, total=transfer.total_bytes)

        yield show
