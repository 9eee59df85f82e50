"""Conversion of a found mask to a selection, a layer mask or a channel."""

from __future__ import annotations

from gi.repository import Gegl, Gimp

from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from . import messages
from .coverage import is_empty
from .formats import channel_depth
from .inserting import shortened
from .pixels import read_channel, write_channel
from .target import Target
from .texts import _
from .undo import one_undo_step

RESULTS = {
    "selection": ("Selection", "The match becomes the selection."),
    "layer-mask": (
        "Layer mask",
        "The layer shows what was found and hides the rest. An existing layer mask is replaced.",
    ),
    "channel": ("Channel", "A new channel, named after the words."),
}
"""Nick: (label, help)."""

COMBINATIONS = {
    "replace": ("Replace it", "The selection is ignored."),
    "add": ("Add to it", "The selection plus the match."),
    "subtract": ("Subtract from it", "The selection minus the match."),
    "intersect": ("Intersect with it", "Only where the selection and the match overlap."),
}
"""Nick: (label, help). With nothing selected, each uses the result unchanged."""

_OPERATIONS = {
    "add": Gimp.ChannelOps.ADD,
    "subtract": Gimp.ChannelOps.SUBTRACT,
    "intersect": Gimp.ChannelOps.INTERSECT,
}


def combined(target: Target, mask: Plane, result: str, combination: str) -> Gimp.Channel:
    """The mask of the target's layer combined with the selection.

    Returns:
        A channel that is not in the image: as large as the layer for a layer mask, else as the
        canvas.

    Raises:
        InpaintError: when nothing is left, or the layer is gone or has another size than the mask.
    """
    target.check()
    image, extent = target.image, target.extent
    if (extent.width, extent.height) != (mask.width, mask.height):
        raise messages.layer_has_changed()
    canvas = Rectangle(0, 0, image.get_width(), image.get_height())
    area = extent if result == "layer-mask" else canvas
    made = channel_of(image, mask, extent, area)
    if combination != "replace" and not Gimp.Selection.is_empty(image):
        made = _with_selection(image, made, area, combination)
    if is_empty(_numbers(made)):
        raise messages.nothing_left()
    return made


def _with_selection(
    image: Gimp.Image, found: Gimp.Channel, area: Rectangle, combination: str
) -> Gimp.Channel:
    made = _channel(image, area)
    write_channel(made, read_channel(image.get_selection(), area, channel_depth(image)))
    made.combine_masks(found, _OPERATIONS[combination], 0, 0)
    return made


def put(target: Target, channel: Gimp.Channel, result: str, words: str) -> Gimp.Channel:
    """Turn the channel of `combined` into the chosen result, as one undo step.

    Returns:
        The image's selection, the layer's new mask, or the new channel.
    """
    image = target.image
    with one_undo_step(image):
        if result == "selection":
            made = image.get_selection()
            made.combine_masks(channel, Gimp.ChannelOps.REPLACE, 0, 0)
        elif result == "layer-mask":
            made = _new_layer_mask(target.layer, channel)
        else:
            made = channel
            _insert(image, channel, _("Mask: {words}").format(words=shortened(words)))
    Gimp.displays_flush()
    return made


def _new_layer_mask(layer: Gimp.Layer, channel: Gimp.Channel) -> Gimp.LayerMask:
    if layer.get_mask() is not None:
        layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    write_channel(mask, _numbers(channel))
    layer.add_mask(mask)
    layer.set_edit_mask(False)
    return mask


def _insert(image: Gimp.Image, channel: Gimp.Channel, name: str) -> None:
    layers = image.get_selected_layers()
    channel.set_name(name)
    channel.set_visible(False)  # as when a selection is saved
    image.insert_channel(channel, None, 0)
    # The channel is active now, which the next command would stumble over.
    image.set_selected_layers(layers)


def _channel(image: Gimp.Image, area: Rectangle) -> Gimp.Channel:
    """An empty one."""
    red = Gegl.Color.new("red")
    return Gimp.Channel.new(image, "Mask", area.width, area.height, 50.0, red)


def channel_of(image: Gimp.Image, mask: Plane, place: Rectangle, area: Rectangle) -> Gimp.Channel:
    """A channel outside the image, with the part of a placed mask inside an area of the canvas."""
    channel = _channel(image, area)
    if not place.intersection(area).empty:
        write_channel(channel, mask, place.x - area.x, place.y - area.y)
    return channel


def _numbers(channel: Gimp.Channel) -> Plane:
    whole = Rectangle(0, 0, channel.get_width(), channel.get_height())
    return read_channel(channel, whole, channel_depth(channel.get_image()))
