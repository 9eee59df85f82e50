"""`inpaintd outpaint`: enlarge the canvas and fill the new part."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from inpaintd.files.fill import Opened, mask_without_layer, reference_planes, regions_of
from inpaintd.files.order import Order
from inpaintd.files.picture import Picture, Samples
from inpaintd.files.reading import read_picture
from inpaintd.files.room import PIXELS
from inpaintd.files.write import check_inputs_stay, check_output, result_suffix
from inpaintd.launch.background import connect_or_start
from inpaintd_protocol.client import Client
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

from .fill import fill_opened
from .help import GroupedCommand
from .options import (
    output_option,
    overwrite_option,
    settings_from_options,
    settings_options,
)
from .outcome import print_outcome
from .reference_option import GivenReferences, reference_options

_PATH = click.Path(path_type=Path)
_SIDES = ("left", "right", "top", "bottom")
_MOST_GROWTH = 10
_INFILL = "fill"  # extends the border: there is nothing original under the new canvas


def _sides(function: Any) -> Any:
    for side in reversed(_SIDES):
        help_text = (
            f"Pixels to add on the {side}."
            if side in ("left", "right")
            else (f"Pixels to add at the {side}.")
        )
        function = click.option(
            f"--{side}", type=click.IntRange(0), metavar="PX", default=0, help=help_text
        )(function)
    return function


@click.command("outpaint", cls=GroupedCommand)
@click.argument("image", type=_PATH)
@_sides
@output_option(
    "The result; an existing file is replaced. Or a folder, where nothing is overwritten; a "
    "trailing slash creates it. [default: NAME.outpainted.png next to IMAGE]"
)
@click.option(
    "to",
    "--to",
    metavar="W:H",
    help="Instead: enlarge both sides until the picture has these proportions, such as 16:9.",
)
@overwrite_option
@click.option(
    "large",
    "--large",
    is_flag=True,
    help="Allow a canvas over ten times the picture's size.",
)
@settings_options
@reference_options
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object.")
@click.option("grid", "--grid", is_flag=True, help="Also write a contact sheet of the variants.")
@click.option("quiet", "-q", "--quiet", is_flag=True, help="Print paths and warnings only.")
def command(
    image: Path,
    left: int,
    right: int,
    top: int,
    bottom: int,
    to: str | None,
    grid: bool,
    out: Path | None,
    overwrite: bool,
    large: bool,
    as_json: bool,
    quiet: bool,
    reference_files: tuple[tuple[Path, float], ...],
    region_files: tuple[Path, ...],
    **options: Any,
) -> None:
    """Enlarge the canvas of IMAGE and fill the new part; IMAGE itself is left unchanged."""
    if bool(left + right + top + bottom) == (to is not None):
        raise click.UsageError("By how much? For example: --left 128 --right 128, or --to 16:9")
    sides = (left, top, right, bottom)
    if to is not None:
        sides = _to_proportions(to, read_picture(image).extent)
    if not large:
        _check_growth(read_picture(image).extent, sides)
    given = GivenReferences.of(reference_files, region_files)
    settings = replace(settings_from_options(Settings(), options), references=given.settings)
    order = Order(
        image,
        settings,
        out=out,
        overwrite=overwrite,
        enlarged=sides,
        references=given.files,
        reference_masks=given.regions,
    )
    own_infill = options["infill"] is not None
    fill_enlarged(order, as_json=as_json, quiet=quiet, grid=grid, own_infill=own_infill)


def fill_enlarged(
    order: Order, *, as_json: bool, quiet: bool, grid: bool = False, own_infill: bool = True
) -> None:
    """Enlarge the canvas as the order says, fill the new part, and print the outcome.

    Args:
        own_infill: whether the settings say what to put under the hole; if not, the border is
            extended outwards, for models that look there.
    """
    assert order.enlarged is not None
    started = time.monotonic()
    source = order.source
    picture, mask = enlarged(read_picture(source), *order.enlarged)
    suffix = result_suffix(picture)
    if order.out is None:
        out = source.with_name(f"{source.stem}.outpainted{suffix}")
    elif order.out.is_dir():
        out = order.out / f"{source.stem}{suffix}"
    else:
        out = order.out
        if not order.overwrite:
            check_inputs_stay(out, source, ())
    lost = check_output(out, picture, transparent=picture.has_alpha)
    with connect_or_start("inpaintd outpaint") as client:
        if not own_infill and _looks_under_the_hole(client, order.settings.model):
            order = replace(order, settings=replace(order.settings, infill=_INFILL))
        opened = Opened(
            order,
            picture,
            mask,
            picture.extent,
            out,
            picture.notices + lost,
            references=reference_planes(order),
            reference_masks=regions_of(order, picture.extent),
        )
        idle = mask_without_layer(opened, "Leave it out.")
        opened = replace(opened, notices=opened.notices + idle)
        outcome = fill_opened(client, opened, opened.send(client), quiet=quiet or as_json)
    if grid:
        outcome.write_grid()
    outcome.seconds["total"] = time.monotonic() - started
    print_outcome(outcome, as_json=as_json, quiet=quiet)


def _check_growth(extent: Rectangle, sides: tuple[int, int, int, int]) -> None:
    """Refuse a canvas so large that it is probably a slip of the finger, before an hour is spent.

    Raises:
        InpaintError: `too_large`.
    """
    left, top, right, bottom = sides
    width, height = extent.width + left + right, extent.height + top + bottom
    times = width * height / (extent.width * extent.height)
    if times > _MOST_GROWTH:
        raise InpaintError(
            "too_large",
            f"The canvas would have {width:,} x {height:,} pixels, {times:,.0f} times as many as "
            "the picture.",
            "Add less on each side, or add --large if that is intended.",
        )


def _looks_under_the_hole(client: Client, model: str | None) -> bool:
    chosen = (m for m in client.models().models if m.name == model or (not model and m.default))
    return any("infill" in m.honours for m in chosen)


def _to_proportions(text: str, extent: Rectangle) -> tuple[int, int, int, int]:
    """Compute the margins at the left, top, right and bottom for proportions such as 16:9."""
    across, colon, down = text.partition(":")
    if not (colon and across.isdigit() and down.isdigit() and int(across) and int(down)):
        raise click.UsageError(f"{text} is not a proportion. For example: --to 16:9")
    w, h, width, height = int(across), int(down), extent.width, extent.height
    more_wide, more_high = (
        max(0, round(height * w / h) - width),
        max(0, round(width * h / w) - height),
    )
    if not more_wide + more_high:
        raise click.UsageError(f"The picture already has the proportions {text}.")
    left, top = more_wide // 2, more_high // 2
    return left, top, more_wide - left, more_high - top


def enlarged(
    picture: Picture, left: int, top: int, right: int, bottom: int
) -> tuple[Picture, Samples]:
    """Put a picture on a larger canvas, extend its border outwards, and mask the new part.

    Returns:
        The picture, and (H, W) uint8, 255 where it is new.

    Raises:
        InpaintError: `too_large`.
    """
    image = picture.image
    width, height = image.width + left + right, image.height + top + bottom
    if width * height > PIXELS:
        raise InpaintError(
            "too_large",
            f"The canvas would have {width} x {height} pixels; at most "
            f"{PIXELS // 1_000_000} million can be filled.",
            "Add less on each side.",
        )
    canvas = image.embed(left, top, width, height, extend="copy").copy_memory()
    mask = np.full((height, width), 255, np.uint8)
    mask[top : top + image.height, left : left + image.width] = 0
    return replace(picture, image=canvas), mask
