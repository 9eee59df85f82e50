"""Which of GIMP's pixel formats goes over the wire for an image, so that no depth is lost."""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Gimp

_SAMPLES = {"u8": "u8", "u16": "u16", "f32": "float"}
_ENCODINGS = {1: "Y", 3: "R'G'B'", 4: "R'G'B'A"}
"""Straight alpha and sRGB-encoded: GIMP itself converts from and to the image's own profile.

Masks are linear: with "Y'" GIMP would apply a gamma to the selection.
"""


def pixel_format(channels: int, depth: str) -> str:
    """The name of GIMP's pixel format for a plane. A wrong one would end the process."""
    return f"{_ENCODINGS[channels]} {_SAMPLES[depth]}"


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
