"""Every file format in one table: what can be read, what can be written, and by whom.

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
    """What is known about a file format.

    Attributes:
        name: in `Picture.format`.
        title: for people.
        suffixes: in lower case; results get the first one.
        read: "module:function" of this folder, (path, data or None) to Picture.
        loader: libvips' own name of its reader; empty where libvips is not what reads it.
        copies: how many decoded pictures are in memory at the peak of reading one.
        save: "module:function", (image, path) to nothing; empty for what is not written.
        depths: that it holds: u8, u16, f32.
        most_side: longest side in pixels that it holds; None for any.
        holds_cmyk, holds_alpha: whether it does.
        lossless: whether pixels come back as they were written; None: a file can be either.
        add_layers: "module:function", (data, layers) to data, for documents of layers.
        recipe: where recipes are kept, in a comment of its own or in the XMP packet.
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
        """Whether files of it are documents, which get a fill as one more layer."""
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
"""Of all files that can be filled."""

_BY_SUFFIX = {suffix: row for row in FORMATS for suffix in row.suffixes}


def format_of(path: PurePath) -> Format | None:
    """The format that a name stands for, whatever the file holds; None for no picture's."""
    return _BY_SUFFIX.get(path.suffix.lower())


def function(name: str) -> Callable[..., Any]:
    """What a row names as "module:function". Loaded when needed: psd-tools takes a while."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"{__name__}.{module}"), attribute)
    return found


def readable() -> str:
    """The formats that can be filled, for a sentence."""
    *titles, last = (row.title for row in FORMATS)
    return f"{', '.join(titles)} and {last}"


def writable_suffixes() -> tuple[str, ...]:
    """The suffixes that a result of one layer may have."""
    return tuple(suffix for row in FORMATS if row.save for suffix in row.suffixes)
