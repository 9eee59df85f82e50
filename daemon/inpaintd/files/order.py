"""What somebody wants of a picture file, and how a result names the files of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaintd_protocol.settings import Settings

from .mask import Everywhere, MaskFile


@dataclass(frozen=True)
class Order:
    """What somebody wants of a picture file.

    Attributes:
        source: the picture; with a `size`, what the result is named after.
        mask: a second file that says where to repaint; None: where the picture is transparent.
        out: the result, or a folder for it; None: beside the source, under a name that is free.
        only_layer: write the new layer alone, as large as the picture.
        with_recipe: keep settings, seed and model in the result, for `read_recipe`.
        overwrite: whether the result may replace the picture or the masks that it is made of.
        with_files: keep in the recipe where the files are, for `repeated`, not only their names.
        enlarged: how many pixels of new canvas the result has at the left, top, right and bottom.
        size: width and height of an empty canvas to paint on instead of a picture.
        stage_masks: for each of the settings' stages a mask of its own, or None; empty when none
            has one.
    """

    source: Path
    settings: Settings
    mask: MaskFile | None = None
    out: Path | None = None
    only_layer: bool = False
    with_recipe: bool = True
    overwrite: bool = False
    with_files: bool = False
    size: tuple[int, int] | None = None
    enlarged: tuple[int, int, int, int] | None = None
    stage_masks: tuple[MaskFile | None, ...] = ()

    @property
    def mask_files(self) -> tuple[Path, ...]:
        """All masks that are files."""
        return tuple(m for m in (self.mask, *self.stage_masks) if isinstance(m, Path))


def files_of(order: Order, result: Path) -> dict[str, Any]:
    """What a result is made of, as plain values for its recipe.

    Files by their names alone, because a result may be published, and its folders are nobody's
    business; as seen from the result's folder where the order says `with_files`.
    """

    def name(file: MaskFile | None) -> str | bool | None:
        if not isinstance(file, Path):
            return True if file else None
        if not order.with_files:
            return file.name
        return Path(os.path.relpath(file, result.parent)).as_posix()

    files = {
        "source": name(order.source),
        "size": order.size,
        "enlarged": order.enlarged,
        "mask": name(order.mask),
        "stage_masks": [name(file) for file in order.stage_masks],
    }
    return {key: value for key, value in files.items() if value}


def repeated(files: Mapping[str, Any], result: Path, settings: Settings) -> Order:
    """The order of a result once more; its files where they are found, or else beside the result.

    Args:
        files: what `files_of` gave for it.
        settings: those of its recipe.
    """

    def file(name: str | bool | None) -> MaskFile | None:
        if isinstance(name, str):
            return found_again(name, result)
        return Everywhere.EVERYWHERE if name else None

    size, enlarged = files.get("size"), files.get("enlarged")
    return Order(
        found_again(str(files["source"]), result),
        settings,
        mask=file(files.get("mask")),
        with_files="size" in files or "stage_masks" in files,
        size=tuple(size) if size else None,
        enlarged=tuple(enlarged) if enlarged else None,
        stage_masks=tuple(file(name) for name in files.get("stage_masks", ())),
    )


def found_again(name: str, result: Path) -> Path:
    """A file that a result was made of: beside it, or in the folder done beside an outbox."""
    beside = result.parent / name
    places = [beside, result.parent / Path(name).name]
    for folder in result.parents:
        if folder.name == "outbox":
            inside = result.parent.relative_to(folder)
            places.append(folder.parent / "done" / inside / Path(name).name)
    return next((p for p in places if p.exists() and not p.samefile(result)), beside)
