"""`inpaintd watch`: fill whatever is dropped into a folder."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from inpaintd.hotfolder.layout import layout_of
from inpaintd.hotfolder.watching import watch


@click.command("watch")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("in_place", "--in-place", is_flag=True, help="Write results next to their sources.")
@click.option("once", "--once", is_flag=True, help="Fill what is there, then exit.")
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object for each event.")
def command(folder: Path, in_place: bool, once: bool, as_json: bool) -> int:
    """Fill pictures that are dropped into FOLDER/inbox; results appear in FOLDER/outbox.

    The hole of a picture is where it is transparent, or where NAME.mask.png beside NAME.png is
    white. Settings are read from FOLDER/inpaintd.toml, from NAME.toml beside the picture and from
    a recipe inside it. Files end up in FOLDER/done, or in FOLDER/failed with a text that says why.
    """
    layout = layout_of(folder, in_place=in_place)
    layout.check(new=not (once or in_place))
    if as_json:
        counts = watch(layout, _print_json, once=once)
    else:
        from inpaintd.hotfolder.display import Display

        with Display(sys.stderr) as display:
            counts = watch(layout, display.tell, once=once, on_start=display.show)
    return 1 if once and counts.failed else 0


def _print_json(event: str, facts: dict[str, Any]) -> None:
    if event != "progress":
        click.echo(json.dumps({"time": round(time.time(), 3), "event": event, **facts}))
