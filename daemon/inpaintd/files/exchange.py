"""The daemon's input for a picture, and the picture made from its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Inpaint, ResultLayer
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

from . import vips
from .colour import ColourSpace, convert_depth, to_unit
from .picture import Picture, Samples

_DTYPES: dict[str, Any] = {"u8": "<u1", "u16": "<u2", "f32": "<f4"}
_DEPTHS = {np.dtype(dtype): depth for depth, dtype in _DTYPES.items()}


@dataclass(frozen=True)
class Sent:
    """A rectangle of a picture to send to the daemon.

    Attributes:
        rectangle: its position on the picture.
        own: (height, width, C) samples as the file stores them.
        srgb: (height, width, 3) samples as sent.
        layer, mask: the planes to send; `mask` is None when alpha is the mask.
        stage_masks: for each stage, the plane of its own mask, or None.
        references: the picture of each reference.
        reference_masks: for each reference, the plane of where it counts, or None.
        sampling: the plane of the sampling area, or None.
    """

    picture: Picture
    space: ColourSpace
    rectangle: Rectangle
    own: Samples
    srgb: Samples
    layer: Plane
    mask: Plane | None
    stage_masks: tuple[Plane | None, ...] = ()
    references: tuple[Plane, ...] = ()
    sampling: Plane | None = None
    reference_masks: tuple[Plane | None, ...] = ()

    def request(
        self, request_id: str, settings: Settings, *, on_disconnect: str = "cancel"
    ) -> Inpaint:
        """The request that asks the daemon to fill it."""
        return Inpaint(
            request_id,
            self.layer,
            settings,
            offset=(self.rectangle.x, self.rectangle.y),
            mask=self.mask,
            on_disconnect=on_disconnect,
            stage_masks=self.stage_masks,
            references=self.references,
            sampling=self.sampling,
            reference_masks=self.reference_masks,
        )


def cut(
    picture: Picture,
    mask: Samples | None,
    rectangle: Rectangle,
    stage_masks: Sequence[Samples | None] = (),
    references: tuple[Plane, ...] = (),
    sampling: Samples | None = None,
    reference_masks: Sequence[Samples | None] = (),
) -> Sent:
    """Cut the planned rectangle out of the picture and of its masks, (H, W) samples each."""
    space = ColourSpace(picture)
    own = picture.cut(rectangle)
    srgb = space.to_srgb(own[..., : picture.colours])
    pixels = srgb
    if picture.has_alpha:
        alpha = convert_depth(own[..., picture.colours :], space.wire_depth)
        pixels = np.concatenate([srgb, alpha], axis=2)
    return Sent(
        picture,
        space,
        rectangle,
        own,
        srgb,
        plane_of(pixels),
        _mask_plane(mask, rectangle),
        tuple(_mask_plane(mask, rectangle) for mask in stage_masks),
        references,
        _mask_plane(sampling, rectangle),
        tuple(_mask_plane(mask, rectangle) for mask in reference_masks),
    )


def whole(picture: Picture) -> Plane:
    """The whole picture, in sRGB."""
    space = ColourSpace(picture)
    own = picture.cut(picture.extent)
    pixels = space.to_srgb(own[..., : picture.colours])
    if picture.has_alpha:
        alpha = convert_depth(own[..., picture.colours :], space.wire_depth)
        pixels = np.concatenate([pixels, alpha], axis=2)
    return plane_of(pixels)


def lay_over(sent: Sent, layer: ResultLayer) -> Any:
    """The picture with the layer composited, as a libvips image with the file's metadata.

    Pixels under the layer's transparent pixels keep their values bit for bit, as do pixels
    that came back as they were sent.
    """
    own, alpha, place = _in_own_numbers(sent, layer)
    under = sent.picture.cut(place)
    over = blend(under, own, alpha, sent.picture.colours)
    return sent.picture.in_place(over, place)


def layer_alone(sent: Sent, layer: ResultLayer) -> Any:
    """The layer alone, the size of the picture, in the picture's colour space, with alpha."""
    own, alpha, place = _in_own_numbers(sent, layer)
    pixels = np.concatenate([own, convert_depth(alpha, sent.picture.depth)], axis=2)
    pixels[alpha[..., 0] == 0] = 0
    image = sent.picture.image
    patch = vips.Image.new_from_array(
        np.ascontiguousarray(pixels), interpretation=image.interpretation
    )
    canvas = patch.embed(place.x, place.y, image.width, image.height).copy(
        xres=image.xres, yres=image.yres
    )
    if sent.picture.profile is not None:
        vips.set_blob(canvas, "icc-profile-data", sent.picture.profile)
    return canvas


