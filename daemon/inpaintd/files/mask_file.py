"""The pixels to repaint: from a picture's own transparency, or from a second file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np

from inpaintd.geometry import bounds
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Notice
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

from .colour import luminance, to_unit
from .picture import Picture, Samples
from .reading import read_picture

_NOISE = 5.5 / 255
"""Largest deviation from black and white that lossy compression of a mask may cause."""

_PAINTED = "painted_mask"
_NEARLY_ALL = 0.9

_COLOURFUL = 1 / 8
"""Smallest difference between the channels of a colour that is not grey."""

_COLOURFUL_SHARE = 0.1
"""Largest share of coloured pixels among the non-black ones in a mask that is meant to be grey."""

_MOST_TONES = 100
"""Largest number of tones, at 4 bits a channel, in a painted mask."""

_HOW_TO_MARK = (
    "Make the area to repaint transparent, or give a mask with -M: a picture of the same size, "
    "white in that area."
)


class Everywhere(Enum):
    """A placeholder for a mask that is white everywhere."""

    EVERYWHERE = "everywhere"


MaskFile = Path | Everywhere
"""A mask on disk, or the one that needs no file."""


@dataclass(frozen=True)
class ReadMask:
    """A mask file that was read and interpreted.

    Attributes:
        samples: (H, W), full scale = repaint.
        notices: what the user should know about how it was interpreted.
    """

    samples: Samples
    notices: tuple[Notice, ...] = ()


def read_mask_of(file: MaskFile | None, extent: Rectangle) -> ReadMask | None:
    """Read a mask that may also be none or everywhere; otherwise like `read_mask`."""
    if file is None:
        return None
    if isinstance(file, Everywhere):
        return ReadMask(np.full((extent.height, extent.width), 255, np.uint8))
    return read_mask(file, extent)


def read_mask(path: Path, extent: Rectangle) -> ReadMask:
    """Read the mask file of a picture of this extent.

    The mask is its alpha (repaint where transparent) if that shows a hole, else its luminance
    (repaint where white): editors save black-and-white masks with an opaque alpha channel, too.
    White strokes on a transparent layer mark the area to repaint.

    Raises:
        InpaintError: as `read_picture`; `size_mismatch` when its size is not the picture's;
            `unreadable` when it is not a mask.
    """
    return mask_from(read_picture(path), extent)


def mask_from(picture: Picture, extent: Rectangle) -> ReadMask:
    """Interpret a decoded mask file; otherwise like `read_mask`."""
    path = picture.path
    if picture.extent != extent:
        raise InpaintError(
            "size_mismatch",
            f"The mask {path.name} is {picture.extent.width} x {picture.extent.height} pixels, "
            f"the picture {extent.width} x {extent.height}.",
            "Make both the same size.",
        )
    if picture.colours == 4:
        raise InpaintError(
            "unreadable",
            f"The mask {path.name} is CMYK.",
            "Save it as greyscale or RGB, white where the picture is to be repainted.",
        )
    understood = _understood(picture)
    return _without_noise(understood, path.name) if picture.lossy else understood


def _understood(picture: Picture) -> ReadMask:
    name = picture.path.name
    colour = picture.cut(picture.extent)[..., : picture.colours]
    if picture.has_alpha:
        alpha = picture.alpha()
        hole = opacity_to_hole(alpha)
        if hole.any() and not _is_painted_white(colour, alpha):
            return ReadMask(hole)
        if hole.any():
            notice = Notice(
                _PAINTED,
                f"{name} has white strokes on transparency: the white area is repainted.",
            )
            return ReadMask(alpha, (notice,))
    notices = _colourful(colour, name) if picture.colours == 3 else ()
    return ReadMask(luminance(colour), notices)


def _is_painted_white(colour: Samples, alpha: Samples) -> bool:
    """Test whether a layer is pure white, with no picture under its transparent pixels."""
    shown = alpha > 0
    if not shown.any() or (colour[shown] != _full(colour)).any():
        return False
    under = colour[~shown]
    return not under.size or bool((under == under[0]).all())


def _colourful(colour: Samples, name: str) -> tuple[Notice, ...]:
    """A warning for (H, W, 3) colours where greys were expected.

    Raises:
        InpaintError: `unreadable` when there are as many colours as only photographs have.
    """
    unit = to_unit(colour)
    lit = unit.max(axis=2) > _COLOURFUL
    if np.count_nonzero(np.ptp(unit, axis=2) > _COLOURFUL) <= _COLOURFUL_SHARE * lit.sum():
        return ()
    tones = np.clip(unit * 15, 0, 15).astype(np.uint16) @ np.array([256, 16, 1], np.uint16)
    if np.unique(tones).size > _MOST_TONES:
        raise InpaintError(
            "unreadable",
            f"{name} is a colour picture, not a mask.",
            "Give a mask that is white where to repaint and black elsewhere, or the same picture "
            "with a transparent hole.",
        )
    return (
        Notice(
            "coloured_mask",
            f"The mask {name} is coloured: lighter colours are repainted more.",
            "Paint masks in white to repaint fully.",
        ),
    )


def _without_noise(mask: ReadMask, name: str) -> ReadMask:
    """Snap nearly black and nearly white samples to it: lossy compression spreads greys."""
    samples, full = mask.samples, _full(mask.samples)
    low, high = samples <= _NOISE * full, samples >= (1 - _NOISE) * full
    cleaned = np.where(low, 0, np.where(high, full, samples)).astype(samples.dtype)
    if (cleaned == samples).all():
        return mask
    notice = Notice(
        "lossy_mask",
        f"{name} uses lossy compression, so near-black and near-white pixels count as black "
        "and white.",
        "Save masks as PNG to keep exact grey levels.",
    )
    return ReadMask(cleaned, (*mask.notices, notice))


def told(read: ReadMask | None, settings: Settings, *, invert: str) -> tuple[Notice, ...]:
    """A notice about how a mask was interpreted, with a remedy.

    Args:
        invert: how to invert it in this interface.
    """
    if read is None:
        return ()
    if settings.invert:  # the strokes are then kept, as requested
        return tuple(notice for notice in read.notices if notice.code != _PAINTED)
    remedy = f"To repaint the transparent area instead, use {invert}."
    return tuple(replace(n, remedy=remedy) if n.code == _PAINTED else n for n in read.notices)


def nearly_all(
    picture: Picture, mask: Samples | None, bounds: Rectangle, settings: Settings, *, invert: str
) -> tuple[Notice, ...]:
    """A warning when hardly anything is kept, because the mask may be inverted.

    Args:
        mask: (H, W), full scale = repaint; None stands for the picture's transparency.
        bounds: a rectangle that contains the area to repaint.
        invert: how to invert it in this interface.
    """
    if settings.text_mask or (mask is None and not picture.has_alpha):
        return ()
    # True in nearly all cases, and saves counting the pixels.
    extent = picture.extent
    if bounds.width * bounds.height <= _NEARLY_ALL * extent.width * extent.height:
        return ()
    hole = opacity_to_hole(picture.alpha()) if mask is None else mask
    share = float(np.mean(hole < _full(hole) if settings.invert else hole > 0))
    if share <= _NEARLY_ALL:
        return ()
    how_much = "All" if share == 1 else f"{min(share, 0.99):.0%}"
    change = "leave out" if settings.invert else "use"
    return (
        Notice(
            "nearly_all",
            f"{how_much} of the picture is to be repainted.",
            f"If the mask is inverted by mistake, {change} {invert}.",
        ),
    )


def has_hole(picture: Picture) -> bool:
    """Test whether a picture is transparent somewhere, even partly."""
    return picture.has_alpha and bool(opacity_to_hole(picture.alpha()).any())


def opacity_to_hole(alpha: Samples) -> Samples:
    """h = 1 - alpha, at the same depth."""
    hole: Samples = (1 if alpha.dtype == np.float32 else np.iinfo(alpha.dtype).max) - alpha
    return hole.astype(alpha.dtype, copy=False)


def hole_bounds(picture: Picture, mask: Samples | None, settings: Settings) -> Rectangle:
    """The bounds of the area to repaint, before growing and feathering.

    Raises:
        InpaintError: `empty_mask` when it is empty, with how to mark it.
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
    found = bounds(~kept)
    if found.empty:
        if settings.invert:
            empty = "The inverted mask leaves nothing to repaint."
        raise InpaintError("empty_mask", empty, _HOW_TO_MARK)
    return found


def stage_bounds(mask: Samples, file: MaskFile) -> Rectangle:
    """Check that a stage's own mask contains something to repaint.

    Raises:
        InpaintError: `empty_mask` when it does not.
    """
    found = bounds(mask > 0)
    if found.empty:
        name = file.name if isinstance(file, Path) else file.value
        raise InpaintError(
            "empty_mask",
            f"The mask {name} is black everywhere: there is nothing to repaint.",
            _HOW_TO_MARK,
        )
    return found


def _full(samples: Samples) -> float:
    return 1.0 if samples.dtype == np.float32 else float(np.iinfo(samples.dtype).max)
