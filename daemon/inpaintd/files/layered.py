"""Documents of layers: the top layer's transparency is the hole, the fill becomes a new top layer.

What is around the hole is the document as one sees it, so the fill fits all layers together.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from . import openraster
from .document import NewLayer
from .picture import Picture, read_bytes, read_picture

SUFFIXES = frozenset({".psd", ".psb", ".ora"})


def is_layered(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def read_file(path: Path, data: bytes | None = None) -> Picture:
    """A picture file or a document of layers.

    Args:
        data: what the file holds, when it has been read already.

    Raises:
        InpaintError: as `read_picture`.
    """
    if not is_layered(path):
        return read_picture(path, data)
    return read_layered(path, read_bytes(path) if data is None else data)


def read_layered(path: Path, data: bytes) -> Picture:
    """The document as one picture whose alpha is the top layer's.

    Raises:
        InpaintError: `unreadable` or `too_large`.
    """
    if path.suffix.lower() == ".ora":
        return openraster.read_openraster(path, data)
    from .psd import read_psd  # psd-tools takes a sixth of a second to load

    return read_psd(path, data)


def add_layers(path: Path, data: bytes, layers: Sequence[NewLayer]) -> bytes:
    """The document with layers added on top, first one topmost; all else stays as it is."""
    if path.suffix.lower() == ".ora":
        return openraster.add_to_openraster(data, layers)
    from .psd_layer import add_to_psd

    return add_to_psd(data, layers)
