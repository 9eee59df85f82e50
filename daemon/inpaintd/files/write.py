"""Write a picture atomically, so that nothing is lost on failure."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from inpaintd.system.files import has_modes, rename_without_replacing
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Notice

from . import vips
from .formats import BY_NAME, Format, format_of, function, writable_suffixes
from .names import candidate_names
from .picture import Picture

_ENOUGH_BYTES = 1 << 20


def written_as(path: Path) -> Format:
    """The format implied by a result's name.

    Raises:
        InpaintError: `unwritable` when its suffix is not one we write.
    """
    row = format_of(path)
    if row is None or not row.save:
        raise InpaintError(
            "unwritable",
            f"{path.name} does not end in a known suffix.",
            f"Choose one of {', '.join(writable_suffixes())}.",
        )
    return row


def result_suffix(picture: Picture, *, only_layer: bool = False) -> str:
    """The default suffix of a result.

    The source's own if that format is lossless, else .png, or .tif if PNG does not support the
    samples. Prefixed with .layer if the result is not the whole picture.
    """
    if picture.document is not None and not only_layer:
        return picture.path.suffix.lower()
    mark = ".layer" if only_layer or picture.takes_only_layers else ""
    own = BY_NAME[picture.format]
    if own.name != "png" and own.save and own.lossless is not False and format_of(picture.path):
        return mark + picture.path.suffix.lower()
    return mark + (".tif" if picture.depth == "f32" or picture.colours == 4 else ".png")


def check_inputs_stay(out: Path, source: Path, masks: Iterable[Path]) -> None:
    """Check that the result does not replace the files it is made from.

    Raises:
        InpaintError: `unwritable` when it would replace one of them.
    """
    roles = dict.fromkeys(masks, "is a mask") | {source: "is the source of the result"}
    for path, role in roles.items():
        if out.exists() and path.exists() and out.samefile(path):
            raise InpaintError(
                "unwritable",
                f"{out} {role}: its current contents would be lost.",
                "Name another file with -o, or add --overwrite to replace it anyway.",
            )


def check_output(
    path: Path, picture: Picture, *, transparent: bool, only_layer: bool = False
) -> tuple[Notice, ...]:
    """Check, before any work is done, that such a picture can be written under this name.

    Args:
        transparent: whether the result will have transparent pixels.
        only_layer: whether it will be the new layer alone, also for a layered document.

    Returns:
        Notices about what will be lost.

    Raises:
        InpaintError: `unwritable` when the format does not support it, or the folder is read-only.
    """
    _check_folder(path)
    if picture.document is not None and not only_layer:
        _check_document(path, picture)
        return ()
    row = written_as(path)
    if picture.image.interpretation == "lab":
        raise InpaintError(
            "unwritable",
            f"{row.title} cannot be written in Lab.",
            "Omit --layer: the result is then the document with an added layer.",
        )
    if picture.colours == 4 and not row.holds_cmyk:
        raise InpaintError(
            "unwritable", f"{row.title} cannot hold CMYK.", "Name a .tif file with -o."
        )
    if transparent and not row.holds_alpha:
        raise InpaintError(
            "unwritable",
            f"{row.title} cannot hold transparency.",
            "Name a .png or a .tif file with -o.",
        )
    most = row.most_side
    if most is not None and max(picture.extent.width, picture.extent.height) > most:
        raise InpaintError(
            "unwritable",
            f"{row.title} is limited to {most} pixels per side.",
            "Name a .png or a .tif file with -o.",
        )
    return tuple(_losses(row, picture))


def _losses(row: Format, picture: Picture) -> Iterator[Notice]:
    """Notices about what a picture loses in a format that can store it."""
    if picture.depth not in row.depths:
        yield Notice(
            "depth_lost",
            f"{row.title} has fewer levels than {picture.path.name}: all pixels are rounded.",
            "Name a .tif file with -o to keep them all.",
        )
    if row.lossless is False:
        yield Notice(
            "recoded",
            f"{row.title} re-encodes every pixel: kept pixels may change slightly.",
            "Name a .png or a .tif file with -o to keep them exactly.",
        )


def write_picture(
    image: Any,
    path: Path,
    *,
    replace: bool,
    numbered: bool = False,
    like: Path | None = None,
) -> Path:
    """Write to a temporary name in the same folder, then rename.

    Args:
        image: a libvips image with the metadata to keep.
        path: the destination; its suffix determines the format.
        replace: whether a file of this name may be replaced; if not, an unused name is found.
        numbered: whether that name gets a number even when the plain one is unused.
        like: a file whose read permissions the result must not exceed.

    Returns:
        The path that was written.

    Raises:
        InpaintError: `unwritable`; then nothing has changed and no temporary file is left.
    """
    save = partial(function(written_as(path).save), image)
    return write_safely(path, save, replace=replace, numbered=numbered, like=like)


def write_safely(
    path: Path,
    save: Callable[[Path], None],
    *,
    replace: bool,
    numbered: bool = False,
    like: Path | None = None,
) -> Path:
    """Write a picture using `save`; otherwise like `write_picture`."""
    path = path.resolve()  # a link stays a link, and its target is replaced
    temporary = path.with_name(f".{path.stem[:50]}.{secrets.token_hex(4)}{path.suffix}")
    with _unwritable(path), _removed_on_error(temporary):
        # Before any contents are visible: a private picture's result is private, too.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _mode(like)))
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


def _mode(like: Path | None) -> int:
    """The permissions of a new file before the umask: at most those of another file."""
    if like is None or not has_modes():
        return 0o666
    try:
        return like.stat().st_mode & 0o666 | 0o600
    except OSError:
        return 0o666  # deleted, or never existed: a new canvas


def _rename_to_free_name(temporary: Path, path: Path, *, numbered: bool) -> Path:
    for name in map(Path, candidate_names(path, numbered=numbered)):
        try:
            rename_without_replacing(temporary, name)
        except FileExistsError:
            continue
        return name
    raise AssertionError("the candidate names are endless")


def _check_document(path: Path, picture: Picture) -> None:
    suffix = picture.path.suffix.lower()
    if path.suffix.lower() != suffix:
        raise InpaintError(
            "unwritable",
            f"{picture.path.name} is a layered document, so its result is one, too.",
            f"Name a {suffix} file with -o, or write the new layer alone, with --layer.",
        )


def _check_folder(path: Path) -> None:
    folder = path.resolve().parent
    if not folder.is_dir():
        raise InpaintError(
            "unwritable", f"There is no folder {folder}.", "Create it, or name another with -o."
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
