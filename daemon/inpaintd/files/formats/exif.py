"""EXIF in TIFF files, which libvips neither reads nor writes, unlike that of other formats."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from .. import vips

_BLOB = "exif-data"
_EXIF, _GPS = 34665, 34853
_ABOUT_THE_PICTURE = (
    271,  # Make
    272,  # Model
    305,  # Software
    306,  # DateTime
    315,  # Artist
    316,  # HostComputer
    33432,  # Copyright
)
"""Tags of a TIFF's first directory that describe the picture, not how it is stored."""

_OF_THE_LAYOUT = (40965,)  # the interoperability directory: an offset into the old file
_BIG = b"+"
_ASCII, _LONG = 2, 4  # TIFF 6.0, section 2


def attach_exif(image: Any, file: BinaryIO) -> Any:
    """The image read from this TIFF file, with its EXIF attached as libvips does elsewhere."""
    kept = Image.Exif()
    # Pillow raises a dozen unrelated types on damaged tags, which are no reason to reject pixels.
    with suppress(Exception):
        exif = Image.Exif()
        exif.load_from_fp(file)
        for tag in _ABOUT_THE_PICTURE:
            if tag in exif:
                kept[tag] = exif[tag]
        for tag in (_EXIF, _GPS):
            directory = _without_layout(exif.get_ifd(tag))
            if directory:
                kept[tag] = directory
    if not kept:
        return image
    image = image.copy()
    try:
        carrier = _carrier(kept)
    except ValueError:  # over a JPEG marker's 64 kB: kept whole for TIFF, dropped for the others
        vips.set_blob(image, _BLOB, kept.tobytes())
        return image
    for name in vips.fields(carrier):
        if name == _BLOB:
            vips.set_blob(image, name, carrier.get(name))
        elif name.startswith("exif-"):
            vips.set_text(image, name, carrier.get(name))
    return image


def write_exif(image: Any, path: Path) -> None:
    """Write the image's EXIF into the TIFF file that libvips has saved from it.

    A new first directory is appended and the header points to it; pixels stay where they are.
    """
    if not image.get_typeof(_BLOB):
        return
    with path.open("r+b") as file, suppress(ValueError, KeyError, struct.error):
        header = file.read(8)
        if header[2:3] == _BIG:
            return  # over 4 GB, where offsets are wider
        order = "<" if header[:2] == b"II" else ">"
        entries, following = _read_directory(file, order, header)
        end = file.seek(0, io.SEEK_END)
        start = end + end % 2
        exif = Image.Exif()
        exif.load(image.get(_BLOB))
        more, values = _encode(exif, order, header, start)
        merged = sorted((more | entries).items())
        file.seek(start)
        file.write(values + struct.pack(order + "H", len(merged)))
        file.write(b"".join(entry for _, entry in merged) + following)
        file.seek(4)
        file.write(struct.pack(order + "L", start + len(values)))


def _read_directory(file: BinaryIO, order: str, header: bytes) -> tuple[dict[int, bytes], bytes]:
    """A mapping of tags to 12-byte entries, and the offset of the next directory."""
    file.seek(struct.unpack(order + "L", header[4:])[0])
    (count,) = struct.unpack(order + "H", file.read(2))
    raw = [file.read(12) for _ in range(count)]
    return {struct.unpack(order + "H", entry[:2])[0]: entry for entry in raw}, file.read(4)


def _encode(
    exif: Image.Exif, order: str, header: bytes, start: int
) -> tuple[dict[int, bytes], bytes]:
    """A mapping of tags to 12-byte entries, and the values they point to, placed at `start`."""
    entries, values = {}, b""
    for tag in _ABOUT_THE_PICTURE:
        if tag not in exif:
            continue
        text = str(exif[tag]).encode() + b"\0"
        inline = text.ljust(4, b"\0")
        if len(text) > 4:
            inline = struct.pack(order + "L", start + len(values))
            values += text + bytes(len(text) % 2)
        entries[tag] = struct.pack(order + "HHL", tag, _ASCII, len(text)) + inline
    for tag in (_EXIF, _GPS):
        content = _without_layout(exif.get_ifd(tag))
        if not content:
            continue
        directory = ImageFileDirectory_v2(header, group=tag)
        for sub_tag, value in content.items():
            directory[sub_tag] = value
        offset = start + len(values)
        entries[tag] = struct.pack(order + "HHLL", tag, _LONG, 1, offset)
        encoded = directory.tobytes(offset)
        values += encoded + bytes(len(encoded) % 2)
    return entries, values


def _without_layout(directory: dict[int, Any]) -> dict[int, Any]:
    return {tag: value for tag, value in directory.items() if tag not in _OF_THE_LAYOUT}


def _carrier(exif: Image.Exif) -> Any:
    """A one-pixel image that libvips has read with this EXIF, which creates a field per tag."""
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "jpeg", exif=exif)
    return vips.Image.jpegload_buffer(buffer.getvalue())
