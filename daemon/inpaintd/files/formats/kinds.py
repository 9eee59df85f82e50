"""Identify files that libvips cannot read by their first bytes."""

from __future__ import annotations

from typing import BinaryIO

from inpaintd_protocol.errors import InpaintError

from . import readable

START_BYTES = 512

_KINDS = {
    b"BM": "a BMP picture",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture",
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"gimp xcf": "a GIMP document",
    b"8BPS": "a Photoshop document",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a compressed archive",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
_HEIC = (b"ftypheic", b"ftypheix", b"ftypmif1")


def formats_hint() -> str:
    """Advice for a file that cannot be read."""
    return f"Save it in one of the supported formats: {readable()}."


def not_a_picture(name: str, start: bytes) -> InpaintError | None:
    """The error for a file that begins with these bytes; None if they are not recognized.

    Args:
        start: its first `START_BYTES`.
    """
    if not start:
        return InpaintError("unreadable", f"{name} is empty.", "Save or copy it again.")
    kind = next((kind for magic, kind in _KINDS.items() if start.startswith(magic)), "")
    if start[4:12] in _HEIC:
        kind = "an HEIC picture"
    if not kind and _is_text(start):
        kind = "a text"
    if not kind:
        return None
    return InpaintError("unreadable", f"{name} is {kind}, which is not supported.", formats_hint())


def is_lossy_webp(file: BinaryIO) -> bool:
    """Test whether a WebP file was saved lossily. Source: RFC 9649."""
    file.seek(12)
    while len(head := file.read(8)) == 8:
        if head[:4] in (b"VP8 ", b"VP8L"):
            return head[:4] == b"VP8 "
        if head[:4] == b"ANMF":
            file.seek(16, 1)  # the first frame's own chunks follow
            continue
        length = int.from_bytes(head[4:], "little")
        file.seek(length + length % 2, 1)
    return False


def _is_text(start: bytes) -> bool:
    try:
        text = start[: START_BYTES - 4].decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4:
            return False
        text = start[: error.start].decode("utf-8")
    return all(c.isprintable() or c.isspace() for c in text)
