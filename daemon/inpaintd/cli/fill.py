"""`inpaintd fill`: fill the hole of a picture file."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from inpaintd.files.exchange import Sent
from inpaintd.files.fill import Opened, open_order, write_answer
from inpaintd.files.formats import format_of
from inpaintd.files.order import Order
from inpaintd.files.recipe_file import read_recipe
from inpaintd.launch.background import connect_or_start
from inpaintd.system.kind import is_windows
from inpaintd_protocol.client import Client, new_request_id
from inpaintd_protocol.settings import Settings

from .batch import each_of
from .detached import submit_detached
from .help import GroupedCommand
from .interrupt import cancel_on_interrupt
from .options import (
    make_folder,
    output_option,
    overwrite_option,
    settings_from_options,
    settings_options,
)
from .outcome import Outcome, print_outcome
from .progress import progress_bar
from .reference_option import GivenReferences, reference_options

_PATH = click.Path(path_type=Path)


@click.command("fill", cls=GroupedCommand)
@click.argument("input_arguments", metavar="INPUT...", type=_PATH, nargs=-1)
@click.option("input_option", "-I", "--input", type=_PATH, help="The picture, if not the argument.")
@click.option(
    "mask_file",
    "-M",
    "--mask",
    type=_PATH,
    help="The same picture with the hole transparent, or a mask: white where to repaint.",
)
@output_option(
    "The result; an existing file is replaced. Or a folder, where nothing is overwritten; a "
    "trailing slash creates it. "
    "[default: NAME.inpainted.png beside the input, with a number if that exists]"
)
@overwrite_option
@click.option("layer", "--layer", is_flag=True, help="Write only the new layer, canvas-sized.")
@click.option(
    "recipe_from",
    "--recipe",
    type=_PATH,
    help="Take all settings from this earlier result, except those given here.",
)
@click.option(
    "with_recipe",
    "--embed-recipe/--no-embed-recipe",
    default=True,
    help="Keep prompt, seed and all other settings in the result. [default: on]",
)
@settings_options
@reference_options
@click.option(
    "sampling_file",
    "--sample",
    metavar="MASK",
    type=_PATH,
    help="Copy only from where this mask is white. For fills without a model.",
)
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object.")
@click.option("grid", "--grid", is_flag=True, help="Also write a contact sheet of the variants.")
@click.option("quiet", "-q", "--quiet", is_flag=True, help="Print paths and warnings only.")
@click.option(
    "detach",
    "--detach",
    is_flag=True,
    help="Do not wait; fetch the result later with: inpaintd attach ID.",
)
def command(
    input_arguments: tuple[Path, ...],
    input_option: Path | None,
    mask_file: Path | None,
    out: Path | None,
    overwrite: bool,
    layer: bool,
    recipe_from: Path | None,
    with_recipe: bool,
    as_json: bool,
    grid: bool,
    quiet: bool,
    detach: bool,
    reference_files: tuple[tuple[Path, float], ...],
    region_files: tuple[Path, ...],
    sampling_file: Path | None,
    **options: Any,
) -> int:
    """Fill the hole of INPUT: its transparent part, or the white part of a mask given with -M.

    PNG, TIFF, WebP, JPEG, GIF and AVIF, 8 and 16 bit and float. Pixels outside the hole, the colour
    profile and the metadata are unchanged, except that JPEG re-encodes every pixel. PSD, PSB and
    OpenRaster files get a new layer on top. A daemon is started if none is running.
    """
    base = Settings()
    if recipe_from:
        base = read_recipe(recipe_from, model=options["model"])
    sources = _inputs(input_arguments, input_option)
    if out is not None and len(sources) > 1:
        _check_folder(out)
        make_folder(out)
    settings = settings_from_options(base, options)
    # A recipe's references belong to its own pictures.
    given = GivenReferences.of(reference_files, region_files)
    settings = replace(settings, references=given.settings)

    def fill_one(source: Path, label: str) -> None:
        order = Order(
            source=source,
            settings=settings,
            mask=mask_file,
            out=out,
            only_layer=layer,
            with_recipe=with_recipe,
            overwrite=overwrite,
            references=given.files,
            reference_masks=given.regions,
            sampling=sampling_file,
        )
        if detach:
            opened = open_order(order)
            with connect_or_start("inpaintd fill") as client:
                submit_detached(client, opened, opened.send(client), as_json=as_json)
        else:
            fill_order(order, as_json=as_json, quiet=quiet, grid=grid, label=label)

    if len(sources) > 1:
        return each_of(sources, fill_one, done="sent" if detach else "filled", as_json=as_json)
    fill_one(sources[0], "")
    return 0


def fill_order(
    order: Order, *, as_json: bool, quiet: bool, grid: bool = False, label: str = ""
) -> None:
    """Fill a picture file, wait for it, and report the outcome; `label` precedes its progress."""
    started = time.monotonic()
    opened = open_order(order)
    if grid and opened.makes_document:
        raise click.UsageError("--grid is not for documents: all variants are layers of one file.")
    read = time.monotonic()
    with connect_or_start("inpaintd fill") as client:
        sent = opened.send(client)
        outcome = fill_opened(client, opened, sent, quiet=quiet or as_json, label=label)
    outcome.seconds["read"] = read - started
    outcome.seconds["total"] = time.monotonic() - started
    if grid:
        outcome.write_grid()
    print_outcome(outcome, as_json=as_json, quiet=quiet)


def fill_opened(
    client: Client, opened: Opened, sent: Sent, *, quiet: bool, label: str = ""
) -> Outcome:
    """Send an opened picture, show its progress, and write the answer."""
    sent_at = time.monotonic()
    with cancel_on_interrupt() as cancelled, progress_bar(quiet=quiet, label=label) as show:
        request = sent.request(new_request_id(), opened.order.settings)
        answer = client.run(request, on_progress=show, should_cancel=cancelled)
    answered_at = time.monotonic()
    written = write_answer(opened, sent, answer)
    seconds = {
        "daemon": answered_at - sent_at,
        "engine": answer.engine_seconds,
        "write": time.monotonic() - answered_at,
    }
    return Outcome(opened.order.source, written, answer, opened.notices, seconds)


def expanded(path: Path) -> list[Path]:
    """Expand a pattern such as *.png, which Windows shells pass on unexpanded."""
    if path.exists() or not any(sign in path.name for sign in "*?"):
        return [path]
    return sorted(path.parent.glob(path.name)) or [path]


def _inputs(arguments: tuple[Path, ...], option: Path | None) -> list[Path]:
    if arguments and option is not None:
        raise click.UsageError("Give the input once: as the argument, or with -I.")
    paths = [*arguments, *([option] if option is not None else [])]
    if is_windows():
        paths = [found for path in paths for found in expanded(path)]
    if not paths:
        raise click.UsageError("Which picture? For example: inpaintd fill photo.png")
    return paths


def _check_folder(out: Path) -> None:
    """Check that a name can be a folder for the results of several inputs."""
    is_picture = format_of(out) is not None
    if not out.is_dir() and (is_picture or out.exists()):
        raise click.UsageError(
            f"{out} is a name for one file: name a folder for the results of several inputs."
        )
