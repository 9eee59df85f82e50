"""The callback after each denoising step: soft mask, progress, preview, cancel, broken numbers.

Previews are a linear map from latents to colours. The map is fitted once for each VAE on a colour
chart, so no family needs a table.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from inpaintd.engine import Array, Report

from ..loading.model import Model
from .latents import encoded, unpacked

PREVIEW_SECONDS = 0.2


class BrokenNumbersError(Exception):
    """The latents are no longer finite: the model does not run in this 16-bit type."""


def check_numbers(latents: torch.Tensor) -> None:
    """Check that latents are finite, which waits for the device.

    Raises:
        BrokenNumbersError: when they are not.
    """
    if not bool(torch.isfinite(latents).all()):
        raise BrokenNumbersError


@dataclass
class Watch:
    """The step callback of one call of a pipeline.

    Attributes:
        report: may raise `CancelledError`; raising from the callback is the only way to stop
            that every pipeline supports, without a needless decode.
        before, total: steps done before this call, and total steps over all calls.
        preview: decodes a preview of the latents; None when it is not needed.
        latents: as the last step left them.
        after_step: changes the latents that the pipeline continues with, as soft masks do.
    """

    report: Report
    task: int
    before: int
    total: int
    preview: Callable[[torch.Tensor], Array] | None = None
    after_step: list[Callable[[Any, int, dict[str, Any]], None]] = field(default_factory=list)
    steps_run: int = 0
    latents: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    _preview_due: float = 0.0

    def __call__(self, pipe: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> Any:
        for change in self.after_step:
            change(pipe, step, tensors)
        self.latents = latents = tensors["latents"]
        # Once, since to look at numbers is to wait for the device: a model that breaks down does so
        # at once as a rule, and numbers that break later are found in the picture.
        if self.steps_run == 0:
            check_numbers(latents)
        self.steps_run += 1
        self.report(
            "denoising",
            self.before + self.steps_run,
            self.total,
            task=self.task,
            preview=self._preview_if_due(latents),
        )
        return tensors

    def _preview_if_due(self, latents: torch.Tensor) -> Array | None:
        now = time.monotonic()
        if self.preview is None or now < self._preview_due:
            return None
        self._preview_due = now + PREVIEW_SECONDS
        return self.preview(latents)


_PATCH_CELLS = 4
_LEVELS = (0.05, 0.35, 0.65, 0.95)


def colour_chart(cell: int) -> tuple[Array, Array]:
    """64 patches of colours that span the cube, in shuffled order.

    Returns:
        The chart (H, W, 3) and its colours (64, 3), float32 in [0, 1], row by row.
    """
    colours = np.array(list(itertools.product(_LEVELS, repeat=3)), np.float32)
    colours = colours[np.random.default_rng(0).permutation(len(colours))]
    side = _PATCH_CELLS * cell
    chart = colours.reshape(8, 8, 3).repeat(side, axis=0).repeat(side, axis=1)
    return chart, colours


class LatentColours:
    """The linear map of one model's VAE."""

    def __init__(self, model: Model) -> None:
        chart, colours = colour_chart(model.cell)
        latents = encoded(model, chart)[0].float().cpu().numpy()
        channels = latents.shape[0]
        patches = latents.reshape(channels, 8, _PATCH_CELLS, 8, _PATCH_CELLS)
        inner = patches[:, :, 1:-1, :, 1:-1].mean(axis=(2, 4)).reshape(channels, 64).T
        basis = np.column_stack([inner, np.ones(64)])
        self.weights = np.linalg.lstsq(basis, colours, rcond=1e-4)[0].astype(np.float32)
        self.spread = float(latents.std())

    def calmed(self, cells: torch.Tensor) -> torch.Tensor:
        """Scale latents that are still noisy down to the spread of clean ones.

        Otherwise they would show as saturated speckles.
        """
        # Not in place: on the CPU these are the very latents that are denoised further.
        spread = float(cells.float().std(correction=0))
        return cells * min(1.0, self.spread / max(spread, 1e-6))

    def picture(self, model: Model, latents: torch.Tensor, height: int, width: int) -> Array:
        """(h, w, 3) float32 in [0, 1], one pixel for each latent cell."""
        cells = self.calmed(unpacked(model, latents[:1], height, width)[0].float()).cpu().numpy()
        colours = np.tensordot(cells, self.weights[:-1], axes=(0, 0)) + self.weights[-1]
        return np.asarray(np.clip(colours, 0.0, 1.0), np.float32)
