"""Which of GIMP's pixel formats goes over the wire for an image, so that no depth is lost."""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Gimp

COLOUR_FORMATS = {"u8": "R'G'B'A u8", "u16": "R'G'B'A u16", "f32": "R'G'B'A float"}
"""Straight alpha and sRGB-encoded: GIMP itself converts from and to the image's own profile."""

MASK_FORMATS = {"u8": "Y u8", "u16": "Y u16", "f32": "Y float"}
"""Linear: with "Y'" GIMP would apply a gamma to the selection."""


@dataclass(frozen=True)
class Depths:
    """Depth of the colour plane and of the mask plane."""

    colour: str
    mask: str


def depths_of(image: Gimp.Image) -> Depths:
    precision = Gimp.Precision
    eight_bit = image.get_precision() in (precision.U8_NON_LINEAR, precision.U8_PERCEPTUAL)
    sixteen_bit = image.get_precision() in (
        precision.U8_LINEAR,
        precision.U16_NON_LINEAR,
        precision.U16_PERCEPTUAL,
    )
    mask = "u8" if eight_bit else "u16"
    if not _is_srgb(image):
        # Integers would clip the colours that sRGB cannot show; floats go below 0 and above 1.
        return Depths("f32", mask)
    return Depths("u8" if eight_bit else "u16" if sixteen_bit else "f32", mask)


def _is_srgb(image: Gimp.Image) -> bool:
    profile = image.get_color_profile()
    if profile is None:
        return True
    if image.get_base_type() == Gimp.ImageBaseType.GRAY:
        return False
    return bool(profile.is_equal(Gimp.ColorProfile.new_rgb_srgb()))
