"""All variants of a fill in one picture, to choose from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from inpaintd.files import vips
from inpaintd.files.reading import read_picture
from inpaintd.files.write import write_picture

_SIDE = 512
_GAP = 8


def write_contact_sheet(paths: Sequence[Path]) -> Path:
    """Write the pictures side by side, in order, to STEM.grid.png next to the first one."""
    small = [
        read_picture(path).image.thumbnail_image(_SIDE, height=_SIDE, size="down").copy_memory()
        for path in paths
    ]
    across = math.ceil(math.sqrt(len(small)))
    sheet = vips.Image.arrayjoin(small, across=across, shim=_GAP, background=[255])
    first = paths[0]
    stem = first.stem.removesuffix(".1")
    return write_picture(sheet, first.with_name(f"{stem}.grid.png"), replace=False)
