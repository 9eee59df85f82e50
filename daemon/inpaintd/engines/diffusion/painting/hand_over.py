"""Handover between passes: as latents if both have the same VAE, so that nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from inpaintd.engine import Array, Task

from ..families import SD, SDXL, Family
from ..loading.model import Model
from .after_step import BrokenNumbersError
from .job import Job
from .latents import decoded
from .passes import Pass
from .work_area import WorkSize, scale_colour

Pixels = NDArray[np.bool_]


@dataclass(frozen=True)
class SoFar:
    """The combined output of the passes so far for a task.

    Attributes:
        task: as given.
        colour: (H, W, 3) float32, the picture; without parts that exist only as latents.
        painted: (H, W) bool, the area painted by any pass.
        latents: newer than `colour`, or None.
        fresh: (H, W) bool, the area to take from the decoded latents.
        exact: whether the latents represent the picture elsewhere, too.
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
        """The task of the next pass, which continues from here."""
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
        """The state after a pass, which produced a picture or only latents."""
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
        """The last pass's picture, plus what earlier ones painted elsewhere.

        Unpainted parts are left as they are: the error there shows the model's colour shift.
        """
        return np.where(self.painted[..., None], self.colour, picture)

    def _laid_over(self, picture: Array, where: Pixels) -> Array:
        return np.where(where[..., None], picture, self.colour)


def hands_over(family: Family) -> bool:
    """Test whether the family's pipelines accept latents in place of a picture."""
    return family in (SD, SDXL)


def takes_latents(model: Model, job: Job) -> bool:
    """Test whether this job can continue from latents.

    A model with a mask input needs to see the picture behind the mask, and so do ControlNets.
    """
    return hands_over(model.family) and not model.conditioned and not job.controls


def fits(so_far: SoFar, job: Job) -> bool:
    """Test whether the latents fit this job: in size, and in the part that it keeps."""
    assert so_far.latents is not None
    same_size = so_far.latents.shape[-2:] == job.cells.shape
    return same_size and (so_far.exact or goes_over_all(job))


def goes_over_all(job: Job) -> bool:
    """Test whether a job keeps nothing, as in text-to-image and image-to-image."""
    return bool((job.cells == 1).all())


def empty_latents(model: Model, job: Job) -> torch.Tensor:
    """Latents that represent no picture; at full strength nothing of them remains.

    They avoid encoding, so the seed gives the picture of the text-to-image pipeline.
    """
    return torch.zeros((1, model.vae.config.latent_channels, *job.cells.shape))
