"""Soft masks on the stock pipelines: the latent cells that are free in each step.

A model that blends does so at the end of each step, with a local variable of its pipeline. That
tensor is changed in place, which also reaches pipelines that do not read it from the callback.
A model with a mask input does not blend, so its latents are blended here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inpaintd.engine import Array

from ..families import KANDINSKY
from ..loading.model import Model
from .latents import packed

_EPSILON = 1e-6


def pooled(mask: Array, cell: int) -> Array:
    """The maximum in each latent cell.

    diffusers takes the nearest pixel, which loses a stroke of w pixels with probability 1 - w/8.
    An average would free the edge of a hard selection only in the last steps.

    Args:
        mask: (H, W) float32 in [0, 1], sides multiples of `cell`.

    Returns:
        (H / cell, W / cell) float32.
    """
    height, width = mask.shape
    cells = mask.reshape(height // cell, cell, width // cell, cell)
    return np.asarray(cells.max(axis=(1, 3)), np.float32)


def freed(mask: Array, step: int, steps: int) -> Array:
    """The cells that take the result of a step; the others keep the noised original.

    Differential diffusion (Levin and Fried, 2023): a cell of grey m is free in the last m of all
    steps, so first in step ceil((1 - m) · steps) - 1.

    Args:
        mask: pooled mask in [0, 1].
        step: 0 to steps - 1.

    Returns:
        float32 of 0 and 1, as large as the mask.
    """
    if step + 1 >= steps:
        return (mask > 0).astype(np.float32)
    return (mask >= 1 - (step + 1) / steps - _EPSILON).astype(np.float32)


def is_soft(mask: Array) -> bool:
    """Test whether a mask has intermediate values."""
    return bool(((mask > 0) & (mask < 1)).any())


def spread(cells: Array, cell: int) -> Array:
    """Repeat each latent cell as `cell` × `cell` pixels, so that nearest sampling recovers it."""
    return cells.repeat(cell, axis=0).repeat(cell, axis=1)


class _Free:
    """The free cells of each step, on the device: a step that uploads them would wait for it."""

    def __init__(self, model: Model, cells: Array) -> None:
        self._model = model
        self._cells = cells
        self._first: torch.Tensor | None = None

    def at(self, step: int, steps: int, like: torch.Tensor) -> torch.Tensor:
        """The cells that are free in a step, in the arrangement and size of a pipeline's tensor.

        Args:
            steps: the same in each call.

        Returns:
            bool, on the device of `like`.
        """
        if self._first is None:
            # A cell that has become free stays so.
            closed = np.array([freed(self._cells, i, steps) == 0 for i in range(steps)])
            first = closed.sum(axis=0).astype(np.int32)
            self._first = _plane(self._model, first, like)
        return (self._first <= step).expand_as(like)


class SoftMask:
    """For models that blend: gives the pipeline the cells that are free in its next step."""

    def __init__(self, model: Model, cells: Array) -> None:
        """Args: cells: the pooled mask, (h, w) float32 in [0, 1]."""
        self.model = model
        self.free = _Free(model, cells)
        self.tensors = [model.family.mask]

    def __call__(self, pipe: Any, step: int, tensors: dict[str, Any]) -> None:
        steps = pipe.num_timesteps
        if step + 1 < steps:
            target = tensors[self.model.family.mask]
            free = self.free.at(step + 1, steps, target)
            # Kandinsky keeps where its mask is 1.
            target.copy_(~free if self.model.family is KANDINSKY else free)


class HeldBack:
    """For models with a mask input: restores the noised original where a cell is not free yet."""

    tensors: tuple[str, ...] = ()

    def __init__(self, model: Model, cells: Array, original: torch.Tensor, seed: int) -> None:
        """Args: original: the source's latents, (1, C, h, w)."""
        self.model = model
        self.free = _Free(model, cells)
        self.original = packed(model, original)
        noise = torch.randn(original.shape, generator=torch.Generator("cpu").manual_seed(seed))
        self.noise = packed(model, noise.to(original))

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
        free = self.free.at(step, steps, latents)
        tensors["latents"] = torch.where(free, latents, held.to(latents))


def _plane(model: Model, cells: NDArray[np.int32], like: torch.Tensor) -> torch.Tensor:
    """Numbers for the cells in the arrangement and on the device of a pipeline's tensor."""
    plane = torch.from_numpy(cells)[None, None].to(like.device)
    if model.family.layout == "pairs":
        plane = packed(model, plane.repeat(1, like.shape[-1] // 4, 1, 1))
    if model.family.layout == "rows":
        plane = packed(model, plane)
    return plane