def blend(under: Samples, over: Samples, alpha: Samples, colours: int) -> Samples:
    """Straight-alpha "over" that copies where `alpha` is 0 and replaces where it is full.

    Args:
        under: (H, W, C) in the file's samples, C = colours, or colours + 1 with alpha last.
        over: (H, W, colours) at the same depth.
        alpha: (H, W, 1) at any depth.
        colours: number of colour channels.

    Returns:
        (H, W, C) like `under`. Source: Porter and Duff 1984.
    """
    weight = to_unit(alpha)[..., 0]
    full, partial = weight >= 1, (weight > 0) & (weight < 1)
    result = under.copy()
    result[full, :colours] = over[full]
    below = to_unit(under[partial])
    a = weight[partial][:, np.newaxis]
    below_alpha = below[:, colours:] if under.shape[2] > colours else np.ones_like(a)
    out_alpha = a + below_alpha * (1 - a)
    mixed = (to_unit(over[partial]) * a + below[:, :colours] * below_alpha * (1 - a)) / out_alpha
    depth = _DEPTHS[under.dtype]
    result[partial, :colours] = convert_depth(mixed, depth)
    if under.shape[2] > colours:
        result[full, colours] = convert_depth(np.ones(1, np.float32), depth)[0]
        result[partial, colours] = convert_depth(out_alpha, depth)[:, 0]
    return result


def _mask_plane(mask: Samples | None, rectangle: Rectangle) -> Plane | None:
    if mask is None:
        return None
    x, y = rectangle.x, rectangle.y
    return plane_of(mask[y : rectangle.bottom, x : rectangle.right, np.newaxis])


def plane_of(samples: Samples) -> Plane:
    """(H, W, C) samples as a plane of the protocol."""
    height, width, channels = samples.shape
    depth = _DEPTHS[samples.dtype]
    data = np.ascontiguousarray(samples, dtype=_DTYPES[depth])
    return Plane(width, height, channels, depth, data.reshape(-1).view(np.uint8).data)


def samples_of(plane: Plane) -> Samples:
    """A plane of the protocol as (H, W, C) samples."""
    flat = np.frombuffer(plane.data, dtype=_DTYPES[plane.depth])
    return flat.reshape(plane.height, plane.width, plane.channels)


def _in_own_numbers(sent: Sent, layer: ResultLayer) -> tuple[Samples, Samples, Rectangle]:
    """Colour in the file's samples, alpha, and the layer's position, cropped to what was sent."""
    width, height = layer.pixels.width, layer.pixels.height
    place = Rectangle(*layer.offset, width, height).intersection(sent.rectangle)
    if place.empty or layer.pixels.channels != 4:
        raise InpaintError(
            "size_mismatch",
            "The daemon returned a layer outside the picture.",
            "Update the daemon and this command to the same version.",
        )
    pixels = _part(samples_of(layer.pixels), place, layer.offset)
    srgb, alpha = pixels[..., :3], pixels[..., 3:]
    if layer.mask is not None:
        shown = to_unit(_part(samples_of(layer.mask), place, layer.offset))
        alpha = to_unit(alpha) * shown
    own = sent.space.from_srgb(srgb)
    origin = (sent.rectangle.x, sent.rectangle.y)
    unchanged = (srgb == _part(sent.srgb, place, origin)).all(axis=2)
    if srgb.dtype == sent.srgb.dtype:
        before = _part(sent.own, place, origin)[..., : sent.picture.colours]
        own = np.where(unchanged[..., np.newaxis], before, own)
    return own, alpha, place


def _part(samples: Samples, place: Rectangle, origin: tuple[int, int]) -> Samples:
    x, y = place.x - origin[0], place.y - origin[1]
    return samples[y : y + place.height, x : x + place.width]
