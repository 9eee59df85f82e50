"""The mark that distinguishes the preview of a running fill from the user's layers."""

from __future__ import annotations

from gi.repository import Gimp

_PARASITE = "inpaintd-sketch"


def mark_as_sketch(layer: Gimp.Layer) -> None:
    # Not a persistent one: nothing of it belongs into a saved file.
    layer.attach_parasite(Gimp.Parasite.new(_PARASITE, 0, b"1"))


def is_sketch(item: Gimp.Item) -> bool:
    return item.get_parasite(_PARASITE) is not None
