"""From one pass to the next: as latents where both have the same VAE, for nothing is lost then."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from inpaintd.engine import Array, Task

from ..families import SD, SDXL, Family
from ..loading.model import Model
from .job import Job
from .latents import decoded
from .passes import Pass
from .watch import BrokenNumbersError
from .work_area import WorkSize, scale_colour

Pixels = NDArray[np.bool_]


@dataclass(frozen=True)
class SoFar:
    """What the passes so far have made of a task.

    Attributes:
        task: as it was given.
        colour: (H, W, 3) float32, the picture; without what was only made as latents.
        painted: (H, W) bool, where any pass has painted.
        latents: newer than `colour`; None when that is all there is.
        fresh: (H, W) bool, where a picture of the latents is to be taken.
        exact: whether the latents are the picture elsewhere, too.
    """

    task: Task
    colour: Array
    painted: Pixels
    fresh: Pixels
    latents: torch.Tensor | None = None
    exact: bool = True

    @classmethod
    def start(cls, task: Task) -> SoFar:
        nowhere = np.zeros(task.mask.shape, bool)
        return cls(task, task.colour, nowhere, nowhere)

    def task_of(self, one: Pass) -> Task:
        """The task of the next pass, which goes on from here."""
        return replace(
            self.task, colour=self.colour, mask=one.denoised(self.task), seed=one.seed(self.task)
        )

    def as_picture(self, model: Model) -> SoFar:
        """The same without latents: decoded by the next model, whose VAE is the same.

        Raises:
            BrokenNumbersError: when the VAE does not run in its 16-bit type.
        """
        assert self.latents is not None
        picture = decoded(model, self.latents)
        if not np.isfinite(picture).all():
            raise BrokenNumbersError
        colour = self._laid_over(scale_colour(picture, WorkSize(*self.fresh.shape)), self.fresh)
        return replace(self, colour=colour, fresh=np.zeros_like(self.fresh), latents=None)

    def after(self, one: Pass, model: Model, picture: Array | None, latents: torch.Tensor) -> SoFar:
        """What it is after a pass, which made a picture or only latents."""
        taken = one.painted(self.task) > 0
        changed = taken | (one.denoised(self.task) > 0) | model.conditioned
        fresh, painted = self.fresh | taken, self.painted | taken
        if picture is None:
            exact = bool((taken | ~changed).all())
            return replace(self, painted=painted, fresh=fresh, latents=latents, exact=exact)
        return replace(
            self,
            colour=self._laid_over(picture, fresh),
            painted=painted,
            fresh=np.zeros_like(fresh),
            latents=None,
        )

    def result(self, picture: Array) -> Array:
        """The last pass's picture, with what earlier ones painted where it did not.

        Where none has painted it stays as it is: its error there tells the model's colour shift.
        """
        return np.where(self.painted[..., None], self.colour, picture)

    def _laid_over(self, picture: Array, where: Pixels) -> Array:
        return np.where(where[..., None], picture, self.colour)


def hands_over(family: Family) -> bool:
    """Whether the family's pipelines take latents for a picture."""
    return family in (SD, SDXL)


def takes_latents(model: Model, job: Job) -> bool:
    """Whether this job can go on from latents.

    A model that is told the mask needs to see the picture behind it, and so do ControlNets.
    """
    return hands_over(model.family) and not model.conditioned and not job.controls


def fits(so_far: SoFar, job: Job) -> bool:
    """Whether the latents so far can be this job's: of its size, and right where it keeps them."""
    assert so_far.latents is not None
    same_size = so_far.latents.shape[-2:] == job.cells.shape
    return same_size and (so_far.exact or goes_over_all(job))


def goes_over_all(job: Job) -> bool:
    """Whether a job keeps nothing, as text-to-image and image-to-image do."""
    return bool((job.cells == 1).all())


def empty_latents(model: Model, job: Job) -> torch.Tensor:
    """Latents that stand for no picture; at full strength nothing of them is left.

    With them nothing is encoded, so the seed gives the picture of the text-to-image pipeline.
    """
    return torch.zeros((1, model.vae.config.latent_channels, *job.cells.shape))
