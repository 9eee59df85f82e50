"""Add layers to Photoshop documents with psd-tools."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psd_tools import PSDImage
from psd_tools.api.numpy_io import encode_image_data
from psd_tools.constants import ColorMode, Resource
from psd_tools.psd.image_resources import ImageResource

from .. import vips
from ..colour import to_unit
from ..document import NewLayer
from ..picture import Samples
from ..recipe import embed_recipe


def add_to_psd(data: bytes, layers: Sequence[NewLayer]) -> bytes:
    """The document with layers added on top, the first one topmost.

    The merged picture that other programs display is replaced by the first layer's.
    """
    document = PSDImage.open(io.BytesIO(data))
    planes = encode_image_data(document, *_merged(document, layers[0]))
    for layer in reversed(layers):
        pixels = _stored(document, layer.image)
        top, bottom, left, right = _extent(pixels[..., -1])
        document.create_pixel_layer_from_array(
            np.ascontiguousarray(pixels[top:bottom, left:right]), layer.name, top, left
        )
    document._record.image_data.set_data(planes, document._record.header)
    if layers[0].recipe:
        _set_xmp(document, layers[0])
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _merged(document: PSDImage, layer: NewLayer) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Colour and opacity of the document as displayed with the layer on top, in [0, 1]."""
    below = np.asarray(document.numpy("shape"), np.float32)
    above = to_unit(layer.image.numpy()[..., -1:])
    return to_unit(_stored(document, layer.merged)[..., :-1]), above + below * (1 - above)


def _stored(document: PSDImage, image: Any) -> Samples:
    """(H, W, C) with alpha last, as the document stores it: CMYK is inverted."""
    pixels: Samples = image.numpy()
    if document.color_mode == ColorMode.CMYK:
        pixels = pixels.copy()
        pixels[..., :-1] = np.iinfo(pixels.dtype).max - pixels[..., :-1]
    return pixels


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
