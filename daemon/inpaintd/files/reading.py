"""Read any file that can be filled, using its format's row.

Layered documents are read as one picture: the top layer's transparency is the hole, and its
surroundings are the document as displayed, so that the fill fits all layers together.
"""

from __future__ import annotations

from pathlib import Path

from .file_bytes import read_bytes
from .formats import BY_NAME, Format, format_of, function
from .picture import Picture
from .room import in_room


def read_file(path: Path, data: bytes | None = None) -> Picture:
    """Read a picture file or a layered document.

    Args:
        data: the file's contents, if they have already been read.

    Raises:
        InpaintError: `unreadable` when it is missing, damaged, or of a kind that cannot be filled;
            `too_large` before decoding anything that would not fit into memory.
    """
    row = format_of(path)
    if row is not None and row.has_layers:
        return _read(row, path, read_bytes(path) if data is None else data)
    return read_picture(path, data)


def read_picture(path: Path, data: bytes | None = None) -> Picture:
    """Read a single-layer picture file; otherwise like `read_file`."""
    return _read(BY_NAME["png"], path, data)  # reads all of these, detecting the format by content


def _read(row: Format, path: Path, data: bytes | None) -> Picture:
    with in_room(path.name):
        picture: Picture = function(row.read)(path, data)
    return picture
