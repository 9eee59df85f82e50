"""From one pass to the next in latents, where both have the same VAE: nothing is lost then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from .families import SD, SDXL
from .job import Job
from .model import Model


@dataclass(frozen=True)
class HandedOver:
    """What a model has made of its jobs, as latents.

    Attributes:
        vae: fingerprint of its VAE; the model itself may have to make room for the next.
    """

    vae: bytes
    latents: Sequence[torch.Tensor]

    def to(self, model: Model, jobs: Sequence[Job]) -> list[Job]:
        """The jobs of the next pass, going on from the latents where that is possible.

        Only these families' pipelines take latents for a picture; a model that is told the mask
        needs to see the picture behind it.
        """
        if model.family not in (SD, SDXL) or model.conditioned or model.vae_fingerprint != self.vae:
            return list(jobs)
        return [
            replace(job, latents=latents) if latents.shape[-2:] == job.cells.shape else job
            for job, latents in zip(jobs, self.latents, strict=True)
        ]
