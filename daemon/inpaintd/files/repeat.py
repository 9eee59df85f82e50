"""The files a result was made from: how its recipe names them, and how they are found again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.limits import CANVAS_SIDE
from inpaintd_protocol.settings import Settings

from .formats import format_of
from .mask_file import Everywhere, MaskFile
from .order import Order
from .recipe_file import recipe_text


def files_of(order: Order, result: Path) -> dict[str, Any]:
    """The files a result is made from, as plain values for its recipe.

    Only their names, because a result may be published and its folders are private; paths
    relative to the result's folder if the order says `with_files`. With the hash of their contents,
    because results are named like their sources.
    """

    def entry(file: MaskFile | None) -> dict[str, str] | bool | None:
        if not isinstance(file, Path):
            return True if file else None
        name = file.name
        if order.with_files:
            name = Path(os.path.relpath(file, result.parent)).as_posix()
        return {"name": name} | _hash(file)

    files = {
        "source": entry(order.source),
        "size": order.size,
        "enlarged": order.enlarged,
        "mask": entry(order.mask),
        "stage_masks": [entry(file) for file in order.stage_masks],
        "references": [entry(file) for file in order.references],
        "reference_masks": [entry(file) for file in order.reference_masks],
        "sampling": entry(order.sampling),
    }
    return {key: value for key, value in files.items() if value}


def repeated(
    files: Mapping[str, Any] | None,
    result: Path,
    settings: Settings,
    *,
    source: Path | None,
    mask: Path | None,
) -> Order:
    """The order that repeats a result.

    Args:
        files: what `files_of` returned for it; None if its recipe names no files.
        settings: the recipe's settings.
        source: the picture, if given; otherwise it is searched for, as are the masks.
        mask: its mask, likewise.

    Raises:
        InpaintError: `unreadable`, naming all files that are not found, or when `files` is not
            a value that `files_of` returns.
    """
    if files is not None and not _is_well_formed(files):
        raise InpaintError(
            "unreadable",
            f"The recipe of {result.name} lists its source files in an unknown form.",
            "Fill the source picture with: inpaintd fill PICTURE --recipe RESULT",
        )
    missing: list[tuple[str, str]] = []

    def found(entry: Mapping[str, str], role: str, remedy: str) -> Path:
        path = _found_again(entry, result)
        if path is None:
            missing.append((f"the {role} {Path(entry['name']).name}", remedy))
        return path or result.parent / Path(entry["name"]).name

    def mask_of(entry: Any, remedy: str) -> MaskFile | None:
        if isinstance(entry, Mapping):
            return found(entry, "mask", remedy)
        return Everywhere.EVERYWHERE if entry else None

    if files is None:
        return Order(source or _like_named(result), settings, mask=mask)
    size, enlarged = files.get("size"), files.get("enlarged")
    if source is None and size:
        source = result.parent / Path(files["source"]["name"]).name  # there is no such file
    sampling = files.get("sampling")
    order = Order(
        source or found(files["source"], "picture", "Name it with -I."),
        settings,
        mask=mask or mask_of(files.get("mask"), "Name it with -M."),
        with_files="size" in files or "stage_masks" in files,
        size=tuple(size) if size else None,
        enlarged=tuple(enlarged) if enlarged else None,
        # The masks of a chain's later steps have no option.
        stage_masks=tuple(mask_of(e, "Put it back there.") for e in files.get("stage_masks", ())),
        references=tuple(
            found(e, "reference", "Put it back there.") for e in files.get("references", ())
        ),
        reference_masks=tuple(
            found(e, "region of a reference", "Put it back there.") if e else None
            for e in files.get("reference_masks", ())
        ),
        sampling=found(sampling, "sampling area", "Put it back there.") if sampling else None,
    )
    if missing:
        raise _not_found(missing, result)
    return order


def _found_again(entry: Mapping[str, str], result: Path) -> Path | None:
    """A file the result was made from, if it is in one of the usual places and unchanged."""
    return next((p for p in _places(entry, result) if _is_it(p, entry)), None)


def _places(entry: Mapping[str, str], result: Path) -> Iterator[Path]:
    """Next to the result, in its parent folder, and in "done" beside a hot folder's outbox.

    A folder of results is commonly inside the folder of its sources. A recipe may come from
    anywhere, so it leads to other folders only if it knows the contents of the file there.
    """
    folder, plain = result.absolute().parent, Path(entry["name"]).name
    yield from (folder / plain, folder.parent / plain)
    if _hash_in(entry):
        yield folder / entry["name"]
    for parent in result.parents:
        if parent.name == "outbox":
            yield parent.parent / "done" / result.parent.relative_to(parent) / plain


def _is_well_formed(files: Mapping[str, Any]) -> bool:
    """Test whether the files of a recipe have the form that `files_of` returns."""

    def is_entry(value: Any) -> bool:
        if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
            return False
        name = value.get("name", "")
        return bool(Path(name).name) and "\0" not in name

    def is_mask(value: Any) -> bool:
        return value is None or value is True or is_entry(value)

    def are_numbers(value: Any, count: int, least: int) -> bool:
        return value is None or (
            isinstance(value, list)
            and len(value) == count
            and all(type(n) is int and least <= n <= CANVAS_SIDE for n in value)
        )

    stages, references = files.get("stage_masks", []), files.get("references", [])
    limits = files.get("reference_masks", [])
    return (
        is_entry(files.get("source"))
        and is_mask(files.get("mask"))
        and isinstance(stages, list)
        and all(map(is_mask, stages))
        and isinstance(references, list)
        and all(map(is_entry, references))
        and isinstance(limits, list)
        and all(limit is None or is_entry(limit) for limit in limits)
        and (files.get("sampling") is None or is_entry(files["sampling"]))
        and are_numbers(files.get("size"), 2, 1)
        and are_numbers(files.get("enlarged"), 4, 0)
    )


def _is_it(path: Path, entry: Mapping[str, str]) -> bool:
    try:
        if not path.is_file():
            return False
    except OSError:  # not a valid name on this system
        return False
    return _hash(path) == _hash_in(entry) if _hash_in(entry) else not _is_result(path)


def _hash_in(entry: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in entry.items() if key == _HASH}


def _hash(path: Path) -> dict[str, str]:
    """The hash of a file; empty when it is gone, which must not cost the result made from it."""
    try:
        with path.open("rb") as file:
            return {_HASH: hashlib.file_digest(file, _HASH).hexdigest()}
    except OSError:
        return {}


def _like_named(result: Path) -> Path:
    """Find the picture of a result whose recipe names no files."""
    stem = result.name.partition(".inpainted")[0]
    for path in sorted(result.parent.glob("*")):
        named_so = path.stem == stem and format_of(path) is not None
        if named_so and not _is_result(path):
            return path
    raise InpaintError(
        "unreadable",
        f"The picture that {result.name} was made from is not next to it.",
        "Name it with -I, and any mask that was used with -M.",
    )


def _is_result(path: Path) -> bool:
    """Test whether a picture carries a recipe, or is unreadable, so that it might."""
    try:
        return bool(recipe_text(path))
    except InpaintError:
        return True


def _not_found(missing: list[tuple[str, str]], result: Path) -> InpaintError:
    names = " and ".join(dict.fromkeys(what for what, _ in missing))
    remedies = list(dict.fromkeys(remedy for _, remedy in missing))
    several = len(missing) > 1
    if several and all("-" in remedy for remedy in remedies):
        remedies = ["Name them with -I and -M."]
    return InpaintError(
        "unreadable",
        f"{names[0].upper()}{names[1:]} that {result.name} was made from "
        f"{'are' if several else 'is'} not next to it or in the folder above, or "
        f"{'have' if several else 'has'} changed since.",
        " ".join(remedies),
    )


_HASH = "sha256"
