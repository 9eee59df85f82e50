"""Photoshop documents, by psd-tools."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from psd_tools import PSDImage
from psd_tools.constants import Resource
from psd_tools.psd.image_resources import ImageResource

from inpaintd_protocol.errors import InpaintError

from . import vips
from .document import check_size
from .picture import Picture, Samples
from .recipe import embed_recipe

if TYPE_CHECKING:
    from .document import NewLayer

_DEPTHS: dict[int, tuple[str, Any]] = {
    8: ("u8", np.uint8),
    16: ("u16", np.uint16),
    32: ("f32", np.float32),
}
_COLOURS = {1: 1, 3: 3}  # grey, RGB
_INTERPRETATIONS = {("u8", 1): "b-w", ("u8", 3): "srgb", ("u16", 1): "grey16", ("u16", 3): "rgb16"}


def read_psd(path: Path, data: bytes) -> Picture:
    """The document as one picture; alpha = the top layer's transparency times its layer mask.

    Raises:
        InpaintError: `unreadable` or `too_large`.
    """
    depth, colours = _header(path.name, data)
    try:
        document = PSDImage.open(io.BytesIO(data))
        pixels = _pixels(document, colours)
    except InpaintError:
        raise
    except Exception as error:  # psd-tools raises whatever a damaged file leads it to
        raise InpaintError(
            "unreadable",
            f"{path.name} cannot be read as a Photoshop document.",
            "It may be damaged or only partly copied: save or copy it again.",
        ) from error
    image = vips.Image.new_from_array(
        np.ascontiguousarray(_in_own_numbers(pixels, depth)),
        interpretation=_INTERPRETATIONS.get((depth, colours), "srgb" if colours == 3 else "b-w"),
    ).copy()
    for resource, field in (
        (Resource.ICC_PROFILE, "icc-profile-data"),
        (Resource.XMP_METADATA, "xmp-data"),
    ):
        value = document.image_resources.get_data(resource)
        if isinstance(value, bytes):
            vips.set_blob(image, field, value)
    return Picture(path, image, "psd", depth, colours)


def add_to_psd(data: bytes, layers: Sequence[NewLayer]) -> bytes:
    """The document with layers added on top, first one topmost.

    The merged picture that other programs show is replaced by the first layer's.
    """
    document = PSDImage.open(io.BytesIO(data))
    for layer in reversed(layers):
        pixels = layer.image.numpy()
        top, bottom, left, right = _extent(pixels[..., -1])
        document.create_pixel_layer_from_array(
            np.ascontiguousarray(pixels[top:bottom, left:right]), layer.name, top, left
        )
    _set_xmp(document, layers[0])
    _set_merged(document, layers[0].merged)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _header(name: str, data: bytes) -> tuple[str, int]:
    """Depth and colours, when they are ones that can be filled."""
    try:
        magic, version, _, height, width, bits, mode = struct.unpack_from(">4sH6sxxIIHH", data)
    except struct.error:
        magic, version = b"", 0
    if magic != b"8BPS" or version not in (1, 2):
        raise InpaintError(
            "unreadable",
            f"{name} is not a Photoshop document.",
            "It may be damaged or only partly copied: save or copy it again.",
        )
    check_size(name, width, height)
    if bits not in _DEPTHS or mode not in _COLOURS:
        raise InpaintError(
            "unreadable",
            f"{name} is neither grey nor RGB with 8, 16 or 32 bits.",
            "Change it with Image > Mode, or save it as a TIFF.",
        )
    return _DEPTHS[bits][0], _COLOURS[mode]


def _pixels(document: PSDImage, colours: int) -> Any:
    """(H, W, colours + 1) float32 in [0, 1]."""
    layers = [layer for layer in document if layer.is_visible()]
    whole = document.numpy("color")
    if whole is None or whole.shape[2] < colours:
        raise ValueError("no merged picture")
    opacity = np.ones(whole.shape[:2], np.float32)
    colour = whole[..., :colours]
    if layers:
        top = layers[-1]
        own = _on_canvas(document, top, top.numpy("color"), np.zeros(colours, np.float32))
        shape = top.numpy("shape")
        flat = np.ones((top.height, top.width, 1), np.float32) if shape is None else shape
        opacity = _on_canvas(document, top, flat, np.zeros(1, np.float32))[..., 0]
        opacity = opacity * _mask(document, top)
        if len(layers) == 1 and own.shape[2] >= colours:
            colour = own[..., :colours]  # with the colour that transparency hides
    return np.concatenate([colour, opacity[..., np.newaxis]], axis=2)


def _mask(document: PSDImage, layer: Any) -> Any:
    mask = layer.mask
    if mask is None or mask.disabled or not mask.width:
        return np.float32(1)
    values = layer.numpy("mask")
    background = np.full(1, mask.background_color / 255, np.float32)
    return _on_canvas(document, mask, values, background)[..., 0]


def _on_canvas(document: PSDImage, place: Any, part: Any, background: Any) -> Any:
    """A layer's or mask's part at its place on the canvas."""
    channels = part.shape[2] if part is not None else len(background)
    canvas = np.empty((document.height, document.width, channels), np.float32)
    canvas[:] = background if len(background) == channels else 0
    left, top = max(place.left, 0), max(place.top, 0)
    right = min(place.left + place.width, document.width)
    bottom = min(place.top + place.height, document.height)
    if part is not None and right > left and bottom > top:
        canvas[top:bottom, left:right] = part[
            top - place.top : bottom - place.top, left - place.left : right - place.left
        ]
    return canvas


def _in_own_numbers(pixels: Any, depth: str) -> Samples:
    """psd-tools divides integers by their full scale; this undoes it without a loss."""
    if depth == "f32":
        return np.asarray(pixels, np.float32)
    full, dtype = (255, np.uint8) if depth == "u8" else (65535, np.uint16)
    samples: Samples = np.floor(pixels.astype(np.float64) * full + 0.5).astype(dtype)
    return samples


def _extent(alpha: Samples) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not rows.size:
        return 0, 1, 0, 1
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _set_xmp(document: PSDImage, layer: NewLayer) -> None:
    packet = document.image_resources.get_data(Resource.XMP_METADATA)
    image = vips.Image.black(1, 1).copy()
    if isinstance(packet, bytes):
        vips.set_blob(image, "xmp-data", packet)
    with_recipe = embed_recipe(image, layer.recipe, "psd").get("xmp-data")
    document.image_resources[Resource.XMP_METADATA] = ImageResource(
        key=Resource.XMP_METADATA, data=with_recipe
    )


def _set_merged(document: PSDImage, merged: Any) -> None:
    """psd-tools renders it only with further libraries; ours is at hand."""
    header = document._record.header
    pixels = merged.numpy()
    big_endian = pixels.astype(pixels.dtype.newbyteorder(">"))
    planes = [big_endian[..., i].tobytes() for i in range(min(header.channels, pixels.shape[2]))]
    if len(planes) == header.channels:
        document._record.image_data.set_data(planes, header)
