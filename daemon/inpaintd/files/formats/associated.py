"""TIFF files whose colours are premultiplied by alpha ("associated alpha").

libvips would unpremultiply and round them while reading, so it is told that alpha is unassociated:
kept pixels then retain the file's exact values. Source: TIFF 6.0, section 18.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

_EXTRA_SAMPLES, _SHORT = 338, 3
_ASSOCIATED, _UNASSOCIATED = 1, 2
_ORDERS = {b"II": "<", b"MM": ">"}
_CLASSIC, _BIG = 42, 43


def is_associated(file: BinaryIO) -> bool:
    """Test whether the only extra channel of a TIFF file's first picture is associated alpha."""
    found = _extra_sample(file)
    return found is not None and found[1] == _ASSOCIATED


def set_associated(file: BinaryIO, *, associated: bool) -> None:
    """Set or clear the associated-alpha flag in the file, and leave everything else unchanged."""
    found = _extra_sample(file)
    if found is not None:
        position, _, order = found
        file.seek(position)
        file.write(struct.pack(order + "H", _ASSOCIATED if associated else _UNASSOCIATED))


def _extra_sample(file: BinaryIO) -> tuple[int, int, str] | None:
    """The offset of the tag's value, the value, and the byte order; None without such a tag."""
    try:
        file.seek(0)
        head = file.read(16)
        order = _ORDERS[head[:2]]
        (version,) = struct.unpack_from(order + "H", head, 2)
        big = {_CLASSIC: False, _BIG: True}[version]
        (start,) = struct.unpack_from(order + ("Q" if big else "L"), head, 8 if big else 4)
        count_of, entry_of = (
            (struct.Struct(order + "Q"), struct.Struct(order + "HHQ8s"))
            if big
            else (struct.Struct(order + "H"), struct.Struct(order + "HHL4s"))
        )
        file.seek(start)
        (count,) = count_of.unpack(file.read(count_of.size))
        for number in range(count):
            tag, kind, values, value = entry_of.unpack(file.read(entry_of.size))
            if tag == _EXTRA_SAMPLES and kind == _SHORT and values == 1:
                end = start + count_of.size + (number + 1) * entry_of.size
                return end - len(value), struct.unpack(order + "H", value[:2])[0], order
    except (KeyError, struct.error, OSError, OverflowError):
        return None  # truncated: libvips reports the error
    return None
