"""Which pixels to repaint: from a picture's own transparency, or from a second file."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

from .colour import luminance
from .picture import Picture, Samples, read_picture

_HOW_TO_MARK = (
    "Make the part to repaint transparent, or give a mask, a picture of the same size that is "
    "white where to repaint: with -M, or as NAME.mask.png beside it in a watched folder."
)


class Everywhere(Enum):
    """Stands for a mask that is white all over."""

    EVERYWHERE = "everywhere"


MaskFile = Path | Everywhere
"""A mask on disk, or the one that needs no file."""


def read_mask_of(file: MaskFile | None, extent: Rectangle) -> Samples | None:
    """As `read_mask`, where a mask may be none or everywhere."""
    if file is None:
        return None
    if isinstance(file, Everywhere):
        return np.full((extent.height, extent.width), 255, np.uint8)
    return read_mask(file, extent)


def read_mask(path: Path, extent: Rectangle) -> Samples:
    """(H, W) samples, full scale = repaint, from the mask file of a picture of this extent.

    From its alpha (repaint where transparent) when that shows a hole, else from its luminance
    (repaint where white): editors save black-and-white masks with an opaque alpha channel, too.

    Raises:
        InpaintError: as `read_picture`; `size_mismatch` when it is not as large as the picture.
    """
    return mask_from(read_picture(path), extent)


def mask_from(picture: Picture, extent: Rectangle) -> Samples:
    """As `read_mask`, from a mask file that has been decoded."""
    path = picture.path
    if picture.extent != extent:
        raise InpaintError(
            "size_mismatch",
            f"The mask {path.name} has {picture.extent.width} x {picture.extent.height} pixels, "
            f"the picture {extent.width} x {extent.height}.",
            "Make both the same size.",
        )
    if picture.colours == 4:
        raise InpaintError(
            "unreadable",
            f"The mask {path.name} is CMYK.",
            "Save it as grey or RGB, white where to repaint.",
        )
    if picture.has_alpha:
        hole = opacity_to_hole(picture.alpha())
        if hole.any():
            return hole
    return luminance(picture.cut(picture.extent)[..., : picture.colours])


def has_hole(picture: Picture) -> bool:
    """Whether a picture is transparent somewhere, be it only partly."""
    return picture.has_alpha and bool(opacity_to_hole(picture.alpha()).any())


def opacity_to_hole(alpha: Samples) -> Samples:
    """h = 1 - alpha, at the same depth."""
    hole: Samples = (1 if alpha.dtype == np.float32 else np.iinfo(alpha.dtype).max) - alpha
    return hole.astype(alpha.dtype, copy=False)


def hole_bounds(picture: Picture, mask: Samples | None, settings: Settings) -> Rectangle:
    """Where there is something to repaint, before grow and feather.

    Raises:
        InpaintError: `empty_mask` when there is nothing, with how to mark it.
    """
    if settings.text_mask and settings.text_mask_combine != "intersect":
        return picture.extent
    if mask is not None:
        kept = mask == 0 if not settings.invert else mask >= _full(mask)
        empty = "The mask is black everywhere: there is nothing to repaint."
    elif picture.has_alpha:
        alpha = picture.alpha()
        kept = alpha >= _full(alpha) if not settings.invert else alpha == 0
        empty = f"{picture.path.name} is opaque everywhere: there is nothing to repaint."
    elif settings.invert or settings.text_mask:
        return picture.extent
    else:
        raise InpaintError(
            "empty_mask",
            f"{picture.path.name} has no transparency, and no mask was given.",
            _HOW_TO_MARK,
        )
    bounds = _bounds(~kept)
    if bounds.empty:
        if settings.invert:
            empty = "The inverted mask leaves nothing to repaint."
        raise InpaintError("empty_mask", empty, _HOW_TO_MARK)
    return bounds


def stage_bounds(mask: Samples, file: MaskFile) -> Rectangle:
    """Where a stage's own mask shows something to repaint.

    Raises:
        InpaintError: `empty_mask` when that is nowhere.
    """
    bounds = _bounds(mask > 0)
    if bounds.empty:
        name = file.name if isinstance(file, Path) else file.value
        raise InpaintError(
            "empty_mask",
            f"The mask {name} is black everywhere: there is nothing to repaint.",
            _HOW_TO_MARK,
        )
    return bounds


def _full(samples: Samples) -> float:
    return 1.0 if samples.dtype == np.float32 else float(np.iinfo(samples.dtype).max)


def _bounds(hole: NDArray[np.bool_]) -> Rectangle:
    rows = np.flatnonzero(hole.any(axis=1))
    if not rows.size:
        return Rectangle(0, 0, 0, 0)
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(hole[top:bottom].any(axis=0))
    left, right = int(columns[0]), int(columns[-1]) + 1
    return Rectangle(left, top, right - left, bottom - top)
