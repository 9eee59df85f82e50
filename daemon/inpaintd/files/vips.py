"""libvips, with its errors turned into sentences.

libvips preserves what others lose: 16-bit RGBA, colour under alpha 0, profiles, metadata.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from inpaintd_protocol.errors import InpaintError

try:
    import pyvips
except (ImportError, OSError) as _error:  # OSError: pyvips is installed, the library is not
    raise InpaintError(
        "not_installed",
        "libvips, which reads picture files, is not installed.",
        "Install it with: pip install 'pyvips[binary]' - or, if there is no build for your "
        "system, install the system's package (apt install libvips42, brew install vips) and "
        "run: pip install pyvips",
    ) from _error

Image = pyvips.Image

Error: type[Exception] = pyvips.Error


def fields(image: Any) -> list[str]:
    """The names of an image's metadata, in order.

    A name that is not UTF-8, such as a PNG file's Latin-1 keyword, has its bytes escaped:
    `Image.get_fields` would raise.
    """
    array = pyvips.vips_lib.vips_image_get_fields(image.pointer)
    names = []
    index = 0
    while array[index] != pyvips.ffi.NULL:
        names.append(pyvips.ffi.string(array[index]).decode("utf-8", "surrogateescape"))
        pyvips.glib_lib.g_free(array[index])
        index += 1
    pyvips.glib_lib.g_free(array)
    return names


def set_text(image: Any, name: str, value: str) -> None:
    """Attach a text field; `image` must be a private copy."""
    image.set_type(pyvips.GValue.gstr_type, name, value)


def set_blob(image: Any, name: str, value: bytes) -> None:
    """Attach a field of bytes; `image` must be a private copy."""
    image.set_type(pyvips.GValue.blob_type, name, value)


def source(path: str) -> Any:
    """Open a file for loading, even if its name contains brackets.

    `Image.new_from_file` would read "a[1].png" as the file a with the option 1.
    """
    return pyvips.Source.new_from_file(encoded(path))


def encoded(path: str) -> bytes:
    """A path as the system encodes it: pyvips would reject a name that is not UTF-8."""
    return os.fsencode(path)


def source_of(data: bytes) -> Any:
    """Wrap a file that is already in memory for loading."""
    return pyvips.Source.new_from_memory(data)


def reason(error: Exception) -> str:
    """The informative part of a libvips error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("system error: ")] or lines[1:] or lines
    text = telling[0].removeprefix("system error: ")
    return text.split(": ", 1)[-1].rstrip(".")


@contextmanager
def unreadable(name: str, hint: str) -> Iterator[None]:
    """Convert libvips' errors to `unreadable`."""
    try:
        yield
    except Error as error:
        raise InpaintError(
            "unreadable", f"{name} cannot be read as a picture: {reason(error)}.", hint
        ) from error
