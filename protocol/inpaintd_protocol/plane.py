"""Pixels on the wire: raw, uncompressed, one frame for each plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

Buffer = Union[bytes, bytearray, memoryview]

BYTES_PER_SAMPLE = {"u8": 1, "u16": 2, "f32": 4}
"""Sample depths: unsigned integers over their full range, or float with 1.0 = white."""


@dataclass(frozen=True)
class Plane:
    """Samples in the order height x width x channels, rows from the top, interleaved,
    little-endian, unpadded.

    Colour is sRGB-encoded and straight (never premultiplied); 4 channels are RGBA, 3 are RGB,
    1 is a mask (full scale = repaint). `data` holds exactly `byte_count` bytes.
    """

    width: int
    height: int
    channels: int
    depth: str
    data: Buffer

    @property
    def byte_count(self) -> int:
        return self.width * self.height * self.channels * BYTES_PER_SAMPLE[self.depth]
