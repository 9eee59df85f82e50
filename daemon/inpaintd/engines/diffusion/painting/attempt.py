"""One attempt at a pass: its tasks, run through a model with the request's adapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from inpaintd.engine import Array, Report, Task
from inpaintd_protocol.settings import Settled

from ..loading.library import Library
from ..loading.model import Model
from ..loading.sharing import same_vae
from ..prompts.encoding import Notice
from .hand_over import SoFar, empty_latents, fits, goes_over_all, hands_over, takes_latents
from .job import Job, prepare
from .paint import paint
from .passes import Pass
from .previews import Previews
from .tiles import mask_of, needs_detail, tiles


@dataclass(frozen=True)
class Done:
    """The output of a pass for its tasks.

    Attributes:
        colours: of each task, (H, W, 3) float32; none if the next pass continues from latents.
        so_far: of each task, for the next pass; none for a pass in tiles.
        steps: run for each task.
    """

    colours: list[Array]
    steps: int = 0
    so_far: list[SoFar] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


@dataclass(frozen=True)
class Attempt:
    """One attempt.

    Attributes:
        settings: of this pass alone.
        scale: of the work area's sides, less than 1 when memory is short.
        previews: None when they are not needed.
    """

    model: Model
    library: Library
    settings: Settled
    report: Report
    scale: float = 1.0
    previews: Previews | None = None

    def paint(self, one: Pass, so_far: Sequence[SoFar], following: Pass | None) -> Done:
        """Paint one task after the other, so that each equals a separate run.

        Args:
            following: the next pass, which may continue from latents.
        """
        ready = [self._ready(one, each) for each in so_far]
        jobs = [job for _, job in ready]
        done = Done([], jobs[0].steps)
        as_latents = following is not None and self._shares_latents_with(following)
        total = sum(job.steps for job in jobs)
        for index, (before, job) in enumerate(ready):
            colour, latents = paint(
                self.model,
                job,
                self.settings,
                self.report,
                (index, sum(earlier.steps for earlier in jobs[:index]), total),
                self.previews,
                as_latents=as_latents,
            )
            done.so_far.append(before.after(one, self.model, colour, latents))
            if colour is not None:
                done.colours.append(colour)
            done.notices.extend(job.notices)
        return done

    def paint_over(
        self, tasks: Sequence[Task], masks: Sequence[Array], results: Sequence[Array]
    ) -> Done:
        """Repaint the results that are larger than the model's area, tile by tile.

        Args:
            masks: (H, W) float32 for each task, the part of its hole to repaint.
        """
        side = self.model.native_side
        canvases = [
            np.where(task.mask[..., None] > 0, result, task.colour)
            for task, result in zip(tasks, results, strict=True)
        ]
        places = [
            (index, tile)
            for index, mask in enumerate(masks)
            if needs_detail(mask, side)
            for tile in tiles(mask, side)
        ]
        steps = 0
        for number, (index, tile) in enumerate(places):
            part = canvases[index][tile.window]
            mask = mask_of(tile, masks[index])
            job = self._job(replace(tasks[index], colour=part, mask=mask, source=None))
            place = (index, number * job.steps, len(places) * job.steps)
            # A preview of a tile would be mistaken for one of the whole region.
            colour, _ = paint(self.model, job, self.settings, self.report, place)
            assert colour is not None
            part[mask > 0] = colour[mask > 0]
            steps += job.steps
        # Kept pixels stay as the first pass saw them, so that its colour shift can be measured.
        colours = [
            np.where(mask[..., None] > 0, canvas, result)
            for mask, canvas, result in zip(masks, canvases, results, strict=True)
        ]
        return Done(colours, steps)

    def _ready(self, one: Pass, so_far: SoFar) -> tuple[SoFar, Job]:
        """A task's job, continuing from latents if possible."""
        job = self._job(so_far.task_of(one))
        usable = takes_latents(self.model, job)
        if so_far.latents is not None:
            if usable and fits(so_far, job):
                return so_far, replace(job, latents=so_far.latents)
            so_far = so_far.as_picture(self.model)
            job = self._job(so_far.task_of(one))
        if self.settings.strength == 1 and goes_over_all(job):
            if usable:
                return so_far, replace(job, latents=empty_latents(self.model, job))
            if self.model.conditioned:
                job.notices.append(_made_for_inpainting(self.model.source.name))
        return so_far, job

    def _shares_latents_with(self, following: Pass) -> bool:
        source = self.library.model(following.settings.model)
        return hands_over(self.model.family) and same_vae(self.model.source, source)

    def _job(self, task: Task) -> Job:
        return prepare(self.model, self.library, task, self.settings, self.scale)


Work = Callable[[Attempt], Done]
"""The work of a pass. May be called again after an attempt that ran out of memory."""


def _made_for_inpainting(name: str) -> Notice:
    return (
        "made_for_inpainting",
        f"{name} is made for inpainting; whole pictures it paints less well.",
        "Take the model that it was made from for text-to-image.",
    )
