"""A user's order for a picture file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inpaintd_protocol.settings import Settings

from .mask_file import MaskFile


@dataclass(frozen=True)
class Order:
    """A user's order for a picture file.

    Attributes:
        source: the picture; with a `size`, the path that the result is named after.
        mask: a second file that marks the area to repaint; None for the picture's transparency.
        out: the result, or a folder for it; None: next to the source, under an unused name.
        only_layer: write the new layer alone, the size of the picture.
        with_recipe: store settings, seed and model in the result, for `read_recipe`.
        overwrite: whether the result may replace the picture or masks it is made from.
        with_files: record the files' paths in the recipe, for `repeated`, not just their names.
        enlarged: how many pixels of new canvas the result has at the left, top, right and bottom.
        size: width and height of an empty canvas to paint on instead of a picture.
        stage_masks: for each stage in the settings its own mask, or None; empty when none
            has one.
        references: for each reference in the settings, the file of its picture.
        reference_masks: for each reference a mask that is white where it counts, or None; empty
            when all count everywhere.
        sampling: a mask that is white where pixels may be copied; None for everywhere.
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
    reference_masks: tuple[Path | None, ...] = ()
    sampling: Path | None = None

    @property
    def mask_files(self) -> tuple[Path, ...]:
        """All masks that are files."""
        masks = (self.mask, *self.stage_masks, *self.reference_masks, self.sampling)
        return tuple(m for m in masks if isinstance(m, Path))
