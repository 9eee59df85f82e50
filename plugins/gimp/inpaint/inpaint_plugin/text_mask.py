"""Masks of what words find in a layer, made by the daemon, or here from its soft heat map.

The order is the daemon's (pipeline/mask.py): threshold, invert, grow, feather. The first two can be
done here, so that somebody who changes them sees it at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gi.repository import Gegl

from inpaintd_protocol.client import new_request_id
from inpaintd_protocol.messages import Finished, MakeMask
from inpaintd_protocol.plane import BYTES_PER_SAMPLE, Plane
from inpaintd_protocol.settings import Settings

from . import messages
from .daemon import connected
from .filling import Waiting
from .formats import depths_of
from .masks import inverted
from .pixels import rounded
from .target import Target

CONTENT_AWARE = "patches"
"""The model that needs no model."""

_AS_THEY_ARE = "Y' float"
"""GEGL's threshold looks at sRGB-encoded values; named so, it compares the very numbers."""


@dataclass(frozen=True)
class Heat:
    """The confidence that each pixel of a layer shows the words."""

    words: str
    plane: Plane
    surest: float
    """Its highest value, 0 to 1."""
    buffer: Gegl.Buffer
    """The plane's numbers, for GEGL's threshold."""


def mask_request(target: Target, settings: Settings) -> MakeMask:
    """Asks for a mask of the whole layer, seen together with the fills above it.

    Float, whatever the image is: 8 and 16 bits go over into it exactly, and the answer has the
    request's depth, so that a heat map comes back as the daemon itself compares it.

    Raises:
        InpaintError: when the image or the layer is gone.
    """
    target.check()
    extent = target.extent
    colour = target.picture.read(extent, "f32")
    settings = replace(settings, model=CONTENT_AWARE, text_mask_combine="replace")
    return MakeMask(new_request_id(), colour, settings, (extent.x, extent.y))


def find(target: Target, settings: Settings, waiting: Waiting) -> Plane:
    """The mask of the whole layer, float, made by the daemon.

    Raises:
        InpaintError: with a sentence for the user, also when nothing was found.
    """
    if not settings.text_mask.strip():
        raise messages.no_words()
    request = mask_request(target, settings)
    with connected(waiting.starting_daemon) as client:
        return waiting.until_finished(client, request, lambda _: None).mask


def heat_request(target: Target, words: str) -> MakeMask:
    return mask_request(target, Settings(text_mask=words, text_mask_threshold=0.0))


def heat_of(request: MakeMask, answer: Finished) -> Heat:
    plane = answer.mask
    buffer = Gegl.Buffer.new(_AS_THEY_ARE, 0, 0, plane.width, plane.height)
    whole = Gegl.Rectangle.new(0, 0, plane.width, plane.height)
    buffer.set(whole, _AS_THEY_ARE, bytes(plane.data))
    surest = max(bytes(rounded(plane).data)) / 255
    return Heat(request.settings.text_mask, plane, surest, buffer)


def found_in(heat: Heat, threshold: float | None) -> Plane:
    """The mask of the words: where the heat reaches the threshold (u8), or the heat itself."""
    if not threshold:
        return heat.plane
    graph = Gegl.Node()
    source = graph.create_child("gegl:buffer-source")
    source.set_property("buffer", heat.buffer)
    compare = graph.create_child("gegl:threshold")
    compare.set_property("value", threshold)
    width, height = heat.plane.width, heat.plane.height
    result = Gegl.Buffer.new("Y' u8", 0, 0, width, height)
    sink = graph.create_child("gegl:write-buffer")
    sink.set_property("buffer", result)
    source.connect_to("output", compare, "input")
    compare.connect_to("output", sink, "input")
    sink.process()
    whole = Gegl.Rectangle.new(0, 0, width, height)
    data = bytes(result.get(whole, 1.0, "Y' u8", Gegl.AbyssPolicy.NONE))
    return Plane(width, height, 1, "u8", data)


def unshaped(target: Target, found: Plane, settings: Settings) -> Plane:
    """The mask that was found, u8 or u16, without growing or feathering."""
    mask = rounded(found, depths_of(target.image).mask)
    return inverted(mask) if settings.invert else mask


def shaping_request(target: Target, found: Plane, settings: Settings) -> MakeMask:
    """Requests the mask that was found. The daemon no longer needs the words for that."""
    depth = depths_of(target.image).mask
    # It wants a layer with every mask, though only its size and depth matter here.
    nothing = bytes(found.width * found.height * 3 * BYTES_PER_SAMPLE[depth])
    layer = Plane(found.width, found.height, 3, depth, nothing)
    shape = Settings(
        model=CONTENT_AWARE,
        invert=settings.invert,
        grow_pixels=settings.grow_pixels,
        feather_pixels=settings.feather_pixels,
    )
    extent = target.extent
    return MakeMask(new_request_id(), layer, shape, (extent.x, extent.y), found)


def needs_shaping(settings: Settings) -> bool:
    return bool(settings.grow_pixels or settings.feather_pixels)
