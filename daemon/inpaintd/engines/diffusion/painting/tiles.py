"""The second pass over large holes: tile by tile at full size. Pure functions.

A hole larger than the model's area is first painted small and scaled up, which gives its layout;
then tiles of the model's own size are painted over it at low strength, each with its finished
neighbours as context.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from inpaintd.engine import Array, Report
from inpaintd_protocol.settings import Settled

from .passes import counted
from .work_area import LARGEST_OVER_NATIVE

_STRENGTH = 0.35
"""Enough to draw detail, too little to change the layout."""

_CONTEXT_SHARE = 0.125
"""Margin of a tile, as a share of its side."""


@dataclass(frozen=True)
class Tile:
    """A window on the region, and the part of it that this tile repaints."""

    window: tuple[slice, slice]
    core: tuple[slice, slice]
    """In coordinates of the region."""


def needs_detail(mask: Array, native_side: int) -> bool:
    """Test whether the first pass worked at less than the size of the region's mask, (H, W)."""
    return mask.size > LARGEST_OVER_NATIVE * native_side**2


def finer(settings: Settled) -> Settled:
    """The settings of the second pass over a result of the first."""
    strength = max(min(settings.strength, _STRENGTH), 1 / settings.steps)
    return replace(settings, strength=strength, infill="original", replace=0.0)


def going_on(report: Report, steps_before: int) -> Report:
    """A report that continues counting after the steps of the previous passes."""
    return counted(report, lambda step, steps: (steps_before + step, steps_before + steps))


def tiles(mask: Array, native_side: int) -> Iterator[Tile]:
    """Tiles that together cover the hole; those outside it are omitted.

    Args:
        mask: (H, W) float32, the hole where above 0.
        native_side: side of each window, unless the region is smaller.
    """
    margin = int(native_side * _CONTEXT_SHARE)
    step = native_side - 2 * margin
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return
    for top in range(rows[0], rows[-1] + 1, step):
        for left in range(columns[0], columns[-1] + 1, step):
            core = slice(top, top + step), slice(left, left + step)
            if mask[core].any():
                height, width = mask.shape
                yield Tile(
                    (
                        _window(top - margin, native_side, height),
                        _window(left - margin, native_side, width),
                    ),
                    core,
                )


def _window(start: int, length: int, available: int) -> slice:
    """`length` pixels from `start`, shifted to fit inside the picture."""
    length = min(length, available)
    start = min(max(0, start), available - length)
    return slice(start, start + length)


def mask_of(tile: Tile, mask: Array) -> Array:
    """The mask of a tile's window: only the hole in its core."""
    own = np.zeros_like(mask)
    own[tile.core] = mask[tile.core]
    return own[tile.window]
