"""Pictures side by side, and transparency as editors show it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

_JPEG_QUALITY = 86
_GAP = 8


def on_checkers(picture: Image.Image, side: int = 16) -> Image.Image:
    """`picture` (RGBA) on the checkerboard that editors show through transparent pixels."""
    rows, columns = np.indices(picture.size[::-1]) // side
    checkers = np.where((rows + columns) % 2, 204, 255).astype(np.uint8)
    below = Image.fromarray(checkers).convert("RGBA")
    return Image.alpha_composite(below, picture).convert("RGB")


def side_by_side(*pictures: Image.Image, columns: int = 0) -> Image.Image:
    """Pictures of one size in rows of `columns`, all in one row when that is 0."""
    columns = columns or len(pictures)
    width, height = pictures[0].size
    rows = -(-len(pictures) // columns)
    whole = (columns * (width + _GAP) - _GAP, rows * (height + _GAP) - _GAP)
    panels = Image.new("RGB", whole, "white")
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        panels.paste(picture.convert("RGB"), (column * (width + _GAP), row * (height + _GAP)))
    return panels


def with_hole(picture: Image.Image, mask: Image.Image) -> Image.Image:
    """`picture` with alpha 0 where `mask` (L) is white; the colour underneath stays."""
    hollow = picture.convert("RGB")
    hollow.putalpha(mask.point(lambda value: 255 - value))
    return hollow


def drawn_mask(size: tuple[int, int], *outlines: list[tuple[int, int]]) -> Image.Image:
    """A hard mask (L, 255 inside) of polygons given by their corners."""
    mask = Image.new("L", size, 0)
    for outline in outlines:
        ImageDraw.Draw(mask).polygon(outline, fill=255)
    return mask


def save(picture: Image.Image, path: Path, width: int = 1200) -> None:
    """Save as JPEG, at most `width` pixels wide."""
    if picture.width > width:
        height = round(picture.height * width / picture.width)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    picture.convert("RGB").save(path, quality=_JPEG_QUALITY, optimize=True)


def lighten(path: Path) -> None:
    """Rewrite a screenshot (PNG) with 256 colours, where that makes it smaller."""
    with Image.open(path) as picture:
        if picture.mode == "P":
            return
        few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small = path.with_suffix(".small")
    few.save(small, "PNG", optimize=True)
    if small.stat().st_size < path.stat().st_size:
        small.replace(path)
    else:
        small.unlink()
