"""From a task to what a pipeline is called with: size, mask, scheduler, prompt, ControlNets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inpaintd.engine import Task
from inpaintd_protocol.settings import Settings

from . import kandinsky
from .controls import control_arguments, controlled_pipe
from .families import KANDINSKY
from .latent_mask import pooled
from .library import Library
from .model import Model
from .prefill import smooth_fill
from .prompts import Notice, prompt_arguments
from .schedulers import make_scheduler
from .steps import steps_to_run
from .work_area import scale_colour, scale_mask, work_size

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Job:
    """A task at the size at which it is denoised.

    Attributes:
        task: as it was given.
        picture: (H, W, 3) float32 in [0, 1], what the model sees.
        mask: (H, W) float32 in [0, 1].
        cells: the mask pooled to latent cells.
        scheduler: fresh, for this job alone.
        steps: steps that will be run.
        prompt: the pipeline's arguments for the prompt.
        pipe: the pipeline that paints it.
        controls: its arguments for ControlNets.
        notices: what could not be done as asked.
        latents: of the pass before, to go on from instead of the picture; None for the picture.
    """

    task: Task
    picture: Array
    mask: Array
    cells: Array
    scheduler: Any
    steps: int
    prompt: dict[str, Any]
    pipe: Any
    controls: dict[str, Any]
    notices: list[Notice]
    latents: torch.Tensor | None = None


def prepare(
    model: Model, library: Library, task: Task, settings: Settings, scale: float = 1.0
) -> Job:
    """Scale a task to the model's size and make its scheduler.

    Args:
        scale: of the work area's sides, less than 1 when memory is short.

    Raises:
        InpaintError: `unsupported` for an unknown scheduler, or a strength too low for the steps;
            and as `controlled_pipe`.
    """
    family = model.family
    by_steps = settings.strength if family.strength else 1.0
    scheduler = make_scheduler(settings.scheduler, model.scheduler, family)
    steps = steps_to_run(settings.steps, by_steps, scheduler, family)
    height, width = task.mask.shape
    asked = (settings.width, settings.height)
    size = work_size(height, width, model.native_side, family.multiple, asked, scale)
    mask = scale_mask(task.mask, size)
    # Lanczos overshoots, and diffusers takes any negative number for a picture in [-1, 1].
    picture = source = np.clip(scale_colour(task.colour, size), 0.0, 1.0)
    if settings.strength == 1 and settings.infill == "original":
        picture = smooth_fill(picture, (mask < 1).astype(np.float32))
    cells = pooled(mask, model.cell)
    if not family.strength:
        # A grey is freed in the last steps, which is what a strength is.
        cells = np.minimum(cells, settings.strength)
    pipe, controls = model.pipe, {}
    notices: list[Notice] = []
    if settings.controls:
        pipe, notices = controlled_pipe(model, library, settings.controls)
        controls = control_arguments(settings.controls, source, mask)
    prompt, left_out = prompt_arguments(
        model, pipe, settings.prompt, settings.negative_prompt, settings.guidance_scale
    )
    if family is KANDINSKY:
        prompt = kandinsky.embeddings(
            model.prior, prompt["prompt"], prompt["negative_prompt"], task.seed
        )
    notices = [*notices, *left_out]
    return Job(task, picture, mask, cells, scheduler, steps, prompt, pipe, controls, notices)
