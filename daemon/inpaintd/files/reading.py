"""Read any file that can be filled, by its format's row.

Documents of layers come as one picture: the top layer's transparency is the hole, and what is
around it is the document as one sees it, so that the fill fits all layers together.
"""

from __future__ import annotations

from pathlib import Path

from .file_bytes import read_bytes
from .formats import BY_NAME, Format, format_of, function
from .picture import Picture
from .room import in_room


def read_file(path: Path, data: bytes | None = None) -> Picture:
    """A picture file or a document of layers.

    Args:
        data: what the file holds, when it has been read already.

    Raises:
        InpaintError: `unreadable` when it is missing, damaged, or of a kind that cannot be filled;
            `too_large` before anything is decoded that would not fit into memory.
    """
    row = format_of(path)
    if row is not None and row.has_layers:
        return _read(row, path, read_bytes(path) if data is None else data)
    return read_picture(path, data)


def read_picture(path: Path, data: bytes | None = None) -> Picture:
    """A picture file of one layer; as `read_file`."""
    return _read(BY_NAME["png"], path, data)  # which reads all of these, by what they hold


def _read(row: Format, path: Path, data: bytes | None) -> Picture:
    with in_room(path.name):
        picture: Picture = function(row.read)(path, data)
    return picture
