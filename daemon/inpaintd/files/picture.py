"""A picture file, read whole and kept in its own numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Notice
from inpaintd_protocol.rectangle import Rectangle

from . import vips
from .apng import frames_of_png
from .exif import attach_exif
from .kinds import FORMATS_HINT, START_BYTES, is_lossy_webp, not_a_picture
from .premultiplied import divided, is_associated, multiplied, set_associated

PIXELS = 300_000_000
"""Most pixels of a file. Looked at before anything is decoded: a few kilobytes can claim more."""

PREMULTIPLIED = "inpaintd-premultiplied"
"""The field of an image whose colours are multiplied by alpha."""

_SIDE_HINT = "Scale it down, or cut it into parts."
_FORMATS = {
    "pngload": "png",
    "tiffload": "tiff",
    "webpload": "webp",
    "jpegload": "jpeg",
    "gifload": "gif",
    "heifload": "avif",
}
_HALF_HINT = "It may be damaged or only partly copied: save or copy it again."
_DEPTHS = {"uchar": "u8", "ushort": "u16", "float": "f32"}
_COLOUR_CHANNELS = {
    "b-w": 1,
    "grey16": 1,
    "srgb": 3,
    "rgb16": 3,
    "rgb": 3,
    "scrgb": 3,
    "cmyk": 4,
}

Samples = NDArray[Any]
"""(H, W, C) uint8, uint16 or float32, as in the file."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture, upright.

    Attributes:
        path: where it came from.
        image: the decoded pixels with the file's profile and metadata, a libvips image.
        format: png, tiff, webp, jpeg, gif, avif; psd or ora for documents of layers.
        depth: u8, u16 or f32, as the protocol names them.
        colours: channels without alpha: 1 grey, 3 RGB or Lab, 4 CMYK.
        notices: what the user should know about this file.
        premultiplied: whether `image` has its colours multiplied by alpha, as a TIFF file may.
        document: the bytes of a document of layers, to add one more to; None for all else.
        lossy: whether saving has rounded its pixels.
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
        """Whether it is a document that cannot be written: a fill of it is a layer by itself."""
        return self.format in ("psd", "ora") and self.document is None

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
        """`image` with these samples, as `cut` gives them, in place of those of a rectangle.

        Pixels that are as `cut` gave them keep their numbers bit by bit.
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


def read_picture(path: Path, data: bytes | None = None) -> Picture:
    """Decode a picture file.

    Args:
        data: what the file holds, when it has been read already.

    Raises:
        InpaintError: `unreadable` when it is missing, damaged, or of a kind that cannot be filled;
            `too_large` when it says that it has more than `PIXELS`.
    """
    data, premultiplied = _as_stored(path, data)
    image, kind = _open(path, data)
    depth, colours = _numbers(path, image)
    with vips.unreadable(path.name, _HALF_HINT):
        image = image.copy_memory()
        if image.get_typeof("orientation") and image.get("orientation") > 1:
            # What the artist sees is upright, and so is a mask painted over it.
            image = image.autorot().copy_memory()
    if kind == "tiff":
        with path.open("rb") if data is None else io.BytesIO(data) as file:
            image = attach_exif(image, file)
    if premultiplied:
        image = image.copy()
        vips.set_text(image, PREMULTIPLIED, "")
    pages = _frames(image)
    if kind == "png":
        with path.open("rb") if data is None else io.BytesIO(data) as file:
            pages = frames_of_png(file)
    return Picture(
        path,
        image,
        kind,
        depth,
        colours,
        (*_first_of(path, pages), *assumed_profile(path, image)),
        premultiplied,
        lossy=_is_lossy(kind, path, data),
    )


def _as_stored(path: Path, data: bytes | None) -> tuple[bytes | None, bool]:
    """The bytes to decode, so that multiplied colours stay it, and whether they are that."""
    try:
        with path.open("rb") if data is None else io.BytesIO(data) as file:
            if not is_associated(file):
                return data, False
            file.seek(0)
            stored = io.BytesIO(file.read())
    except OSError:
        return data, False  # the next step says what is wrong with it
    set_associated(stored, associated=False)
    return stored.getvalue(), True


def empty_picture(path: Path, width: int, height: int) -> Picture:
    """A black 8-bit RGB picture in sRGB, as if it had been read from `path`."""
    image = vips.Image.black(width, height, bands=3).copy(interpretation="srgb")
    return Picture(path, image.copy_memory(), "png", "u8", 3)


def _is_lossy(kind: str, path: Path, data: bytes | None) -> bool:
    if kind != "webp":
        return kind in ("jpeg", "avif")
    with path.open("rb") if data is None else io.BytesIO(data) as file:
        return is_lossy_webp(file)


def _open(path: Path, data: bytes | None) -> tuple[Any, str]:
    """The header and the format of a file, nothing decoded."""
    start = read_bytes(path, START_BYTES) if data is None else data[:START_BYTES]
    if (error := not_a_picture(path.name, start)) is not None:
        raise error
    with vips.unreadable(path.name, f"{FORMATS_HINT} {_HALF_HINT}"):
        # "error" refuses half a picture, which libvips would else pad with grey.
        source = vips.source(str(path)) if data is None else vips.source_of(data)
        image = vips.Image.new_from_source(source, "", access="sequential", fail_on="error")
    loader = str(image.get("vips-loader")).removesuffix("_source")
    if loader not in _FORMATS:
        raise InpaintError(
            "unreadable", f"{path.name} is not a kind of picture that is read here.", FORMATS_HINT
        )
    if image.width * image.height > PIXELS:
        raise InpaintError(
            "too_large",
            f"{path.name} says that it has {image.width} x {image.height} pixels; at most "
            f"{PIXELS // 1_000_000} million are read.",
            _SIDE_HINT,
        )
    return image, _FORMATS[loader]


def read_bytes(path: Path, most: int = -1) -> bytes:
    """What a file holds, or its first bytes.

    Raises:
        InpaintError: `unreadable`.
    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        if path.is_dir():
            raise InpaintError(
                "unreadable", f"{path} is a folder.", f"Name the pictures in it: {path}/*.png"
            ) from error
        raise InpaintError(
            "unreadable",
            f"{path} cannot be opened: {error.strerror}.",
            "Check the name and the permissions.",
        ) from error


