"""Fine structure for fills that an engine made at a lower resolution than the picture's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from inpaintd.engine import Array, Detailer, Painted, Report, Task
from inpaintd_protocol.settings import Settled


def with_detail(
    painted: Painted,
    tasks: Sequence[Task],
    settings: Settled,
    detailer: Detailer | None,
    report: Report,
) -> list[Array]:
    """The colours of each task, detailed where they were painted at a lower resolution.

    Args:
        detailer: adds the detail; None for none.
    """
    colours = list(painted.colours)
    if detailer is None:
        return colours
    for index, (task, scale) in enumerate(zip(tasks, painted.scales, strict=False)):
        same = next((k for k in range(index) if painted.colours[k] is painted.colours[index]), None)
        if same is not None:  # a variant of an engine that has none
            colours[index] = colours[same]
        elif scale < 1:
            coarse = replace(task, colour=painted.colours[index])
            tell = partial(report, "finishing", 1, 1, task=index)
            colours[index] = detailer.detailed(coarse, scale, settings, tell)
    return colours
