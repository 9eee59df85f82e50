"""Animated PNG files, of which libvips reads only the first frame."""

from __future__ import annotations

import struct
from typing import BinaryIO

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHECKSUM_BYTES = 4


def frames_of_png(file: BinaryIO) -> int:
    """The frame count that a PNG file declares. Source: PNG, third edition, section 11.3.6."""
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        return 1
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"acTL" and len(count := file.read(4)) == 4:
            return max(1, int.from_bytes(count, "big"))
        if kind == b"IDAT":
            break
        file.seek(length + _CHECKSUM_BYTES, 1)
    return 1
