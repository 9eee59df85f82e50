"""Single-layer pictures, read with libvips."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Notice

from .. import vips
from ..file_bytes import read_bytes
from ..picture import PREMULTIPLIED, Picture, assumed_profile
from ..room import check_size
from . import BY_LOADER, Format
from .apng import frames_of_png
from .associated import is_associated, set_associated
from .exif import attach_exif
from .kinds import START_BYTES, formats_hint, is_lossy_webp, not_a_picture

_HALF_HINT = "It may be damaged or incompletely copied: save or copy it again."
_DEPTHS = {"uchar": "u8", "ushort": "u16", "float": "f32"}
_SAMPLE_BYTES = {"u8": 1, "u16": 2, "f32": 4}
_COLOUR_CHANNELS = {
    "b-w": 1,
    "grey16": 1,
    "srgb": 3,
    "rgb16": 3,
    "rgb": 3,
    "scrgb": 3,
    "cmyk": 4,
}


def read(path: Path, data: bytes | None = None) -> Picture:
    """Decode a picture file.

    Args:
        data: the file's contents, if they have already been read.

    Raises:
        InpaintError: `unreadable` when it is missing, damaged, or of a kind that cannot be filled;
            `too_large` when it declares more pixels than may be read, or than fit in memory.
    """
    data, premultiplied = _as_stored(path, data)
    image, row = _open(path, data)
    depth, colours = _numbers(path, image)
    check_size(
        path.name,
        image.width,
        image.height,
        image.bands * _SAMPLE_BYTES[depth] * (row.copies + premultiplied),
    )
    with vips.unreadable(path.name, _HALF_HINT):
        image = image.copy_memory()
        if image.get_typeof("orientation") and image.get("orientation") > 1:
            # The artist sees the picture upright, and so is a mask painted over it.
            image = image.autorot().copy_memory()
    if row.name == "tiff":
        with path.open("rb") if data is None else io.BytesIO(data) as file:
            image = attach_exif(image, file)
    if premultiplied:
        image = image.copy()
        vips.set_text(image, PREMULTIPLIED, "")
    pages = _frames(image)
    if row.name == "png":
        with path.open("rb") if data is None else io.BytesIO(data) as file:
            pages = frames_of_png(file)
    return Picture(
        path,
        image,
        row.name,
        depth,
        colours,
        (*_first_of(path, pages), *assumed_profile(path, image)),
        premultiplied,
        lossy=_is_lossy(row, path, data),
    )


def _as_stored(path: Path, data: bytes | None) -> tuple[bytes | None, bool]:
    """The bytes to decode, marked so that premultiplied colours are kept, and whether they are."""
    try:
        with path.open("rb") if data is None else io.BytesIO(data) as file:
            if not is_associated(file):
                return data, False
            file.seek(0)
            stored = io.BytesIO(file.read())
    except OSError:
        return data, False  # the next step reports the error
    set_associated(stored, associated=False)
    return stored.getvalue(), True


def _is_lossy(row: Format, path: Path, data: bytes | None) -> bool:
    if row.lossless is not None:
        return not row.lossless
    with path.open("rb") if data is None else io.BytesIO(data) as file:
        return is_lossy_webp(file)


def _open(path: Path, data: bytes | None) -> tuple[Any, Format]:
    """The header and the format of a file, without decoding pixels."""
    start = read_bytes(path, START_BYTES) if data is None else data[:START_BYTES]
    if (error := not_a_picture(path.name, start)) is not None:
        raise error
    with vips.unreadable(path.name, f"{formats_hint()} {_HALF_HINT}"):
        # "error" rejects a truncated picture, which libvips would otherwise pad with grey.
        source = vips.source(str(path)) if data is None else vips.source_of(data)
        image = vips.Image.new_from_source(source, "", access="sequential", fail_on="error")
    loader = str(image.get("vips-loader")).removesuffix("_source")
    if loader not in BY_LOADER:
        raise InpaintError(
            "unreadable", f"{path.name} is not in a supported picture format.", formats_hint()
        )
    return image, BY_LOADER[loader]


def _numbers(path: Path, image: Any) -> tuple[str, int]:
    """Depth and number of colour channels, if they can be filled."""
    depth = _DEPTHS.get(image.format)
    colours = _COLOUR_CHANNELS.get(image.interpretation)
    if depth is None or colours is None or image.bands not in (colours, colours + 1):
        raise InpaintError(
            "unreadable",
            f"{path.name} has {image.bands} channel(s) of {image.format} samples "
            f"({image.interpretation}), which is not supported.",
            "Save it as grey, RGB or CMYK with 8 or 16 bits, or as a 32-bit float TIFF, "
            "with at most one alpha channel.",
        )
    return depth, colours


def _frames(image: Any) -> int:
    return int(image.get("n-pages")) if image.get_typeof("n-pages") else 1


def _first_of(path: Path, pages: int) -> tuple[Notice, ...]:
    if pages == 1:
        return ()
    return (
        Notice(
            "first_page",
            f"{path.name} has {pages} pages or frames; only the first was filled, and the result "
            "contains only that one.",
            "Save each of the other pages as a separate file.",
        ),
    )
