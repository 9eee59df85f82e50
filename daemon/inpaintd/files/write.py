"""Write a picture so that nothing is lost, whatever happens on the way."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Notice

from . import vips
from .exif import write_exif
from .names import candidate_names
from .picture import PREMULTIPLIED, Picture
from .premultiplied import divided, set_associated

FORMATS = {
    ".png": "png",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".webp": "webp",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
}
"""Suffix to format."""

_MOST_SIDE = {"webp": 16383, "jpeg": 65500}  # libwebp's and libjpeg's limits
_ENOUGH_BYTES = 1 << 20
_PNG_LEVEL = 2  # a fifth of the time of zlib's usual 6, and a tenth more bytes
_PNG_FILTER_UP = 0x20  # photographs come out smaller than with SUB, and much smaller than with none


def format_of(path: Path) -> str:
    """The format that a name asks for.

    Raises:
        InpaintError: `unwritable` when its suffix is none of ours.
    """
    name = FORMATS.get(path.suffix.lower())
    if name is None:
        raise InpaintError(
            "unwritable",
            f"{path.name} does not end in a known suffix.",
            f"Choose one of {', '.join(FORMATS)}.",
        )
    return name


def result_suffix(picture: Picture, *, only_layer: bool = False) -> str:
    """The suffix of a result that is not named.

    The source's own where that format loses nothing, else .png, or .tif where PNG cannot hold the
    numbers. With .layer before it where the result is not the whole picture.
    """
    if picture.document is not None and not only_layer:
        return picture.path.suffix.lower()
    mark = ".layer" if only_layer or picture.takes_only_layers else ""
    if picture.format in ("tiff", "webp") and picture.path.suffix.lower() in FORMATS:
        return mark + picture.path.suffix.lower()
    return mark + (".tif" if picture.depth == "f32" or picture.colours == 4 else ".png")


def check_inputs_stay(out: Path, source: Path, masks: Iterable[Path]) -> None:
    """Whether the result leaves the files alone that it is made of.

    Raises:
        InpaintError: `unwritable` when it would replace one of them.
    """
    roles = dict.fromkeys(masks, "is a mask") | {source: "is what the result is made of"}
    for path, role in roles.items():
        if out.exists() and path.exists() and out.samefile(path):
            raise InpaintError(
                "unwritable",
                f"{out} {role}: what it holds now would be lost.",
                "Name another file with -o, or add --overwrite to replace it all the same.",
            )


def check_output(
    path: Path, picture: Picture, *, transparent: bool, only_layer: bool = False
) -> tuple[Notice, ...]:
    """Whether a picture of this kind can be written under this name, before any work is done.

    Args:
        transparent: whether the result will be transparent somewhere.
        only_layer: whether it will be the new layer alone, also for a document of layers.

    Returns:
        What will be lost on the way.

    Raises:
        InpaintError: `unwritable` when the format cannot hold it, or the folder is not writable.
    """
    _check_folder(path)
    if picture.document is not None and not only_layer:
        _check_document(path, picture)
        return ()
    format_name = format_of(path)
    if picture.image.interpretation == "lab":
        raise InpaintError(
            "unwritable",
            f"{format_name.upper()} is not written in Lab.",
            "Leave --layer out: the result is then the document with one more layer.",
        )
    if picture.colours == 4 and format_name not in ("tiff", "jpeg"):
        raise InpaintError(
            "unwritable", f"{format_name.upper()} cannot hold CMYK.", "Name a .tif file with -o."
        )
    if transparent and format_name == "jpeg":
        raise InpaintError(
            "unwritable", "JPEG cannot hold transparency.", "Name a .png or a .tif file with -o."
        )
    most = _MOST_SIDE.get(format_name)
    if most is not None and max(picture.extent.width, picture.extent.height) > most:
        raise InpaintError(
            "unwritable",
            f"{format_name.upper()} holds at most {most} pixels in a row or column.",
            "Name a .png or a .tif file with -o.",
        )
    return tuple(_losses(format_name, picture))


def _losses(format_name: str, picture: Picture) -> Iterator[Notice]:
    """What a picture that can be written in this format loses there."""
    holds = {"png": ("u8", "u16"), "tiff": ("u8", "u16", "f32")}.get(format_name, ("u8",))
    if picture.depth not in holds:
        yield Notice(
            "depth_lost",
            f"{format_name.upper()} holds fewer levels than {picture.path.name}: "
            "all pixels are rounded.",
            "Name a .tif file with -o to keep them all.",
        )
    if format_name == "jpeg":
        yield Notice(
            "recoded",
            "JPEG codes the whole picture anew: kept pixels may change by a little.",
            "Name a .png or a .tif file with -o to keep them exactly.",
        )


def write_picture(image: Any, path: Path, *, replace: bool, numbered: bool = False) -> Path:
    """Write under a temporary name in the same folder, then rename.

    Args:
        image: a libvips image with the metadata to keep.
        path: where to; its suffix gives the format.
        replace: whether a file of this name may be replaced; if not, a free name is found.
        numbered: whether that name has a number even when the plain one is free.

    Returns:
        The path that was written.

    Raises:
        InpaintError: `unwritable`; then nothing was changed and nothing is left behind.
    """
    return write_safely(
        path, partial(_save, image, format_of(path)), replace=replace, numbered=numbered
    )


def write_safely(
    path: Path, save: Callable[[Path], None], *, replace: bool, numbered: bool = False
) -> Path:
    """As `write_picture`, with `save` writing the file."""
    path = path.resolve()  # a link stays a link, and what it points to is replaced
    temporary = path.with_name(f".{path.stem[:50]}.{secrets.token_hex(4)}{path.suffix}")
    with _unwritable(path), _removed_on_error(temporary):
        save(temporary)
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        if not replace:
            return _rename_to_free_name(temporary, path, numbered=numbered)
        if path.exists():
            shutil.copymode(path, temporary)
        # Rename last: a watcher may open the file the moment its name appears.
        temporary.replace(path)
        return path


def _save(image: Any, format_name: str, path: Path) -> None:
    name = vips.encoded(str(path))
    premultiplied = image.get_typeof(PREMULTIPLIED) != 0
    if premultiplied and format_name != "tiff":
        image = _straight(image)
    if format_name == "png":
        if image.format == "float":
            image = _as_integers(image)
        image.pngsave(name, filter=_PNG_FILTER_UP, compression=_PNG_LEVEL)
    elif format_name == "tiff":
        image.tiffsave(name, compression="deflate", predictor=_predictor(image))
        write_exif(image, path)
        if premultiplied:
            with path.open("r+b") as file:
                set_associated(file, associated=True)
    elif format_name == "webp":
        # exact keeps the colour under alpha 0, which is what holes are made of.
        _as_bytes(image).webpsave(name, lossless=True, exact=True)
    else:
        if image.hasalpha():
            image = image[: image.bands - 1]
        _as_bytes(image).jpegsave(name, Q=95, subsample_mode="off", optimize_coding=True)


def _straight(image: Any) -> Any:
    """With straight alpha, which is all that formats other than TIFF have."""
    samples = divided(image.numpy())
    plain = vips.Image.new_from_array(samples, interpretation=image.interpretation)
    return image.insert(plain, 0, 0)  # with the metadata


def _predictor(image: Any) -> str:
    return "float" if image.format == "float" else "horizontal"


def _as_integers(image: Any) -> Any:
    grey = image.bands < 3
    scaled = (image * 65535 + 0.5).floor().cast("ushort")
    return scaled.copy(interpretation="grey16" if grey else "rgb16")


def _as_bytes(image: Any) -> Any:
    if image.format == "uchar":
        return image
    kind = "b-w" if image.bands < 3 else "cmyk" if image.interpretation == "cmyk" else "srgb"
    scale = 255.0 if image.format == "float" else 255.0 / 65535.0
    return (image * scale + 0.5).floor().cast("uchar").copy(interpretation=kind)


def _rename_to_free_name(temporary: Path, path: Path, *, numbered: bool) -> Path:
    for name in map(Path, candidate_names(path, numbered=numbered)):
        try:
            _rename_without_replacing(temporary, name)
        except FileExistsError:
            continue
        return name
    raise AssertionError("names do not run out")


def _rename_without_replacing(temporary: Path, path: Path) -> None:
    if os.name == "nt":
        temporary.rename(path)  # refuses to replace there
        return
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # the file system knows no hard links
        if path.exists():
            raise FileExistsError(str(path)) from None
        temporary.rename(path)
    else:
        temporary.unlink()


def _check_document(path: Path, picture: Picture) -> None:
    suffix = picture.path.suffix.lower()
    if path.suffix.lower() != suffix:
        raise InpaintError(
            "unwritable",
            f"{picture.path.name} is a document of layers, and so is its result.",
            f"Name a {suffix} file with -o, or write the new layer alone, with --layer.",
        )


def _check_folder(path: Path) -> None:
    folder = path.resolve().parent
    if not folder.is_dir():
        raise InpaintError(
            "unwritable", f"There is no folder {folder}.", "Make it, or name another with -o."
        )
    if not os.access(folder, os.W_OK):
        raise InpaintError(
            "unwritable",
            f"The folder {folder} is read-only.",
            "Name a file in another folder with -o.",
        )


@contextmanager
def _removed_on_error(temporary: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _unwritable(path: Path) -> Iterator[None]:
    try:
        yield
    except (vips.Error, OSError) as error:
        full = "No space left" in str(error) or (
            path.parent.is_dir() and shutil.disk_usage(path.parent).free < _ENOUGH_BYTES
        )
        what = error.strerror if isinstance(error, OSError) else vips.reason(error)
        why = "the disk is full" if full else what
        raise InpaintError(
            "unwritable",
            f"{path} cannot be written: {why}.",
            "Free some space, or name a file on another disk with -o."
            if full
            else "Name a file in another folder with -o.",
        ) from error
