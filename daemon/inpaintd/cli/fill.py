"""`inpaintd fill`: fill the hole of a picture file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from inpaintd.files.exchange import Sent
from inpaintd.files.fill import Opened, Order, open_order, write_answer
from inpaintd.files.recipe import read_recipe
from inpaintd.start import connect_or_start
from inpaintd_protocol.client import Client
from inpaintd_protocol.settings import Settings

from .detached import submit_detached
from .help import GroupedCommand
from .interrupt import cancel_on_interrupt
from .options import settings_from_options, settings_options
from .outcome import Outcome, print_outcome
from .progress import progress_bar

_PATH = click.Path(path_type=Path)


class _FillCommand(GroupedCommand):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _split_text_mask(args))


@click.command("fill", cls=_FillCommand)
@click.argument("input_argument", metavar="INPUT", type=_PATH, required=False)
@click.option("input_option", "-I", "--input", type=_PATH, help="The picture, if not the argument.")
@click.option(
    "mask_file",
    "-M",
    "--mask",
    type=_PATH,
    help="The same picture with the hole transparent, or a mask: white where to repaint.",
)
@click.option(
    "out",
    "-o",
    "--output",
    type=_PATH,
    help="The result; replaced if it exists. "
    "[default: INPUT-stem.inpainted.png beside the input, never replacing anything]",
)
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
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object.")
@click.option("quiet", "-q", "--quiet", is_flag=True, help="Print paths and warnings only.")
@click.option(
    "detach",
    "--detach",
    is_flag=True,
    help="Do not wait; fetch the result later with: inpaintd attach ID.",
)
def command(
    input_argument: Path | None,
    input_option: Path | None,
    mask_file: Path | None,
    out: Path | None,
    layer: bool,
    recipe_from: Path | None,
    with_recipe: bool,
    as_json: bool,
    quiet: bool,
    detach: bool,
    **options: Any,
) -> None:
    """Fill the hole of INPUT: where it is transparent, or where the mask given with -M says.

    PNG, TIFF, WebP and JPEG, 8 and 16 bit and float. Pixels outside the hole, the colour profile
    and the metadata stay as they are. The daemon is started when none runs.
    """
    base = read_recipe(recipe_from) if recipe_from else Settings()
    order = Order(
        source=_one_input(input_argument, input_option),
        settings=settings_from_options(base, options),
        mask=mask_file,
        out=out,
        only_layer=layer,
        with_recipe=with_recipe,
    )
    started = time.monotonic()
    opened = open_order(order)
    read = time.monotonic()
    with connect_or_start("inpaintd fill") as client:
        sent = opened.send(client)
        if detach:
            submit_detached(client, opened, sent, as_json=as_json)
            return
        outcome = _fill(client, opened, sent, quiet=quiet or as_json)
    outcome.seconds["read"] = read - started
    outcome.seconds["total"] = time.monotonic() - started
    print_outcome(outcome, as_json=as_json, quiet=quiet)


def _fill(client: Client, opened: Opened, sent: Sent, *, quiet: bool) -> Outcome:
    sent_at = time.monotonic()
    with cancel_on_interrupt() as cancelled, progress_bar(quiet=quiet) as show:
        answer = client.inpaint(
            sent.layer,
            opened.order.settings,
            offset=(sent.rectangle.x, sent.rectangle.y),
            mask=sent.mask,
            on_progress=show,
            should_cancel=cancelled,
        )
    answered_at = time.monotonic()
    written = write_answer(opened, sent, answer)
    seconds = {
        "daemon": answered_at - sent_at,
        "engine": answer.engine_seconds,
        "write": time.monotonic() - answered_at,
    }
    return Outcome(written, answer, opened.notices, seconds)


def _one_input(argument: Path | None, option: Path | None) -> Path:
    if argument is not None and option is not None:
        raise click.UsageError("Give the input once: as the argument, or with -I.")
    path = argument or option
    if path is None:
        raise click.UsageError("Which picture? For example: inpaintd fill photo.png")
    return path


def _split_text_mask(args: list[str]) -> list[str]:
    """Let -tm take its threshold as a second word, as in `-tm orange 0.6`."""
    result = list(args)
    for option in ("-tm", "--text-mask"):
        if option in result:
            index = result.index(option) + 2
            if index < len(result) and _is_number(result[index]):
                result.insert(index, "--text-mask-threshold")
    return result


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not Path(text).exists()
