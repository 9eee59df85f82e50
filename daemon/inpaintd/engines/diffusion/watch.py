"""What happens after each denoising step: soft mask, progress, cancel, broken numbers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inpaintd.engine import Report

Array = NDArray[np.float32]

PREVIEW_SECONDS = 0.2


class BrokenNumbersError(Exception):
    """The latents are no longer finite: the model does not run in this 16-bit type."""


@dataclass
class Watch:
    """The step callback of one call of a pipeline.

    Attributes:
        report: may raise `CancelledError`; raising out of the callback is the only way to stop
            that every pipeline obeys, without a needless decode.
        before, total: steps done before this call, and to do over all calls.
        preview: makes a picture of the latents; None when nobody looks.
        latents: as the last step left them.
        after_step: changes what the pipeline goes on with, as soft masks do.
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
        if not bool(torch.isfinite(latents).all()):
            raise BrokenNumbersError
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
