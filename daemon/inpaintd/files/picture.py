"""A picture in memory, in its file's own samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintd_protocol.messages import Notice
from inpaintd_protocol.rectangle import Rectangle

from . import vips
from .formats import BY_NAME
from .premultiplied import divided, multiplied

PREMULTIPLIED = "inpaintd-premultiplied"
"""The metadata field of an image whose colours are premultiplied by alpha."""

Samples = NDArray[Any]
"""(H, W, C) uint8, uint16 or float32, as in the file."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture, upright.

    Attributes:
        path: where it came from.
        image: the decoded pixels with the file's profile and metadata, a libvips image.
        format: the name of a row of `formats`.
        depth: u8, u16 or f32, as the protocol names them.
        colours: channels without alpha: 1 grey, 3 RGB or Lab, 4 CMYK.
        notices: what the user should know about this file.
        premultiplied: whether the colours in `image` are premultiplied by alpha, as in some TIFFs.
        document: the bytes of a layered document, to add a layer to; None for other files.
        lossy: whether its pixels were compressed lossily.
    """

    path: Path
    image: Any
    format: str
    depth: str
    colours: int
    notices: tuple[Notice, ...] = ()
    premultiplied: bool = False
    document: bytes | None = None
    lossy: bool = False

    @property
    def takes_only_layers(self) -> bool:
        """True if it is a document that cannot be written: a fill of it is a layer by itself."""
        return BY_NAME[self.format].has_layers and self.document is None

    @property
    def extent(self) -> Rectangle:
        return Rectangle(0, 0, self.image.width, self.image.height)

    @property
    def has_alpha(self) -> bool:
        return bool(self.image.bands > self.colours)

    @property
    def profile(self) -> bytes | None:
        """The embedded ICC profile."""
        name = "icc-profile-data"
        return self.image.get(name) if self.image.get_typeof(name) else None

    def cut(self, rectangle: Rectangle) -> Samples:
        """(height, width, C) samples of a rectangle inside `extent`, straight alpha last."""
        samples = _samples(self.image.crop(*rectangle))
        return divided(samples) if self.premultiplied else samples

    def in_place(self, samples: Samples, rectangle: Rectangle) -> Any:
        """`image` with the samples of a rectangle replaced by these, in the form `cut` returns.

        Pixels equal to what `cut` returned keep their values bit for bit.
        """
        if self.premultiplied:
            same = (samples == self.cut(rectangle)).all(axis=2, keepdims=True)
            samples = np.where(same, _samples(self.image.crop(*rectangle)), multiplied(samples))
        patch = vips.Image.new_from_array(
            np.ascontiguousarray(samples), interpretation=self.image.interpretation
        )
        return self.image.insert(patch, rectangle.x, rectangle.y)

    def alpha(self) -> Samples:
        """(H, W) samples; only for pictures that have alpha."""
        return _samples(self.image[self.colours])[..., 0]


def empty_picture(path: Path, width: int, height: int) -> Picture:
    """A black 8-bit RGB picture in sRGB, as if it had been read from `path`."""
    image = vips.Image.black(width, height, bands=3).copy(interpretation="srgb")
    return Picture(path, image.copy_memory(), "png", "u8", 3)


def assumed_profile(path: Path, image: Any) -> Iterator[Notice]:
    """A warning for CMYK samples without a profile to define their colours."""
    if image.interpretation == "cmyk" and not image.get_typeof("icc-profile-data"):
        yield Notice(
            "assumed_profile",
            f"{path.name} is CMYK without a profile, so a standard press profile was assumed for "
            "the colours around the hole.",
            "Embed the profile it was made for.",
        )


def _samples(image: Any) -> Samples:
    samples: Samples = image.numpy()  # which drops dimensions of 1
    return samples.reshape(image.height, image.width, image.bands)
