"""What somebody wants of a picture file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inpaintd_protocol.settings import Settings

from .mask import MaskFile


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
        references: for each of the settings' references the file of its picture.
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
    references: tuple[Path, ...] = ()

    @property
    def mask_files(self) -> tuple[Path, ...]:
        """All masks that are files."""
        return tuple(m for m in (self.mask, *self.stage_masks) if isinstance(m, Path))
