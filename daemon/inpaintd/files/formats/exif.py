"""EXIF in TIFF files, which libvips neither reads nor writes; it does for all other formats."""

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
"""The tags of a TIFF's first directory that are about the picture, not about how it is stored."""

_OF_THE_LAYOUT = (40965,)  # the interoperability directory: an offset into the old file
_BIG = b"+"
_ASCII, _LONG = 2, 4  # TIFF 6.0, section 2


def attach_exif(image: Any, file: BinaryIO) -> Any:
    """The image, read from this TIFF file, with its EXIF as libvips has it for other formats."""
    kept = Image.Exif()
    # Pillow raises a dozen unrelated types on damaged tags, which are no reason to refuse pixels.
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
    except ValueError:  # over the 64 kB of a JPEG marker: kept whole for TIFF, and for others not
        vips.set_blob(image, _BLOB, kept.tobytes())
        return image
    for name in vips.fields(carrier):
        if name == _BLOB:
            vips.set_blob(image, name, carrier.get(name))
        elif name.startswith("exif-"):
            vips.set_text(image, name, carrier.get(name))
    return image


def write_exif(image: Any, path: Path) -> None:
    """Put the image's EXIF into the TIFF file that libvips has written of it.

    A new first directory is appended and the header is pointed to it; pixels stay where they are.
    """
    if not image.get_typeof(_BLOB):
        return
    with path.open("r+b") as file, suppress(ValueError, KeyError, struct.error):
        header = file.read(8)
        if header[2:3] == _BIG:
            return  # over 4 GB, where offsets have another width
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
    """Tag to entry of 12 bytes, and the offset of the next directory, as in the file."""
    file.seek(struct.unpack(order + "L", header[4:])[0])
    (count,) = struct.unpack(order + "H", file.read(2))
    raw = [file.read(12) for _ in range(count)]
    return {struct.unpack(order + "H", entry[:2])[0]: entry for entry in raw}, file.read(4)


def _encode(
    exif: Image.Exif, order: str, header: bytes, start: int
) -> tuple[dict[int, bytes], bytes]:
    """Tag to entry of 12 bytes, and the values that these point to, which will lie at `start`."""
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
    """A pixel that libvips has read with this EXIF: it fills in a field for each tag."""
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "jpeg", exif=exif)
    return vips.Image.jpegload_buffer(buffer.getvalue())
