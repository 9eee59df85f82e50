"""Open the files of a drop: read, hash, decode, settle the settings, cut out what is sent.

Runs in threads of its own: libvips lets go of Python's lock while it decodes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from inpaintd.files.exchange import Sent, cut
from inpaintd.files.fill import Opened
from inpaintd.files.layered import read_file
from inpaintd.files.mask import ReadMask, hole_bounds, mask_from, nearly_all, told
from inpaintd.files.order import Order
from inpaintd.files.picture import Picture, Samples, read_picture
from inpaintd.files.recipe import parse_recipe, recipe_in
from inpaintd.files.write import result_suffix
from inpaintd.models.registry import load_registry
from inpaintd.pipeline.plan import region_for
from inpaintd_protocol.codec import settings_from_map, settings_to_map
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

from .drops import Signature
from .layout import Layout
from .options import folder_layers, merged_settings, recipe_layer, sidecar_layer
from .reading import read_regular

_INVERT = "invert = true"  # in a file of settings


@dataclass(frozen=True)
class Prepared:
    """A drop, ready to be filled.

    Attributes:
        key: hash of all files' bytes and of the settings.
        signatures: of the files as they were read, by role.
        suffix: of the result.
        picture_name: relative to the folder in which its files lie.
    """

    key: str
    signatures: dict[str, Signature]
    settings: Settings
    opened: Opened
    sent: Sent
    suffix: str
    picture_name: str


def prepare(
    layout: Layout,
    folder: Path,
    members: Mapping[str, str],
    settings: Mapping[str, Any] | None = None,
) -> Prepared:
    """Open a drop.

    Args:
        folder: where its files lie, under their names relative to the inbox.
        members: those names, by role.
        settings: the ones that were settled earlier; None reads them from the folder and files.

    Raises:
        InpaintError: what is wrong with it.
        ChangedError: when it changes meanwhile.
    """
    data, signatures = {}, {}
    for role, name in members.items():
        data[role], signatures[role] = read_regular(folder / name, layout.root)
    picture, read = _decoded(members, data)
    mask = None if read is None else read.samples
    used = _settled(layout, members, data, picture) if settings is None else _again(settings)
    bounds = _bounds(picture, mask, used)
    registry = load_registry(home())
    entry = registry.find(used.model)
    settled = registry.settled(entry, used)
    rectangle = region_for(bounds, picture.extent, settled, entry.sizes)
    mask_file = folder / members["mask"] if "mask" in members else None
    order = Order(folder / members["picture"], used, mask=mask_file)
    notices = picture.notices + told(read, used, invert=_INVERT)
    notices += nearly_all(picture, mask, bounds, used, invert=_INVERT)
    opened = Opened(order, picture, mask, bounds, order.source, notices)
    return Prepared(
        key=_key(data, used),
        signatures=signatures,
        settings=used,
        opened=opened,
        sent=cut(picture, mask, rectangle),
        suffix=result_suffix(picture),
        picture_name=members["picture"],
    )


def _bounds(picture: Picture, mask: Samples | None, settings: Settings) -> Rectangle:
    """As `hole_bounds`, with what to do about an error here, where nobody types options."""
    try:
        return hole_bounds(picture, mask, settings)
    except InpaintError as error:
        raise InpaintError(
            error.code,
            error.message,
            "Make the part to repaint transparent, or drop a mask beside it: "
            f"{picture.path.stem}.mask.png, as large as the picture, white where to repaint.",
        ) from error


def _decoded(
    members: Mapping[str, str], data: Mapping[str, bytes]
) -> tuple[Picture, ReadMask | None]:
    path = Path(PurePosixPath(members["picture"]).name)
    picture = read_file(path, data["picture"])
    if "mask" not in members:
        return picture, None
    mask = read_picture(Path(PurePosixPath(members["mask"]).name), data["mask"])
    return picture, mask_from(mask, picture.extent)


def _settled(
    layout: Layout, members: Mapping[str, str], data: Mapping[str, bytes], picture: Picture
) -> Settings:
    layers = folder_layers(layout, PurePosixPath(members["picture"]))
    layers += [sidecar_layer(members[role], data[role]) for role in ("toml", "txt") if role in data]
    recipe = recipe_in(picture)
    if recipe:
        layers.append(recipe_layer(parse_recipe(recipe, picture.path.name)))
    return merged_settings(layers)


def _again(settings: Mapping[str, Any]) -> Settings:
    used: Settings = settings_from_map(Settings, dict(settings))
    return used


def _key(data: Mapping[str, bytes], settings: Settings) -> str:
    hashes = [
        hashlib.sha256(data[role]).hexdigest() for role in ("picture", "mask") if role in data
    ]
    text = json.dumps([hashes, settings_to_map(settings)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
