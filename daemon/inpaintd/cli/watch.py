"""`inpaintd watch`: fill whatever is dropped into a folder."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from inpaintd.hotfolder.layout import layout_of
from inpaintd.hotfolder.watching import watch
from inpaintd.launch.background import connect_or_start
from inpaintd.workers.cluster import check_cluster
from inpaintd_protocol.client import Client
from inpaintd_protocol.errors import InpaintError

_NAME = "inpaintd watch"


@dataclass(frozen=True)
class Place:
    """Choose where holes are filled: on this machine, or by this many workers of a Ray cluster."""

    cluster: str
    workers: int

    def check(self) -> None:
        """Check that the cluster can be used; nothing is checked without one.

        Raises:
            InpaintError: with the reason.
        """
        if self.cluster:
            check_cluster(self.cluster)
            self.connect().close()

    def connect(self) -> Client:
        """Connect to the daemon, starting one if none runs.

        Raises:
            InpaintError: also `busy` when the daemon that runs fills holes elsewhere.
        """
        if not self.cluster:
            return connect_or_start(_NAME)
        options = ("--cluster", self.cluster, "--workers", str(self.workers))
        client = connect_or_start(_NAME, options)
        theirs = client.status().cluster
        if theirs == self.cluster:
            return client
        client.close()
        where = f"on the Ray cluster at {theirs}" if theirs else "on this machine"
        raise InpaintError(
            "busy",
            f"The inpaint daemon already runs, and fills holes {where}.",
            "Stop it, then try again: inpaintd stop",
        )


@click.command("watch")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("in_place", "--in-place", is_flag=True, help="Write results next to their sources.")
@click.option("once", "--once", is_flag=True, help="Fill what is there, then exit.")
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object for each event.")
@click.option(
    "--cluster",
    metavar="HOST:PORT",
    help="Fill holes on the Ray cluster with this head; needs --workers.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="NUMBER",
    help="How many pictures the cluster fills at once, such as its number of GPUs.",
)
def command(
    folder: Path,
    in_place: bool,
    once: bool,
    as_json: bool,
    cluster: str | None,
    workers: int | None,
) -> int:
    """Fill pictures that are dropped into FOLDER/inbox; results appear in FOLDER/outbox.

    The hole of a picture is where it is transparent, or where NAME.mask.png beside NAME.png is
    white. Settings are read from FOLDER/inpaintd.toml, from NAME.toml beside the picture and from
    a recipe inside it. Files end up in FOLDER/done, or in FOLDER/failed with a text that says why.
    """
    if (cluster is None) != (workers is None):
        raise click.UsageError("--cluster and --workers belong together.")
    place = Place(cluster or "", workers or 0)
    layout = layout_of(folder, in_place=in_place)
    layout.check(new=not (once or in_place))
    place.check()
    ahead = place.workers + 1
    if as_json:
        counts = watch(layout, _print_json, place.connect, once=once, least_ahead=ahead)
    else:
        from inpaintd.hotfolder.display import Display

        with Display(sys.stderr) as display:
            counts = watch(
                layout,
                display.tell,
                place.connect,
                once=once,
                least_ahead=ahead,
                on_start=display.show,
            )
    return 1 if once and counts.failed else 0


def _print_json(event: str, facts: dict[str, Any]) -> None:
    if event != "progress":
        click.echo(json.dumps({"time": round(time.time(), 3), "event": event, **facts}))
