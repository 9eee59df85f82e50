"""Soft masks on the stock pipelines, by their step callback.

A model that blends does so at the end of each step, by a local variable of its pipeline, which is
changed in place: this reaches them all, also those that do not take it back from the callback. A
model that is told the mask does not blend, so its latents are blended here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .families import KANDINSKY
from .latent_mask import freed
from .latents import packed
from .model import Model

Array = NDArray[np.float32]


class SoftMask:
    """For models that blend: gives the pipeline the cells that are free in its next step."""

    def __init__(self, model: Model, cells: Array) -> None:
        """Args: cells: the pooled mask, (h, w) float32 in [0, 1]."""
        self.model = model
        self.cells = cells
        self.tensors = [model.family.mask]

    def __call__(self, pipe: Any, step: int, tensors: dict[str, Any]) -> None:
        steps = pipe.num_timesteps
        if step + 1 < steps:
            free = freed(self.cells, step + 1, steps)
            if self.model.family is KANDINSKY:
                free = 1 - free  # it keeps where its mask is 1
            target = tensors[self.model.family.mask]
            target.copy_(_plane(self.model, free, target))


class HeldBack:
    """For models that are told the mask: puts the noised original where a cell is not free yet."""

    tensors: tuple[str, ...] = ()

    def __init__(self, model: Model, cells: Array, original: torch.Tensor, seed: int) -> None:
        """Args: original: the source's latents, (1, C, h, w)."""
        self.model = model
        self.cells = cells
        self.original = packed(model, original)
        noise = torch.randn(self.original.shape, generator=torch.Generator("cpu").manual_seed(seed))
        self.noise = noise.to(self.original)

    def __call__(self, pipe: Any, step: int, tensors: dict[str, Any]) -> None:
        steps = pipe.num_timesteps
        latents = tensors["latents"]
        held = self.original
        if step + 1 < steps:
            scheduler = pipe.scheduler
            next_time = scheduler.timesteps[len(scheduler.timesteps) - steps + step + 1][None]
            held = (
                scheduler.scale_noise(held, next_time, self.noise)
                if self.model.family.flow
                else scheduler.add_noise(held, self.noise, next_time)
            )
        free = _plane(self.model, freed(self.cells, step, steps), latents)
        tensors["latents"] = torch.where(free > 0, latents, held.to(latents))


def _plane(model: Model, cells: Array, like: torch.Tensor) -> torch.Tensor:
    """Cells in the arrangement, size, type and place of a pipeline's tensor."""
    plane = torch.from_numpy(cells)[None, None].to(like)
    if model.family.packed:
        plane = packed(model, plane.repeat(1, like.shape[-1] // 4, 1, 1))
    return plane.expand_as(like)