def _numbers(path: Path, image: Any) -> tuple[str, int]:
    """Depth and count of colour channels, when they are ones that can be filled."""
    depth = _DEPTHS.get(image.format)
    colours = _COLOUR_CHANNELS.get(image.interpretation)
    if depth is None or colours is None or image.bands not in (colours, colours + 1):
        raise InpaintError(
            "unreadable",
            f"{path.name} has {image.bands} channel(s) of {image.format} samples "
            f"({image.interpretation}), which cannot be read here.",
            "Save it as grey, RGB or CMYK with 8 or 16 bits, or as a 32-bit float TIFF, "
            "with at most one alpha channel.",
        )
    return depth, colours


def assumed_profile(path: Path, image: Any) -> Iterator[Notice]:
    """What to say of CMYK numbers that do not tell which colours they are."""
    if image.interpretation == "cmyk" and not image.get_typeof("icc-profile-data"):
        yield Notice(
            "assumed_profile",
            f"{path.name} is CMYK without a profile, so the colours round the hole were taken for "
            "those of a usual press.",
            "Embed the profile that it was made for.",
        )


def _frames(image: Any) -> int:
    return int(image.get("n-pages")) if image.get_typeof("n-pages") else 1


def _first_of(path: Path, pages: int) -> tuple[Notice, ...]:
    if pages == 1:
        return ()
    return (
        Notice(
            "first_page",
            f"{path.name} has {pages} pages or frames; only the first was filled, and the result "
            "holds only that one.",
            "Save the other pages to files of their own.",
        ),
    )


def _samples(image: Any) -> Samples:
    samples: Samples = image.numpy()  # which leaves out dimensions of 1
    return samples.reshape(image.height, image.width, image.bands)
