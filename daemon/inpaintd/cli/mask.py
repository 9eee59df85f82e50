"""`inpaintd mask`: what would be repainted, as three pictures."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from inpaintd.files import vips
from inpaintd.files.colour import convert_depth
from inpaintd.files.exchange import cut, samples_of
from inpaintd.files.mask import hole_bounds, read_mask, told
from inpaintd.files.picture import Picture, Samples, read_picture
from inpaintd.files.write import write_picture
from inpaintd.launch.background import connect_or_start
from inpaintd_protocol.client import Client
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings

from .help import GroupedCommand
from .options import settings_from_options, some_settings_options
from .outcome import print_warnings

_PATH = click.Path(path_type=Path)


@click.command("mask", cls=GroupedCommand)
@click.argument("image", type=_PATH)
@click.option("mask_file", "-M", "--mask", type=_PATH, help="A mask: white where to repaint.")
@click.option("folder", "-o", "--output", type=_PATH, help="Folder for the three pictures.")
@click.option("soft", "--soft", is_flag=True, help="Keep the greys in the mask.")
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
    image: Path, mask_file: Path | None, folder: Path | None, soft: bool, **options: Any
) -> None:
    """Write IMAGE.selected.png, .deselected.png and .masked.png; IMAGE.WORDS... with -tm WORDS.

    The first two show IMAGE where it is selected and where it is not. The third is white where it
    would be repainted: give it to fill with -M. For example: inpaintd mask curly.png -tm hair 0.5
    """
    settings = settings_from_options(Settings(), options)
    picture = read_picture(image)
    read = None if mask_file is None else read_mask(mask_file, picture.extent)
    given = None if read is None else read.samples
    if not settings.text_mask:
        _check_marked(picture, given, settings)
    print_warnings(picture.notices + told(read, settings, invert="--invert"))
    soft_settings = replace(settings, text_mask_threshold=None, threshold=None)
    with connect_or_start("inpaintd mask") as client:
        heat = _mask(client, picture, given, soft_settings)
        mask = heat if soft else _mask(client, picture, given, settings)
    colour = picture.cut(picture.extent)[..., : picture.colours]
    shown, hidden = (_with_alpha(picture, colour, a) for a in (heat, _full(heat) - heat))
    only_mask = vips.Image.new_from_array(mask, interpretation=_grey(mask))
    words = re.sub(r"[^\w-]+", "_", settings.text_mask).strip("_")[:60]
    stem = f"{image.stem}.{words}" if words else image.stem
    place = folder or image.parent
    place.mkdir(parents=True, exist_ok=True)
    for name, result in (("selected", shown), ("deselected", hidden), ("masked", only_mask)):
        path = place / f"{stem}.{name}.png"
        click.echo(str(write_picture(result, path, replace=folder is not None)))


def _check_marked(picture: Picture, mask: Samples | None, settings: Settings) -> None:
    """Say what is missing before anybody is asked."""
    try:
        hole_bounds(picture, mask, settings)
    except InpaintError as error:
        hint = f"{error.hint} Or find it by words, with -tm."
        raise InpaintError(error.code, error.message, hint) from error


def _mask(client: Client, picture: Picture, mask: Samples | None, settings: Settings) -> Samples:
    """(H, W) samples, full scale = repaint."""
    sent = cut(picture, mask, picture.extent)
    answer = client.mask(sent.layer, settings, mask=sent.mask)
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
