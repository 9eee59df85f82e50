"""The place of a fill's result, and the picture it is made from."""

from __future__ import annotations

from gi.repository import Gimp

from . import messages
from .bounds import bounds_of_other_values
from .pixels import alpha_of, part_of, read_colour, rectangle_of

PLACEMENTS = {
    "new-layer": ("New layer", "A new layer above the active one, which is not changed."),
    "active-layer": ("Active layer", "The pixels of the active layer are replaced."),
}
"""Nick: (label, help)."""

SAMPLES = {
    "layer": ("Active layer", "The active layer, together with earlier fills of it."),
    "visible": (
        "Sample merged",
        "Everything visible from the active layer down. An empty active layer is always filled "
        "from this.",
    ),
}
"""Nick: (label, help)."""

RETOUCH = "inpaintd-retouch"
"""Parasite of a layer that was empty when something was painted into it."""


def is_retouch_layer(layer: Gimp.Layer) -> bool:
    """Test whether a layer is an empty one above the picture, or was before it was painted on."""
    if layer.get_parasite(RETOUCH) is not None:
        return True
    return not layer.is_group() and layer.has_alpha() and _is_empty(layer)


def _is_empty(layer: Gimp.Layer) -> bool:
    width, height = layer.get_width(), layer.get_height()
    columns, rows = max(1, width // 16), max(1, height // 16)
    data, _columns, _rows, channels = layer.get_sub_thumbnail_data(
        0, 0, width, height, min(256, columns), min(256, rows)
    )
    if any(bytes(data.get_data())[channels - 1 :: channels]):
        return False  # as with almost every layer, without reading all of it
    plane = read_colour([part_of(layer, with_layer_mask=False)], rectangle_of(layer), "u8")
    return bounds_of_other_values([alpha_of(plane)], nothing=0).empty


def check_paintable(layer: Gimp.Layer) -> None:
    """
    Raises:
        InpaintError: when GIMP would refuse to have the pixels of the layer replaced.
    """
    if layer.is_group():
        raise messages.cannot_be_painted_into("a layer group")
    for name, words in _MADE_OTHERWISE.items():
        kind = getattr(Gimp, name, None)  # GIMP 3.0 lacks two of them
        if kind is not None and isinstance(layer, kind):
            raise messages.cannot_be_painted_into(words)
    if layer.get_lock_content():
        raise messages.locked(alpha=False)
    if layer.get_lock_alpha():
        raise messages.locked(alpha=True)


_MADE_OTHERWISE = {
    "TextLayer": "a text layer",
    "VectorLayer": "a vector layer",
    "LinkLayer": "a link layer",
}
