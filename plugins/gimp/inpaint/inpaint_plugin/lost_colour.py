"""Detect holes that GIMP has painted over. Works on bytes, since GIMP includes no numpy."""

from __future__ import annotations

from inpaintd_protocol.plane import BYTES_PER_SAMPLE, Plane

_SAMPLES = 20_000
_FULL = {"u8": 1, "u16": 2}
_LEAST_HOLE_SAMPLES = 16


def flat_colour_of_hole(colour: Plane, mask: Plane) -> bytes | None:
    """The one colour that fills the hole, when the surroundings are not of that colour too.

    Looks at some 20 000 pixels spread over the planes, and mostly stops after a few.

    Args:
        colour: RGB or RGBA.
        mask: as large as `colour`, u8 or u16.

    Returns:
        The bytes of its red, green and blue, or None.
    """
    bytes_per_pixel = colour.channels * BYTES_PER_SAMPLE[colour.depth]
    bytes_of_colour = 3 * BYTES_PER_SAMPLE[colour.depth]
    bytes_per_grey = _FULL[mask.depth]
    white, black = b"\xff" * bytes_per_grey, b"\0" * bytes_per_grey
    count = colour.width * colour.height
    step = max(1, count // _SAMPLES) | 1  # odd, so that it walks through all columns
    flat: bytes | None = None
    hole = kept = kept_alike = 0
    outside: list[bytes] = []
    for index in range(0, count, step):
        grey = mask.data[index * bytes_per_grey : (index + 1) * bytes_per_grey]
        if grey != white and grey != black:
            continue
        start = index * bytes_per_pixel
        pixel = bytes(colour.data[start : start + bytes_of_colour])
        if grey == black:
            outside.append(pixel)
            continue
        hole += 1
        if flat is None:
            flat = pixel
        elif pixel != flat:
            return None
    kept = len(outside)
    kept_alike = sum(pixel == flat for pixel in outside)
    if flat is None or hole < _LEAST_HOLE_SAMPLES or kept_alike * 2 > kept or kept == 0:
        return None
    return flat
