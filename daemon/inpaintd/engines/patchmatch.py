"""Content-aware fill: PatchMatch copies texture from near the hole. Needs no model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array, Painted, Report, Task
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings


class PatchMatch:
    """Fills with PyPatchMatch. Works on 8 bits; only the hole's own pixels pass through them."""

    honours = frozenset({"seed"})
    soft = False
    interruptible = False

    def paint(self, tasks: Sequence[Task], settings: Settings, report: Report) -> Painted:
        """As `Engine.paint`; the colours under the hole have no influence.

        Raises:
            InpaintError: `unsupported` when nothing is kept that could be continued.
        """
        colours = []
        for index, task in enumerate(tasks):
            report("denoising", index, len(tasks), task=index)
            colours.append(fill(task))
        report("denoising", len(tasks), len(tasks), task=len(tasks) - 1)
        return Painted(colours)


def fill(task: Task) -> Array:
    """The task's colours, kept pixels exactly as they were."""
    from patchmatch import patch_match

    hole = task.mask > 0
    sources = ~hole if task.source is None else task.source
    if not sources.any():
        raise InpaintError(
            "unsupported",
            "The hole covers everything, so there is nothing to continue.",
            "Select less, or send more of the picture around the selection.",
        )
    pixels = np.floor(np.clip(task.colour, 0, 1) * 255 + np.float32(0.5)).astype(np.uint8)
    patch_match.set_random_seed(task.seed)
    unusable: NDArray[np.bool_] = ~hole & ~sources
    filled = patch_match.inpaint(
        pixels, hole, global_mask=unusable if unusable.any() else None, patch_size=3
    )
    return np.where(hole[..., None], filled.astype(np.float32) / 255, task.colour)
