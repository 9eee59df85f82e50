"""OpenRaster documents: a ZIP archive of PNG layers. Source: openraster.org, version 0.0.6."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, tostring

import numpy as np
from defusedxml.ElementTree import fromstring

from inpaintd_protocol.rectangle import Rectangle

from .. import vips
from ..colour import convert_depth
from ..picture import Picture, Samples
from ..recipe import embed_recipe
from ..room import check_room, check_size
from .damaged import damaged
from .raster import read as read_picture

if TYPE_CHECKING:
    from ..document import NewLayer

_STACK, _MERGED, _THUMBNAIL = "stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png"
_ENTRY_BYTES = 2 << 30
_XML_BYTES = 4 << 20
_THUMBNAIL_SIDE = 256
_PIXEL_BYTES = 3 * 4 * 2  # the layer, the merged picture and the two as one, in 16 bits


def read_openraster(path: Path, data: bytes) -> Picture:
    """Read the document as one picture whose alpha is the top layer's.

    Raises:
        InpaintError: `unreadable` or `too_large`.
    """
    with (
        damaged(path.name, "an OpenRaster document"),
        zipfile.ZipFile(io.BytesIO(data)) as archive,
    ):
        check_room(path.name, sum(info.file_size for info in archive.infolist()))
        return replace(_read(path, archive), document=data)


def add_to_openraster(data: bytes, layers: Sequence[NewLayer]) -> bytes:
    """The document with layers added on top, the first one topmost, and a new merged picture."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(result, "w") as target:
        names = {info.filename for info in source.infolist()}
        stack = _stack(source)
        added: dict[str, bytes] = {}
        for layer in reversed(layers):
            entry = _free_entry(names | set(added))
            box, png = _cropped_png(layer)
            added[entry] = png
            attributes = {"name": layer.name, "src": entry, "x": str(box.x), "y": str(box.y)}
            _top_stack(stack).insert(0, Element("layer", attributes))
        merged = layers[0].merged
        added[_STACK] = tostring(stack, "utf-8", xml_declaration=True)
        added[_MERGED] = _with_recipe(merged, layers[0]).pngsave_buffer()
        added[_THUMBNAIL] = merged.thumbnail_image(
            _THUMBNAIL_SIDE, height=_THUMBNAIL_SIDE
        ).pngsave_buffer()
        # The type comes first and uncompressed, as the specification requires.
        for info in source.infolist():
            if info.filename not in added:
                target.writestr(info, _entry(source, info.filename), info.compress_type)
        for name, content in added.items():
            target.writestr(name, content, zipfile.ZIP_DEFLATED if name == _STACK else None)
    return result.getvalue()


def _read(path: Path, archive: zipfile.ZipFile) -> Picture:
    stack = _stack(archive)
    width, height = int(stack.attrib["w"]), int(stack.attrib["h"])
    check_size(path.name, width, height, _PIXEL_BYTES)
    visible = [e for e in stack.iter("layer") if e.get("visibility", "visible") != "hidden"]
    top = visible[0] if visible else None
    if top is None:
        raise ValueError("no layers")
    layer = read_picture(Path(path.name), _entry(archive, top.attrib["src"]))
    place = Rectangle(
        int(top.get("x", 0)), int(top.get("y", 0)), layer.image.width, layer.image.height
    )
    pixels = np.zeros((height, width, layer.colours + 1), layer.image.numpy().dtype)
    inside = place.intersection(Rectangle(0, 0, width, height))
    own = layer.cut(inside.moved(-place.x, -place.y)) if not inside.empty else None
    if own is not None:
        if own.shape[2] == layer.colours:
            full = convert_depth(np.ones((*own.shape[:2], 1), np.float32), layer.depth)
            own = np.concatenate([own, full], axis=2)
        pixels[inside.y : inside.bottom, inside.x : inside.right] = own
    if len(visible) > 1:
        merged = _merged(path, archive, layer, width, height)
        pixels[..., : layer.colours] = merged
    image = _like(layer.image, pixels)
    return Picture(path, image, "ora", layer.depth, layer.colours)


def _merged(
    path: Path, archive: zipfile.ZipFile, layer: Picture, width: int, height: int
) -> Samples:
    merged = read_picture(Path(path.name), _entry(archive, _MERGED))
    if (merged.image.width, merged.image.height) != (width, height):
        raise ValueError("the merged picture has another size")
    colour = convert_depth(merged.cut(merged.extent)[..., : merged.colours], layer.depth)
    return colour if merged.colours == layer.colours else colour[..., :1]


def _like(image: Any, pixels: Samples) -> Any:
    """The pixels with another image's interpretation, profile and text."""
    made = vips.Image.new_from_array(pixels, interpretation=image.interpretation).copy()
    for name in vips.fields(image):
        if name.startswith("png-comment-"):
            vips.set_text(made, name, str(image.get(name)))
        elif name in ("icc-profile-data", "xmp-data"):
            vips.set_blob(made, name, image.get(name))
    return made


def _cropped_png(layer: NewLayer) -> tuple[Rectangle, bytes]:
    alpha = layer.image.numpy()[..., -1]
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    box = Rectangle(0, 0, 1, 1)
    if rows.size:
        x, y = int(columns[0]), int(rows[0])
        box = Rectangle(x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y)
    png: bytes = _with_recipe(layer.image.crop(*box), layer).pngsave_buffer()
    return box, png


def _with_recipe(image: Any, layer: NewLayer) -> Any:
    return embed_recipe(image, layer.recipe, "png") if layer.recipe else image


def _stack(archive: zipfile.ZipFile) -> Element:
    # No entities, no document type: a valid document needs neither.
    stack: Element = fromstring(_entry(archive, _STACK, _XML_BYTES), forbid_dtd=True)
    return stack


def _top_stack(image: Element) -> Element:
    return image if (stack := image.find("stack")) is None else stack


def _entry(archive: zipfile.ZipFile, name: str, most: int = _ENTRY_BYTES) -> bytes:
    """Read the bytes of an entry. Its declared size is enforced while inflating."""
    if archive.getinfo(name).file_size > most:
        raise ValueError("an entry is too large")
    return archive.read(name)


def _free_entry(names: set[str]) -> str:
    number = 1
    while f"data/inpainted{number}.png" in names:
        number += 1
    return f"data/inpainted{number}.png"
