"""The choice of a pixel format for sending an image, so that no depth is lost."""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Babl, Gimp

_SAMPLES = {"u8": "u8", "u16": "u16", "f32": "float"}
_ENCODINGS = {1: "Y", 3: "R'G'B'", 4: "R'G'B'A"}
"""Straight alpha and sRGB-encoded: GIMP itself converts from and to the image's own profile.

"""


def pixel_format(channels: int, depth: str) -> str:
    """The name of GIMP's pixel format for a plane. A wrong one would end the process."""
    return f"{_ENCODINGS[channels]} {_SAMPLES[depth]}"


def channel_format(channel: Gimp.Channel, depth: str) -> str:
    """The format that leaves the values of a selection, layer mask or channel unconverted.

    GIMP calls those of selections and layer masks linear, and those of channels in 8-bit images
    sRGB-encoded, but means the same by both. Another name would apply a gamma to them.
    """
    encoding = "Y'" if Babl.get_name(channel.get_format()).startswith("Y'") else "Y"
    return f"{encoding} {_SAMPLES[depth]}"


@dataclass(frozen=True)
class Depths:
    """Depth of the colour plane and of the mask plane."""

    colour: str
    mask: str


def channel_depth(image: Gimp.Image) -> str:
    """A depth that represents an image's channels exactly."""
    return "u8" if depths_of(image).mask == "u8" else "f32"


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
