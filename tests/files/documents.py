"""Real documents of layers, of every colour mode; by hand where psd-tools makes none."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageCms
from psd_tools import PSDImage

BITMAP, INDEXED, MULTICHANNEL, DUOTONE = 0, 2, 7, 8
_TRANSPARENCY_INDEX = 1047
_ICC_PROFILE = 1039


def layered(mode: str, pixels: NDArray[Any], *more: NDArray[Any], version: int = 1) -> bytes:
    """A document of psd-tools' `mode`, as deep as `pixels`, with a layer of each array.

    CMYK is as Photoshop stores it, full scale for no ink.
    """
    depth: Any = {"uint8": 8, "uint16": 16, "float32": 32}[pixels.dtype.name]
    height, width = pixels.shape[:2]
    document = PSDImage.new(mode, (width, height), depth=depth)
    document._record.header.version = version
    for array in (pixels, *more):
        document.create_pixel_layer_from_array(array, "photograph")
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def flat(
    mode: int,
    planes: NDArray[Any],
    *,
    bits: int = 8,
    table: bytes = b"",
    resources: dict[int, bytes] | None = None,
) -> bytes:
    """A document without layers, from (C, H, W) planes; those of a bitmap are packed bits.

    Source: Adobe Photoshop File Formats Specification.
    """
    channels, height, width = planes.shape
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, channels, height, width, bits, mode)
    stored = np.packbits(planes, axis=2) if bits == 1 else planes
    blocks = b"".join(
        struct.pack(">4sHHI", b"8BIM", number, 0, len(value)) + value + bytes(len(value) % 2)
        for number, value in (resources or {}).items()
    )
    return (
        header
        + struct.pack(">I", len(table))
        + table
        + struct.pack(">I", len(blocks))
        + blocks
        + struct.pack(">IH", 0, 0)
        + stored.astype(stored.dtype.newbyteorder(">")).tobytes()
    )


def indexed(rgb: NDArray[np.uint8], hole: tuple[slice, slice] | None) -> tuple[bytes, Any]:
    """An indexed document with the entry 255 for transparency, and its colours as they are."""
    picture = Image.fromarray(rgb).quantize(255)
    indices = np.array(picture)
    if hole is not None:
        indices[hole] = 255
    palette = np.zeros((256, 3), np.uint8)
    own = np.array(picture.getpalette(), np.uint8).reshape(-1, 3)
    palette[: len(own)] = own
    resources = {} if hole is None else {_TRANSPARENCY_INDEX: struct.pack(">H", 255)}
    data = flat(INDEXED, indices[np.newaxis], table=palette.T.tobytes(), resources=resources)
    return data, palette[indices]


def duotone(grey: NDArray[Any], alpha: NDArray[Any], profile: bytes | None = None) -> bytes:
    """A duotone with one layer: a document of greys with inks in its colour data."""
    data = layered("L", np.dstack([grey, alpha]))
    head = bytearray(data[:26])
    head[24:26] = struct.pack(">H", DUOTONE)
    resources = b""
    if profile is not None:
        resources = struct.pack(">4sHHI", b"8BIM", _ICC_PROFILE, 0, len(profile)) + profile
        resources += bytes(len(profile) % 2)
    inks = bytes(range(256)) * 2 + bytes(16)
    (own,) = struct.unpack(">I", data[30:34])
    rest = data[34 : 34 + own] + resources + data[34 + own :]
    lengths = struct.pack(">I", len(inks)) + inks + struct.pack(">I", own + len(resources))
    return bytes(head) + lengths + rest


def openraster(*layers: tuple[NDArray[Any], int, int]) -> bytes:
    """An OpenRaster document of (pixels, x, y), first one topmost, as large as the first."""
    file = io.BytesIO()
    height, width = layers[0][0].shape[:2]
    image = ElementTree.Element("image", {"w": str(width), "h": str(height), "version": "0.0.3"})
    stack = ElementTree.SubElement(image, "stack")
    merged = Image.new("RGBA", (width, height))
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        for number, (pixels, x, y) in enumerate(layers):
            archive.writestr(f"data/{number}.png", _png(Image.fromarray(pixels)))
            attributes = {"src": f"data/{number}.png", "x": str(x), "y": str(y), "name": "n"}
            ElementTree.SubElement(stack, "layer", attributes)
        for pixels, x, y in reversed(layers):
            merged.alpha_composite(Image.fromarray(pixels).convert("RGBA"), (x, y))
        archive.writestr("stack.xml", ElementTree.tostring(image))
        archive.writestr("mergedimage.png", _png(merged))
    return file.getvalue()


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def ink(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 4) as Photoshop stores it: 255 for no ink. Converted by libvips."""
    image = pyvips.Image.new_from_array(rgb, interpretation="srgb")
    inks = image.icc_transform("cmyk", input_profile="srgb", depth=8).numpy()
    return 255 - inks


def lab(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) as Photoshop stores it: 128 for a neutral a and b. Converted by LittleCMS."""
    picture = ImageCms.profileToProfile(
        Image.fromarray(rgb),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB", 5000),
        outputMode="LAB",
    )
    stored = np.asarray(picture).copy()
    stored[..., 1:] ^= 128  # Pillow has these signed
    return stored
