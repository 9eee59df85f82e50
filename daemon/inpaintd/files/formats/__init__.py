"""A single table of all file formats: what can be read and written, and by which module.

A new format is one row here and, where libvips does not read it, a module in this folder. Hints,
help texts, the hot folder and the checks before a fill take what they need from the row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import Any, Literal


@dataclass(frozen=True)
class Format:
    """The properties of a file format.

    Attributes:
        name: the value of `Picture.format`.
        title: the name shown to people.
        suffixes: in lower case; results get the first.
        read: "module:function" of this folder, (path, data or None) to Picture.
        loader: the name of libvips' loader; empty if libvips does not read the format.
        copies: how many decoded pictures are in memory at the peak of reading one.
        save: "module:function", (image, path) to nothing; empty for a format that is not written.
        depths: supported depths: u8, u16, f32.
        most_side: longest supported side in pixels; None for no limit.
        holds_cmyk, holds_alpha: whether it supports them.
        lossless: whether pixels are read back as written; None if a file can be either.
        add_layers: "module:function", (data, layers) to data, for layered documents.
        recipe: where recipes are stored: in a dedicated comment or in the XMP packet.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    read: str = "raster:read"
    loader: str = ""
    copies: int = 2
    save: str = ""
    depths: tuple[str, ...] = ("u8",)
    most_side: int | None = None
    holds_cmyk: bool = False
    holds_alpha: bool = True
    lossless: bool | None = True
    add_layers: str = ""
    recipe: Literal["comment", "xmp"] = "xmp"

    @property
    def has_layers(self) -> bool:
        """True if files of this format are documents, which receive a fill as a new layer."""
        return bool(self.add_layers)


FORMATS = (
    Format(
        "png",
        "PNG",
        (".png",),
        loader="pngload",
        save="saving:save_png",
        depths=("u8", "u16"),
        recipe="comment",
    ),
    Format(
        "tiff",
        "TIFF",
        (".tif", ".tiff"),
        loader="tiffload",
        save="saving:save_tiff",
        depths=("u8", "u16", "f32"),
        holds_cmyk=True,
    ),
    Format(
        "webp",
        "WebP",
        (".webp",),
        loader="webpload",
        copies=3,
        save="saving:save_webp",
        most_side=16383,  # libwebp's limit
        lossless=None,
    ),
    Format(
        "jpeg",
        "JPEG",
        (".jpg", ".jpeg"),
        loader="jpegload",
        save="saving:save_jpeg",
        most_side=65500,  # libjpeg's limit
        holds_cmyk=True,
        holds_alpha=False,
        lossless=False,
    ),
    Format("gif", "GIF", (".gif",), loader="gifload", copies=3),
    Format("avif", "AVIF", (".avif",), loader="heifload", copies=3, lossless=False),
    Format(
        "psd",
        "Photoshop documents (PSD, PSB)",
        (".psd", ".psb"),
        read="psd:read_psd",
        add_layers="psd_layer:add_to_psd",
        depths=("u8", "u16", "f32"),
        holds_cmyk=True,
    ),
    Format(
        "ora",
        "OpenRaster",
        (".ora",),
        read="openraster:read_openraster",
        add_layers="openraster:add_to_openraster",
        depths=("u8", "u16"),
    ),
)

BY_NAME = {row.name: row for row in FORMATS}
BY_LOADER = {row.loader: row for row in FORMATS if row.loader}
SUFFIXES = frozenset(suffix for row in FORMATS for suffix in row.suffixes)
"""The suffixes of all files that can be filled."""

_BY_SUFFIX = {suffix: row for row in FORMATS for suffix in row.suffixes}


def format_of(path: PurePath) -> Format | None:
    """The format implied by a name, whatever the file contains; None if it is not a picture's."""
    return _BY_SUFFIX.get(path.suffix.lower())


def function(name: str) -> Callable[..., Any]:
    """Import what a row names as "module:function". Deferred, as psd-tools is slow to import."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"{__name__}.{module}"), attribute)
    return found


def readable() -> str:
    """The formats that can be filled, as part of a sentence."""
    *titles, last = (row.title for row in FORMATS)
    return f"{', '.join(titles)} and {last}"


def writable_suffixes() -> tuple[str, ...]:
    """The suffixes that a single-layer result may have."""
    return tuple(suffix for row in FORMATS if row.save for suffix in row.suffixes)
