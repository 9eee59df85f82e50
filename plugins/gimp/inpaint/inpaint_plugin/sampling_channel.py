"""The channel in which the user has painted the area to copy from."""

from __future__ import annotations

from gi.repository import Gimp

from inpaintd_protocol.rectangle import Rectangle

from . import messages
from .bounds import bounds_of_other_values, rows_of
from .masks import ChannelMask
from .pixels import read_channel
from .target import QUICK_MASK, Target


def channels_of(image: Gimp.Image) -> list[str]:
    """Names of the channels that an area can be painted in."""
    return [
        channel.get_name()
        for channel in image.get_channels()
        if not channel.is_group() and channel.get_name() != QUICK_MASK
    ]


def painted_area(target: Target, name: str) -> ChannelMask | None:
    """The channel in which the user has painted the area; None for no restriction.

    Raises:
        InpaintError: when it is gone, or empty where the layer is.
    """
    if not name:
        return None
    channel = target.image.get_channel_by_name(name)
    if channel is None:
        raise messages.no_sampling_channel(name)
    whole = Rectangle(0, 0, channel.get_width(), channel.get_height())
    rows = rows_of(bytes(read_channel(channel, whole, "u8").data), whole.width)
    box = bounds_of_other_values(rows, nothing=0)
    if box.intersection(target.extent).empty:
        raise messages.empty_sampling_channel(name)
    return ChannelMask("sampling", channel, box)
