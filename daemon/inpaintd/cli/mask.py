"""`inpaintd mask`: show what would be repainted, as three pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from inpaintd.files import vips
from inpaintd.files.colour import convert_depth
from inpaintd.files.exchange import cut, samples_of
from inpaintd.files.mask_file import hole_bounds, read_mask, told
from inpaintd.files.picture import Picture, Samples
from inpaintd.files.reading import read_picture
from inpaintd.files.write import write_picture
from inpaintd.launch.background import connect_or_start
from inpaintd_protocol import limits
from inpaintd_protocol.client import Client
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Click, ObjectPrompt
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

from .help import GroupedCommand
from .options import settings_from_options, some_settings_options
from .outcome import print_warnings

_PATH = click.Path(path_type=Path)


@click.command("mask", cls=GroupedCommand)
@click.argument("image", type=_PATH)
@click.option("mask_file", "-M", "--mask", type=_PATH, help="A mask: white where to repaint.")
@click.option(
    "folder",
    "-o",
    "--output",
    type=_PATH,
    help="Folder for the three pictures; nothing in it is overwritten.",
)
@click.option("soft", "--soft", is_flag=True, help="Keep the greys in the mask.")
@click.option(
    "clicks", "--click", multiple=True, metavar="X,Y", help="A point on the object to select."
)
@click.option(
    "clicks_outside",
    "--not-click",
    multiple=True,
    metavar="X,Y",
    help="A point that does not belong to the object.",
)
@click.option(
    "boxes", "--box", multiple=True, metavar="X,Y,W,H", help="A box around the object to select."
)
@click.option("rough", "--rough", is_flag=True, help="The mask is a rough selection of an object.")
@click.option(
    "choice",
    "--choice",
    type=click.IntRange(0, 2),
    help="Mask to use of the three proposed: 0 for the smallest part, 2 for the whole object.",
)
@some_settings_options(
    "text_mask",
    "text_mask_threshold",
    "text_mask_combine",
    "invert",
    "grow_pixels",
    "feather_pixels",
    "threshold",
)
def command(
    image: Path,
    mask_file: Path | None,
    folder: Path | None,
    soft: bool,
    clicks: tuple[str, ...],
    clicks_outside: tuple[str, ...],
    boxes: tuple[str, ...],
    rough: bool,
    choice: int | None,
    **options: Any,
) -> None:
    """Write IMAGE.selected.png, .deselected.png and .masked.png; IMAGE.WORDS... with -tm WORDS.

    The first two show the selected and the unselected part of IMAGE. The third is white where it
    would be repainted: pass it to fill with -M. For example: inpaintd mask curly.png -tm hair 0.5,
    or, for the object at a point: inpaintd mask street.png --click 640,410
    """
    prompt = _object_prompt(clicks, clicks_outside, boxes, rough, choice)
    settings = settings_from_options(Settings(), options)
    picture = read_picture(image)
    read = None if mask_file is None else read_mask(mask_file, picture.extent)
    given = None if read is None else read.samples
    if not settings.text_mask and prompt is None:
        _check_marked(picture, given, settings)
    print_warnings(picture.notices + told(read, settings, invert="--invert"))
    soft_settings = replace(settings, text_mask_threshold=0.0, threshold=None)
    with connect_or_start("inpaintd mask") as client:
        heat = _mask(client, picture, given, soft_settings, prompt)
        mask = heat if soft else _mask(client, picture, given, settings, prompt)
    colour = picture.cut(picture.extent)[..., : picture.colours]
    shown, hidden = (_with_alpha(picture, colour, a) for a in (heat, _full(heat) - heat))
    only_mask = vips.Image.new_from_array(mask, interpretation=_grey(mask))
    words = re.sub(r"[^\w-]+", "_", settings.text_mask or "").strip("_")[:60]
    words = words or ("object" if prompt else "")
    stem = f"{image.stem}.{words}" if words else image.stem
    place = folder or image.parent
    place.mkdir(parents=True, exist_ok=True)
    for name, result in (("selected", shown), ("deselected", hidden), ("masked", only_mask)):
        path = place / f"{stem}.{name}.png"
        click.echo(str(write_picture(result, path, replace=False)))


def _check_marked(picture: Picture, mask: Samples | None, settings: Settings) -> None:
    """Report a missing model before asking the daemon."""
    try:
        hole_bounds(picture, mask, settings)
    except InpaintError as error:
        hint = f"{error.hint} Or find it by words, with -tm."
        raise InpaintError(error.code, error.message, hint) from error


def _object_prompt(
    inside: Sequence[str],
    outside: Sequence[str],
    boxes: Sequence[str],
    rough: bool,
    choice: int | None,
) -> ObjectPrompt | None:
    """The object that the options describe; None when they name none."""
    if not (inside or outside or boxes or rough):
        return None
    return ObjectPrompt(
        (
            *(_click(text, "--click", inside=True) for text in inside),
            *(_click(text, "--not-click", inside=False) for text in outside),
        ),
        tuple(Rectangle(*map(round, _numbers(text, "--box", 4))) for text in boxes),
        rough,
        choice,
    )


def _click(text: str, option: str, *, inside: bool) -> Click:
    x, y = _numbers(text, option, 2)
    return Click(x, y, inside)


def _numbers(text: str, option: str, count: int) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
        fits = len(numbers) == count and all(abs(n) <= limits.CANVAS_SIDE for n in numbers)
    except ValueError:
        fits = False
    if not fits:
        wanted = "X,Y" if count == 2 else "X,Y,W,H"
        raise click.BadParameter(f"{text!r} is not {wanted} in pixels.", param_hint=option)
    return numbers


def _mask(
    client: Client,
    picture: Picture,
    mask: Samples | None,
    settings: Settings,
    prompt: ObjectPrompt | None,
) -> Samples:
    """(H, W) samples, full scale = repaint."""
    sent = cut(picture, mask, picture.extent)
    answer = client.mask(sent.layer, settings, mask=sent.mask, object_prompt=prompt)
    return samples_of(answer.mask)[..., 0]


def _with_alpha(picture: Picture, colour: Samples, alpha: Samples) -> Any:
    pixels = np.concatenate([colour, convert_depth(alpha, picture.depth)[..., np.newaxis]], axis=2)
    image = vips.Image.new_from_array(pixels, interpretation=picture.image.interpretation).copy()
    if picture.profile is not None:
        vips.set_blob(image, "icc-profile-data", picture.profile)
    return image


def _full(samples: Samples) -> Any:
    return np.float32(1) if samples.dtype == np.float32 else np.iinfo(samples.dtype).max


def _grey(samples: Samples) -> str:
    return "grey16" if samples.dtype == np.uint16 else "b-w"
