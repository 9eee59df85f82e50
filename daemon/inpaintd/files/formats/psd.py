"""Read Photoshop documents with psd-tools."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from psd_tools import PSDImage
from psd_tools.constants import Resource

from inpaintd_protocol.messages import Notice

from .. import vips
from ..colour import ColourSpace, convert_depth, is_profile_of
from ..picture import Picture, Samples, assumed_profile
from ..room import check_size
from .damaged import damaged
from .psd_mode import Mode, mode_of

_INTERPRETATIONS = {
    ("grey", "u8"): "b-w",
    ("grey", "u16"): "grey16",
    ("grey", "f32"): "b-w",
    ("rgb", "u8"): "srgb",
    ("rgb", "u16"): "rgb16",
    ("rgb", "f32"): "srgb",
    ("cmyk", "u8"): "cmyk",
    ("cmyk", "u16"): "cmyk",
    ("lab", "u8"): "lab",
    ("lab", "u16"): "lab",
}


_FLOAT_BYTES = 4 * 2  # psd-tools returns floats, and converts them once


def read_psd(path: Path, data: bytes) -> Picture:
    """Read the document as one picture; alpha = the top layer's transparency times its layer mask.

    CMYK is stored as in other files, 0 for no ink. A document whose mode has no layers is returned
    without `document`, with a notice, and in colours that a PNG supports.

    Raises:
        InpaintError: `unreadable` or `too_large`.
    """
    mode = mode_of(path.name, data)
    with damaged(path.name, "a Photoshop document"):
        document = PSDImage.open(io.BytesIO(data))
        pixels = _pixels(path.name, document, mode)
    image = vips.Image.new_from_array(
        np.ascontiguousarray(pixels), interpretation=_INTERPRETATIONS[mode.kind, mode.depth]
    ).copy()
    profile = document.image_resources.get_data(Resource.ICC_PROFILE)
    # A duotone's profile, for example, describes its inks and not the greys it is stored as.
    if isinstance(profile, bytes) and is_profile_of(mode.kind, profile):
        vips.set_blob(image, "icc-profile-data", profile)
    packet = document.image_resources.get_data(Resource.XMP_METADATA)
    if isinstance(packet, bytes):
        vips.set_blob(image, "xmp-data", packet)
    picture = Picture(path, image, "psd", mode.depth, mode.colours, document=data)
    picture = replace(picture, notices=tuple(assumed_profile(path, image)))
    return _answered_by_a_layer(picture, mode) if mode.without_layers else picture


def _answered_by_a_layer(picture: Picture, mode: Mode) -> Picture:
    notice = Notice(
        "layer_only",
        f"{picture.path.name} is {mode.without_layers}, a mode without layers: the result is the "
        "new layer alone, a PNG the size of the document.",
        "Place it over the document; or convert the document with Image > Mode > RGB Color "
        "and fill it again.",
    )
    image, colours = picture.image, picture.colours
    if mode.kind == "cmyk":
        own = picture.cut(picture.extent)
        srgb = convert_depth(ColourSpace(picture).to_srgb(own[..., :colours]), mode.depth)
        pixels = np.concatenate([srgb, own[..., colours:]], axis=2)
        image = vips.Image.new_from_array(
            pixels, interpretation=_INTERPRETATIONS["rgb", mode.depth]
        )
        colours = 3
    return replace(picture, image=image, colours=colours, document=None, notices=(notice,))


def _pixels(name: str, document: PSDImage, mode: Mode) -> Samples:
    """(H, W, colours + 1) in the document's own samples."""
    whole = document.numpy("color")
    if whole is None or whole.shape[2] < mode.colours:
        raise ValueError("no merged picture")
    colour, opacity = whole[..., : mode.colours], np.ones(whole.shape[:2], np.float32)
    shown = [layer for layer in document.descendants() if layer.is_visible()]
    with_pixels = [layer for layer in shown if layer.has_pixels()]
    if with_pixels:
        top = with_pixels[-1]
        for place in (top, top.mask):
            if place is not None:
                check_size(name, place.width, place.height, mode.colours * _FLOAT_BYTES)
        shape = top.numpy("shape")
        flat = np.ones((top.height, top.width, 1), np.float32) if shape is None else shape
        opacity = _on_canvas(document, top, flat, np.zeros(1, np.float32))[..., 0]
        opacity = opacity * _mask(document, top)
        own = top.numpy("color")
        if len(shown) == 1 and own is not None and own.shape[2] == mode.colours:
            # With the colour hidden under transparency.
            colour = _on_canvas(document, top, own, np.zeros(mode.colours, np.float32))
    elif mode.indexed:
        opacity = _opacity_of_indices(document)
    if mode.kind == "cmyk":
        colour = 1 - colour  # stored as the amount of paper the inks leave
    return _in_own_numbers(np.concatenate([colour, opacity[..., np.newaxis]], axis=2), mode.depth)


def _opacity_of_indices(document: PSDImage) -> Any:
    """(H, W) alpha: one entry of the table may represent transparency."""
    header = document._record.header
    stored: Any = document._record.image_data.get_data(header)
    indices = np.frombuffer(stored[0], np.uint8).reshape(header.height, header.width)
    transparent = document.image_resources.get_data(Resource.TRANSPARENCY_INDEX)
    return (indices != (-1 if transparent is None else int(transparent))).astype(np.float32)


def _mask(document: PSDImage, layer: Any) -> Any:
    mask = layer.mask
    if mask is None or mask.disabled or not mask.width:
        return np.float32(1)
    values = layer.numpy("mask")
    background = np.full(1, mask.background_color / 255, np.float32)
    return _on_canvas(document, mask, values, background)[..., 0]


def _on_canvas(document: PSDImage, place: Any, part: Any, background: Any) -> Any:
    """A layer's or mask's visible part, at its position on the canvas."""
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
    """Multiply by full scale, which losslessly reverses the division in psd-tools."""
    if depth == "f32":
        return np.asarray(pixels, np.float32)
    full, dtype = (255, np.uint8) if depth == "u8" else (65535, np.uint16)
    samples: Samples = np.floor(pixels.astype(np.float64) * full + 0.5).astype(dtype)
    return samples
