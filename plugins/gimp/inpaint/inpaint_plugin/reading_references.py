"""The pixels of reference pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gi.repository import Gimp, Gio, GLib

from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from . import messages
from .pixels import part_of, read_colour, rectangle_of
from .reference_pictures import ReferencePicture

_LONGEST_SIDE = 2048
"""Larger pictures are scaled down: no model looks at more."""


def read_references(
    image: Gimp.Image, pictures: Sequence[ReferencePicture]
) -> tuple[tuple[Plane, ...], tuple[ReferencePicture, ...]]:
    """The pictures as planes, u8, and as a recipe names them: with what files held.

    Raises:
        InpaintError: when a layer is gone, or a file cannot be read.
    """
    read = [_of_layer(image, p) if p.kind == "layer" else _of_file(p) for p in pictures]
    return tuple(plane for plane, _ in read), tuple(picture for _, picture in read)


def has_changed(picture: ReferencePicture) -> bool:
    """Test whether a file is another one than a recipe was made with."""
    if picture.kind != "file" or not picture.digest:
        return False
    try:
        return _digest(Path(picture.name)) != picture.digest
    except OSError:
        return False  # reading it says why


def layer_of(image: Gimp.Image, picture: ReferencePicture) -> Gimp.Layer | None:
    if picture.tattoo:
        return image.get_layer_by_tattoo(picture.tattoo)
    return image.get_layer_by_name(picture.name)


def _of_layer(image: Gimp.Image, picture: ReferencePicture) -> tuple[Plane, ReferencePicture]:
    layer = layer_of(image, picture)
    if layer is None:
        raise messages.reference_is_gone(picture.name)
    named = replace(picture, name=layer.get_name(), tattoo=layer.get_tattoo())
    return _plane_of(image, layer), named


def _of_file(picture: ReferencePicture) -> tuple[Plane, ReferencePicture]:
    path = Path(picture.name)
    try:
        digest = _digest(path)
        file = Gio.File.new_for_path(str(path))
        image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    except OSError as error:
        raise messages.unreadable_reference(path, error.strerror or str(error)) from error
    except GLib.Error as error:
        raise messages.unreadable_reference(path, error.message) from error
    if image is None:
        raise messages.unreadable_reference(path, "")
    try:
        image.undo_disable()
        layer = image.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
        return _plane_of(image, layer), replace(picture, digest=digest)
    finally:
        image.delete()


def _plane_of(image: Gimp.Image, layer: Gimp.Layer) -> Plane:
    longest = max(layer.get_width(), layer.get_height())
    if longest <= _LONGEST_SIDE and image.get_base_type() != Gimp.ImageBaseType.INDEXED:
        return read_colour([part_of(layer, with_layer_mask=True)], rectangle_of(layer), "u8")
    scratch = Gimp.Image.new(layer.get_width(), layer.get_height(), Gimp.ImageBaseType.RGB)
    try:
        scratch.undo_disable()
        copy = Gimp.Layer.new_from_drawable(layer, scratch)
        scratch.insert_layer(copy, None, 0)
        shrink = max(1.0, longest / _LONGEST_SIDE)
        width, height = (max(1, round(n / shrink)) for n in (copy.get_width(), copy.get_height()))
        copy.scale(width, height, False)
        copy.set_offsets(0, 0)
        part = part_of(copy, with_layer_mask=True)
        return read_colour([part], Rectangle(0, 0, width, height), "u8")
    finally:
        scratch.delete()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
