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
        with_files: keep the names of the files in the recipe as well, for `repeated`.
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
    stage_masks: tuple[MaskFile | None, ...] = ()

    @property
    def mask_files(self) -> tuple[Path, ...]:
        """All masks that are files."""
        return tuple(m for m in (self.mask, *self.stage_masks) if isinstance(m, Path))


def files_of(order: Order, result: Path) -> dict[str, Any]:
    """The files of an order as plain values: their names as seen from the result's folder."""

    def name(file: MaskFile | None) -> str | bool | None:
        if isinstance(file, Path):
            return Path(os.path.relpath(file, result.parent)).as_posix()
        return True if file else None

    return {
        "source": name(order.source),
        "size": order.size,
        "mask": name(order.mask),
        "stage_masks": [name(file) for file in order.stage_masks],
    }


def repeated(files: Mapping[str, Any], result: Path, settings: Settings) -> Order:
    """The order of a result once more.

    Args:
        files: what `files_of` gave for it.
        settings: those of its recipe.
    """

    def file(name: str | bool | None) -> MaskFile | None:
        if isinstance(name, str):
            return result.parent / name
        return Everywhere.EVERYWHERE if name else None

    width_and_height = files.get("size")
    return Order(
        result.parent / str(files["source"]),
        settings,
        mask=file(files.get("mask")),
        with_files=True,
        size=tuple(width_and_height) if width_and_height else None,
        stage_masks=tuple(file(name) for name in files.get("stage_masks", ())),
    )
