"""Several passes over a region: the request's own, and its stages before and after. Pure functions.

A pass that changes the whole region, as image-to-image does, is an inpainting whose mask covers
everything: so each model needs but one pipeline, and one for inpainting can do it as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Report, Task
from inpaintd_protocol.settings import Settings

from .prompt_syntax import without_loras

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Pass:
    """One pass.

    Attributes:
        settings: of this pass alone.
        whole: whether it changes the whole region, not just the hole.
    """

    settings: Settings
    whole: bool = False

    @property
    def steps(self) -> int:
        """Steps, about: the model that knows them exactly is not loaded yet."""
        return max(1, int(self.settings.steps * self.settings.strength))


def passes(settings: Settings) -> list[Pass]:
    """The passes in their order: text-to-image gives what the request's own pass goes on from."""
    own = Pass(replace(settings, stages=()))
    before: list[Pass] = []
    after: list[Pass] = []
    for stage in settings.stages:
        from_nothing = stage.kind == "text-to-image"
        another = bool(stage.model) and stage.model != settings.model
        prompt = stage.prompt or settings.prompt
        changed = replace(
            own.settings,
            model=stage.model or settings.model,
            # What was made for one model seldom fits another.
            prompt=without_loras(prompt) if another else prompt,
            loras=() if another else settings.loras,
            embeddings=() if another else settings.embeddings,
            scheduler="" if another else settings.scheduler,
            strength=1.0 if from_nothing else stage.strength,
            steps=stage.steps,
            infill="original",
            replace=0.0,
            controls=(),
        )
        stages = before if from_nothing and not after else after
        stages.append(Pass(changed, whole=stage.kind != "inpaint"))
    return [*before, own, *after]


def tasks_of(one: Pass, tasks: Sequence[Task], results: Sequence[Array] | None) -> list[Task]:
    """The tasks of a pass, which go on from the results of the one before it."""
    if results is None:
        results = [task.colour for task in tasks]
    return [
        replace(
            task,
            colour=np.where(task.mask[..., None] > 0, result, task.colour),
            mask=np.ones_like(task.mask) if one.whole else task.mask,
        )
        for task, result in zip(tasks, results, strict=True)
    ]


def reporting(report: Report, all_passes: Sequence[Pass], index: int, tasks: int) -> Report:
    """A report for one pass that tells its place among all of them."""
    if len(all_passes) == 1:
        return report
    before = tasks * sum(one.steps for one in all_passes[:index])
    own = tasks * all_passes[index].steps
    total = tasks * sum(one.steps for one in all_passes)

    def of_all(
        phase: str,
        step: int = 0,
        steps: int = 0,
        *,
        task: int = 0,
        preview: Array | None = None,
    ) -> None:
        done = before + (own * step // steps if steps else 0)
        report(phase, done, total, task=task, preview=preview)

    return of_all
