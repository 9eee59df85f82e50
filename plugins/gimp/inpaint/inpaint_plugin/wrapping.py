"""A group that takes over how a layer is blended, so that fills above the layer are blended alike.

A fill over a layer of half opacity would stand out: it covers the layer's own pixels, which shine
through. In a group that has the opacity, the layer and its fills first become one picture.
"""

from __future__ import annotations

from collections.abc import Sequence

from gi.repository import Gimp

from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from .formats import channel_depth
from .pixels import read_channel, write_channel
from .texts import _

_PLAIN_MODES = (
    Gimp.LayerMode.NORMAL,
    Gimp.LayerMode.NORMAL_LEGACY,
    Gimp.LayerMode.PASS_THROUGH,
)


def is_blended(layer: Gimp.Layer, with_mask: bool) -> bool:
    """Test whether a layer is more than composited over the layers below it.

    Args:
        with_mask: whether its layer mask counts.
    """
    if layer.get_opacity() < 100 or layer.get_mode() not in _PLAIN_MODES:
        return True
    return with_mask and layer.get_mask() is not None and layer.get_apply_mask()


def wrap(
    image: Gimp.Image, layer: Gimp.Layer, fills: Sequence[Gimp.Layer], *, with_mask: bool
) -> Gimp.GroupLayer:
    """Put a layer and its fills into a group that is blended as the layer was.

    Args:
        fills: lowest first; those moved elsewhere stay there.
        with_mask: whether the group also takes over the layer mask.
    """
    parent = layer.get_parent()
    group = Gimp.GroupLayer.new(image, _("{layer}, filled").format(layer=layer.get_name()))
    group.set_visible(layer.get_visible())
    image.insert_layer(group, parent, image.get_item_position(layer))
    image.reorder_item(layer, group, 0)
    for fill in fills:
        if fill.get_parent() == parent:
            image.reorder_item(fill, group, 0)
    group.set_mode(layer.get_mode())
    group.set_blend_space(layer.get_blend_space())
    group.set_composite_space(layer.get_composite_space())
    group.set_composite_mode(layer.get_composite_mode())
    group.set_opacity(layer.get_opacity())
    layer.set_opacity(100)
    if layer.get_mode() != Gimp.LayerMode.PASS_THROUGH:
        layer.set_mode(image.get_default_new_layer_mode())
    if with_mask and layer.get_mask() is not None and layer.get_apply_mask():
        _hand_over_mask(layer, group)
    return group


def _hand_over_mask(layer: Gimp.Layer, group: Gimp.GroupLayer) -> None:
    own = layer.get_mask()
    whole = Rectangle(0, 0, own.get_width(), own.get_height())
    numbers: Plane = read_channel(own, whole, channel_depth(layer.get_image()))
    shown = layer.get_show_mask()
    _, x, y = layer.get_offsets()
    layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    mask = group.create_mask(Gimp.AddMaskType.WHITE)
    _, left, top = group.get_offsets()
    write_channel(mask, numbers, x - left, y - top)
    group.add_mask(mask)
    group.set_show_mask(shown)
    group.set_edit_mask(False)
