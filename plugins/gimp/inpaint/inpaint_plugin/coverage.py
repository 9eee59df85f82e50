"""The coverage of a mask, in numbers and in words. Plain Python, since GIMP ships no numpy."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings, Settled

from .bounds import bounds_of_other_values, rows_of
from .texts import _

_HALF = bytes(value >= 128 for value in range(256))
"""The level at which GIMP draws the outline of a selection."""


@dataclass(frozen=True)
class Coverage:
    """The part of a mask that is at least half selected."""

    pixels: int
    bounds: Rectangle


def coverage_of(mask: Plane) -> Coverage:
    """The coverage of a u8 mask."""
    half = bytes(mask.data).translate(_HALF)
    bounds = bounds_of_other_values(rows_of(half, mask.width), nothing=0)
    return Coverage(half.count(1), bounds)


def is_empty(mask: Plane) -> bool:
    """Test whether a mask is entirely empty, without even faintly selected pixels."""
    data = bytes(mask.data)
    return data.count(0) == len(data)


def size_in_words(found: Coverage, layer_pixels: int) -> str:
    """The size in words, also as a share of the layer."""
    share = found.pixels / layer_pixels
    width, height = found.bounds.width, found.bounds.height
    if share < 0.01:
        words = _("less than 1 % of the layer, {width} × {height} px")
        return words.format(width=width, height=height)
    words = _("{percent} % of the layer, {width} × {height} px")
    return words.format(percent=round(share * 100), width=width, height=height)


def found_in_words(
    found: Coverage, layer_pixels: int, settings: Settings, words: str, surest: float
) -> str:
    """The result of a mask by text, in one line.

    Args:
        settings: those of the mask.
        words: its text, short enough for a line.
        surest: the highest value of the heat map that the mask was made from, 0 to 1.
    """
    if not found.bounds.empty:
        size = size_in_words(found, layer_pixels)
        text = (
            _("Everything except “{words}”: {size}") if settings.invert else _("“{words}”: {size}")
        )
        return text.format(words=words, size=size)
    if settings.invert and surest >= Settled.of(settings).text_mask_threshold:
        text = _("The whole layer matches “{words}”: raise the threshold, or use other words.")
        return text.format(words=words)
    text = _(
        "The best match for “{words}” has a confidence of {surest}: lower the threshold, or use "
        "other words."
    )
    return text.format(words=words, surest=f"{surest:.2f}")
