"""The built-in fill as an engine: continues the hole's surroundings, without a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inpaintd.engine import Array, Painted, Report, Task, nothing_kept
from inpaintd.engines.catalogue import ENGINES
from inpaintd.engines.patches.completion import filled
from inpaintd.engines.patches.guide import Guide, merged
from inpaintd.engines.patches.level import Level
from inpaintd.engines.patches.parts import parts_of
from inpaintd.engines.patches.sampling import nothing_to_copy, sampling_area
from inpaintd_protocol.settings import Settled

_THOUSANDTHS = 1000
"""Number of steps in which a task's progress is reported."""


class Patches:
    """Fills with patches of the kept pixels, at the full depth of the picture."""

    honours = ENGINES["patches"].honours
    soft = ENGINES["patches"].soft
    interruptible = ENGINES["patches"].interruptible

    def paint(self, tasks: Sequence[Task], settings: Settled, report: Report) -> Painted:
        """Paint as described in `Engine.paint`; the colours under the hole have no influence.

        Raises:
            InpaintError: `nothing_kept` when nothing is kept to continue from.
        """
        colours = []
        steps = _THOUSANDTHS * len(tasks)
        for index, task in enumerate(tasks):

            def tell(share: float, estimate: Array | None, index: int = index) -> None:
                step = round(_THOUSANDTHS * (index + share))
                report("denoising", step, steps, task=index, preview=estimate)

            tell(0.0, None)
            colours.append(completed(task, settings, tell))
        report("denoising", steps, steps, task=len(tasks) - 1)
        return Painted(colours)

    def detailed(
        self, task: Task, scale: float, settings: Settled, tell: Callable[[], object]
    ) -> Array:
        """Detail as described in `Detailer.detailed`."""
        fine = completed(task, settings, lambda *_: tell(), scale)
        hole = task.mask > 0
        fine[hole] = merged(task.colour, fine, hole, scale)
        return fine


def completed(
    task: Task,
    settings: Settled,
    tell: Callable[[float, Array | None], object],
    scale: float | None = None,
) -> Array:
    """The task's colours with the hole filled, (H, W, 3) float32; kept pixels are unchanged.

    Args:
        settings: only the sampling area, and whether estimates are requested, matter.
        tell: receives the completed share, in [0, 1], and a (h, w, 3) estimate of any size.
        scale: the colours in the hole are a coarse fill of this resolution, as a share of the
            picture's, whose layout is to be kept; None when they mean nothing.

    Raises:
        InpaintError: `nothing_kept` when nothing is kept to continue from.
    """
    hole = task.mask > 0
    shown = ~hole if task.source is None else task.source & ~hole
    if not shown.any():
        raise nothing_kept()
    if task.sampling is not None:
        shown = shown & task.sampling
        if not shown.any():
            raise nothing_to_copy()
    parts = parts_of(hole, task.sampling)
    made = []
    for index, part in enumerate(parts):

        def told(share: float, level: Level, index: int = index) -> None:
            estimate = level.colour.copy() if settings.preview and len(parts) == 1 else None
            tell((index + share) / len(parts), estimate)

        inside = hole[part.window]
        allowed = sampling_area(shown[part.window], part.own, settings)
        colour = task.colour[part.window]
        guide = None if scale is None else Guide(colour, scale)
        colours = filled(colour, inside, allowed, task.seed, told, guide)
        made.append(colours[part.own[inside]])
    # Shifts in brightness may lead out of the range that the picture has.
    kept = task.colour[shown]
    low, high = min(np.float32(0), kept.min()), max(np.float32(1), kept.max())
    # At the end, once the fill's working memory is free again.
    result = task.colour.copy()
    for part, colours in zip(parts, made, strict=True):
        result[part.window][part.own] = np.clip(colours, low, high)
    return result
