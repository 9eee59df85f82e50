"""The header of a GGUF file: its tensors by name, without reading any. Standard library only.

Source of the format: docs/gguf.md of the ggml library, versions 2 and 3.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import BinaryIO

SUFFIX = ".gguf"

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_MOST_ENTRIES = 1_000_000
_LONGEST_TEXT = 64 << 20
_MOST_DIMENSIONS = 4
_ALIGNMENT = 32

_SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Sizes of the types of metadata, by number."""
_UINT32, _TEXT, _LIST = 4, 8, 9

TYPES = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
}
"""Name, numbers in a block, and bytes of a block of each type of tensor, by number."""

PACKED = {name: size / numbers for name, numbers, size in TYPES.values() if numbers > 1}
"""Bytes for each number of the types that pack several numbers together."""


class BadGgufError(ValueError):
    """The file is no GGUF file, or not a whole one; the message completes "FILE is ..."."""


def read_header(file: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of each tensor by name; shapes as torch gives them.

    Raises:
        OSError: when the file cannot be read.
        BadGgufError: for a file of another kind, or one that is cut off.
    """
    with file.open("rb") as stream:
        try:
            return _tensors(stream, file.stat().st_size)
        except struct.error as error:
            raise BadGgufError("cut off within its list of contents") from error


def _tensors(stream: BinaryIO, size: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    if stream.read(4) != _MAGIC:
        raise BadGgufError("no GGUF file in spite of its name")
    version, count, entries = _unpack(stream, "<IQQ")
    if version not in _VERSIONS:
        raise BadGgufError(f"a GGUF file of version {version}, which is not known here")
    if count > _MOST_ENTRIES or entries > _MOST_ENTRIES:
        raise BadGgufError("damaged: its list of contents makes no sense")
    alignment = _ALIGNMENT
    for _ in range(entries):
        key = _text(stream)
        (kind,) = _unpack(stream, "<I")
        if key == "general.alignment" and kind == _UINT32:
            (alignment,) = _unpack(stream, "<I")
        else:
            _skip(stream, kind)
    found: dict[str, tuple[str, tuple[int, ...]]] = {}
    end = 0
    for _ in range(count):
        name = _text(stream)
        (dimensions,) = _unpack(stream, "<I")
        if dimensions > _MOST_DIMENSIONS:
            raise BadGgufError("damaged: its list of contents makes no sense")
        shape = _unpack(stream, f"<{dimensions}Q")
        number, offset = _unpack(stream, "<IQ")
        if number not in TYPES:
            raise BadGgufError(f"packed in a way that is not known here (type {number})")
        kind_name, numbers, block_bytes = TYPES[number]
        found[name] = (kind_name, tuple(reversed(shape)))
        end = max(end, offset + math.prod(shape) // numbers * block_bytes)
    start = -(-stream.tell() // max(alignment, 1)) * max(alignment, 1)
    if start + end > size:
        raise BadGgufError(
            f"cut off: {start + end - size:,} of its {start + end:,} bytes are missing"
        )
    return found


def _unpack(stream: BinaryIO, form: str) -> tuple[int, ...]:
    return struct.unpack(form, stream.read(struct.calcsize(form)))


def _text(stream: BinaryIO) -> str:
    (length,) = _unpack(stream, "<Q")
    if length > _LONGEST_TEXT:
        raise BadGgufError("damaged: its list of contents makes no sense")
    raw = stream.read(length)
    if len(raw) < length:
        raise BadGgufError("cut off within its list of contents")
    return raw.decode("utf-8", "replace")


def _skip(stream: BinaryIO, kind: int) -> None:
    """Read past one value of the metadata; lists of lists occur nowhere, and are not followed."""
    if kind == _TEXT:
        _text(stream)
    elif kind == _LIST:
        inner, count = _unpack(stream, "<IQ")
        if inner == _TEXT:
            if count > _LONGEST_TEXT:
                raise BadGgufError("damaged: its list of contents makes no sense")
            for _ in range(count):
                _text(stream)
        elif inner in _SCALAR_BYTES:
            stream.seek(count * _SCALAR_BYTES[inner], 1)
        else:
            raise BadGgufError("damaged: its list of contents makes no sense")
    elif kind in _SCALAR_BYTES:
        stream.seek(_SCALAR_BYTES[kind], 1)
    else:
        raise BadGgufError("damaged: its list of contents makes no sense")
