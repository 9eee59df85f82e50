"""The exact hole of a fill, kept so that the fill can be made again. Plain Python, without GIMP."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inpaintd_protocol.plane import BYTES_PER_SAMPLE, Plane
from inpaintd_protocol.rectangle import Rectangle

from .bounds import bounds_of_other_values, rows_of

_LARGEST_BYTES = 4_000_000
"""Of a compressed hole: a larger one, made of noise, would swell the XCF file."""


def cut(mask: Plane, offset: tuple[int, int], region: Rectangle) -> Plane:
    """The part of a mask inside a region; 0 where the region extends beyond it.

    Args:
        mask: one channel, any depth.
        offset: of the mask's first pixel, in the region's coordinates.
    """
    size = BYTES_PER_SAMPLE[mask.depth]
    common = Rectangle(*offset, mask.width, mask.height).intersection(region)
    data = bytearray(region.width * region.height * size)
    if not common.empty:
        for y in range(common.y, common.bottom):
            source = ((y - offset[1]) * mask.width + common.x - offset[0]) * size
            target = ((y - region.y) * region.width + common.x - region.x) * size
            length = common.width * size
            data[target : target + length] = mask.data[source : source + length]
    return Plane(region.width, region.height, 1, mask.depth, bytes(data))


def bounds_of_mask(mask: Plane) -> Rectangle:
    """The smallest rectangle of a u8 or u16 mask that contains all nonzero pixels."""
    size = BYTES_PER_SAMPLE[mask.depth]
    found = bounds_of_other_values(rows_of(bytes(mask.data), mask.width * size), nothing=0)
    left, right = found.x // size, -(-found.right // size)
    return Rectangle(left, found.y, right - left, found.height)


@dataclass(frozen=True)
class KeptHole:
    """A mask, and its offset from the upper left corner of the repainted layer."""

    x: int
    y: int
    mask: Plane

    @classmethod
    def of(cls, mask: Plane, x: int, y: int) -> KeptHole:
        """Crop a mask to its nonzero pixels."""
        box = bounds_of_mask(mask)
        return cls(x + box.x, y + box.y, cut(mask, (0, 0), box))

    def to_map(self) -> dict[str, Any] | None:
        """For JSON; None if it is too large to be stored."""
        packed = zlib.compress(bytes(self.mask.data), 6)
        if len(packed) > _LARGEST_BYTES:
            return None
        return {
            "x": self.x,
            "y": self.y,
            "width": self.mask.width,
            "height": self.mask.height,
            "depth": self.mask.depth,
            "zlib": base64.b64encode(packed).decode("ascii"),
        }

    @classmethod
    def from_map(cls, values: Mapping[str, Any]) -> KeptHole:
        """
        Raises:
            ValueError, KeyError or TypeError: when it is damaged.
        """
        width, height, depth = int(values["width"]), int(values["height"]), str(values["depth"])
        size = width * height * BYTES_PER_SAMPLE[depth]
        unpacker = zlib.decompressobj()
        try:
            data = unpacker.decompress(base64.b64decode(values["zlib"], validate=True), size + 1)
        except zlib.error as error:
            raise ValueError(str(error)) from error
        if len(data) != size or width < 1 or height < 1:
            raise ValueError("the kept hole has another size than it says")
        return cls(int(values["x"]), int(values["y"]), Plane(width, height, 1, depth, data))
