"""Several passes over a region: the request's own, and its stages before and after. Pure functions.

A pass that changes the whole region, as text-to-image and image-to-image do, is an inpainting whose
mask covers everything: so each model needs only one pipeline, and an inpainting pipeline will do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inpaintd.engine import Array, Report, Task
from inpaintd_protocol.settings import Settled, SettledStage

from ..prompts.syntax import without_loras

_SEEDS = 2**32


@dataclass(frozen=True)
class Pass:
    """One pass.

    Attributes:
        settings: of this pass alone.
        whole: whether it covers the whole region if it has no mask of its own.
        stage: its index among the request's stages; None for the request's own pass.
    """

    settings: Settled
    whole: bool = False
    stage: int | None = None

    @property
    def steps(self) -> int:
        """Approximate number of steps: the model that knows it exactly is not loaded yet."""
        return max(1, int(self.settings.steps * self.settings.strength))

    def painted(self, task: Task) -> Array:
        """The mask of the area that the pass may change in the result."""
        own = self._own_mask(task)
        return task.mask if own is None else own

    def denoised(self, task: Task) -> Array:
        """The mask that the model gets."""
        everything = self.whole and self._own_mask(task) is None
        return np.ones_like(task.mask) if everything else self.painted(task)

    def seed(self, task: Task) -> int:
        own = self.settings.seed
        if self.stage is None or own is None:
            return task.seed
        return (own + task.variant) % _SEEDS

    def _own_mask(self, task: Task) -> Array | None:
        if self.stage is None or not task.stage_masks:
            return None
        return task.stage_masks[self.stage]


def passes(settings: Settled) -> list[Pass]:
    """The passes in order: text-to-image produces the input of the request's own pass."""
    own = Pass(replace(settings, stages=()))
    before: list[Pass] = []
    after: list[Pass] = []
    for index, stage in enumerate(settings.stages):
        first = stage.kind == "text-to-image" and not after
        one = Pass(_settings_of(stage, own.settings), whole=stage.kind != "inpaint", stage=index)
        (before if first else after).append(one)
    return [*before, own, *after]


def _settings_of(stage: SettledStage, own: Settled) -> Settled:
    """The settings of a stage, completed by those of the request.

    Model-specific settings seldom suit another model, so they are not passed on.
    """
    another = bool(stage.model) and stage.model != own.model
    guidance = own.guidance_scale if stage.guidance_scale is None else stage.guidance_scale
    return replace(
        own,
        model=stage.model or own.model,
        prompt=stage.prompt or (without_loras(own.prompt) if another else own.prompt),
        negative_prompt=stage.negative_prompt or own.negative_prompt,
        loras=() if another else own.loras,
        embeddings=() if another else own.embeddings,
        scheduler=stage.scheduler or ("" if another else own.scheduler),
        strength=1.0 if stage.kind == "text-to-image" else stage.strength,
        steps=stage.steps,
        guidance_scale=guidance,
        seed=stage.seed,
        infill="original",
        replace=0.0,
        controls=(),
        references=(),
    )


def reporting(report: Report, all_passes: Sequence[Pass], index: int, tasks: int) -> Report:
    """A report for one pass that includes its position among all passes."""
    if len(all_passes) == 1:
        return report
    before = tasks * sum(one.steps for one in all_passes[:index])
    own = tasks * all_passes[index].steps
    total = tasks * sum(one.steps for one in all_passes)

    def of_all(step: int, steps: int) -> tuple[int, int]:
        return before + (own * step // steps if steps else 0), total

    return counted(report, of_all)


def counted(report: Report, count: Callable[[int, int], tuple[int, int]]) -> Report:
    """A report that counts differently.

    Args:
        count: maps steps done and total steps to the numbers to report.
    """

    def counting(
        phase: str,
        step: int = 0,
        steps: int = 0,
        *,
        task: int = 0,
        preview: Array | None = None,
    ) -> None:
        report(phase, *count(step, steps), task=task, preview=preview)

    return counting
