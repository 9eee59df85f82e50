"""Soft masks on the stock pipelines: the mask they blend by is changed after each step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .families import KANDINSKY
from .latent_mask import freed
from .model import Model

Array = NDArray[np.float32]


class SoftMask:
    """Frees each grey when its time has come.

    The pipelines that blend do so at the end of each step, by a local variable; it is changed in
    place, which reaches them all, also those that do not take it back from the callback.
    """

    def __init__(self, model: Model, mask: Array) -> None:
        """Args: mask: pooled, (h, w) float32 in [0, 1]."""
        self.model = model
        self.mask = mask

    @property
    def tensors(self) -> list[str]:
        """Local variables of the pipeline that the callback must be handed."""
        return [self.model.family.mask]

    def __call__(self, pipe: Any, step: int, tensors: dict[str, Any]) -> None:
        steps = pipe.num_timesteps
        if step + 1 < steps:
            target = tensors[self.model.family.mask]
            target.copy_(self._as_in_pipeline(pipe, freed(self.mask, step + 1, steps), target))

    def _as_in_pipeline(self, pipe: Any, cells: Array, target: torch.Tensor) -> torch.Tensor:
        family = self.model.family
        if family is KANDINSKY:
            cells = 1 - cells  # it keeps where its mask is 1
        plane = torch.from_numpy(cells)[None, None].to(target)
        if not family.packed:
            return plane.expand_as(target)
        height, width = cells.shape
        channels = target.shape[-1] // 4
        packed = pipe._pack_latents(plane.repeat(1, channels, 1, 1), 1, channels, height, width)
        return packed.expand_as(target)  # type: ignore[no-any-return]
