"""Small picture files of every kind that may fall into a hot folder."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

SIDE = 48


def photograph(number: int = 0) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3): another part of the photograph for each number."""
    picture = data.astronaut()
    y, x = (number * 37) % 460, (number * 53) % 460
    part = picture[y : y + SIDE, x : x + SIDE].copy()
    part[0, 0] = number >> 8, number & 255, 0  # no two are the same, not even in the dark
    return part


def with_hole(number: int = 0) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 4) with a transparent square that keeps its colour."""
    alpha = np.full((SIDE, SIDE, 1), 255, np.uint8)
    alpha[hole()] = 0
    return np.concatenate([photograph(number), alpha], axis=2)


def hole() -> tuple[slice, slice]:
    return slice(16, 28), slice(14, 26)


def encoded(pixels: NDArray[np.uint8], kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def mask_picture() -> NDArray[np.uint8]:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[hole()] = 255
    return mask


def bomb() -> bytes:
    """A PNG of a hundred bytes that says that it has 3.6 thousand million pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", b"") + _chunk(b"IEND")


def with_itxt(png: bytes, keyword: str, text: str) -> bytes:
    """A PNG file with one more international text chunk, right behind its header."""
    content = keyword.encode() + b"\0\0\0\0\0" + text.encode()
    return png[:33] + _chunk(b"iTXt", content) + png[33:]


def with_recipe(recipe: str) -> bytes:
    """A picture with a hole, and with this for its recipe."""
    png = encoded(with_hole(1))
    return png[:33] + _chunk(b"tEXt", b"inpaintd\0" + recipe.encode()) + png[33:]


def huge_hole() -> bytes:
    """A PNG of 110 million pixels, all of them transparent, in a hundred kilobytes."""
    width, height = 11_000, 10_000
    header = struct.pack(">IIBBBBB", width, height, 8, 4, 0, 0, 0)
    rows = zlib.compress(bytes((1 + 2 * width) * height), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND")


def pixels_of(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


def _chunk(kind: bytes, content: bytes = b"") -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
