"""One region through one model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inpaintd.engine import Report, Task
from inpaintd_protocol.settings import Settings

from . import kandinsky
from .families import FLUX_FILL, KANDINSKY
from .latent_mask import freed, is_soft, pooled, spread
from .model import Model
from .prefill import smooth_fill
from .schedulers import make_scheduler
from .soft_mask import SoftMask
from .steps import steps_to_run
from .watch import Watch
from .work_area import WorkSize, scale_colour, scale_mask, work_size

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
    """

    task: Task
    picture: Array
    mask: Array
    cells: Array
    scheduler: Any
    steps: int


def prepare(model: Model, task: Task, settings: Settings) -> Job:
    """Scale a task to the model's size and make its scheduler.

    Raises:
        InpaintError: `unsupported` for an unknown scheduler, or a strength too low for the steps.
    """
    flow = model.family.flow
    by_steps = settings.strength if model.family.strength else 1.0
    scheduler = make_scheduler(settings.scheduler, model.scheduler, flow=flow)
    steps = steps_to_run(settings.steps, by_steps, scheduler, flow=flow)
    height, width = task.mask.shape
    size = work_size(
        height,
        width,
        native_side=model.native_side,
        multiple=model.family.multiple,
        asked=(settings.width, settings.height),
    )
    mask = scale_mask(task.mask, size)
    # Lanczos overshoots, and diffusers takes any negative number for a picture in [-1, 1].
    picture = np.clip(scale_colour(task.colour, size), 0.0, 1.0)
    if settings.strength == 1 and settings.infill == "original":
        picture = smooth_fill(picture, (mask < 1).astype(np.float32))
    cells = pooled(mask, model.cell)
    if not model.family.strength:
        # A grey is freed in the last steps, which is what a strength is.
        cells = np.minimum(cells, settings.strength)
    return Job(task, picture, mask, cells, scheduler, steps)


def paint(
    model: Model, job: Job, settings: Settings, report: Report, place: tuple[int, int, int]
) -> Array:
    """Denoise one job.

    Args:
        place: index of the task, steps done before it, and steps of all tasks together.

    Returns:
        (H, W, 3) float32, as large as the task's colour.
    """
    index, before, total = place
    watch = Watch(report, index, before, total)
    tensors = ["latents"]
    if is_soft(job.cells):
        soft = SoftMask(model, job.cells)
        watch.after_step.append(soft)
        tensors += soft.tensors
    model.pipe.scheduler = job.scheduler
    output = model.pipe(
        **arguments(model, job, settings),
        callback_on_step_end=watch,
        callback_on_step_end_tensor_inputs=tensors,
    )
    height, width = job.task.mask.shape
    return scale_back(np.asarray(output.images[0], np.float32), height, width)


def scale_back(picture: Array, height: int, width: int) -> Array:
    """From the work size back to the size of the task."""
    return scale_colour(picture, WorkSize(height, width))


def arguments(model: Model, job: Job, settings: Settings) -> dict[str, Any]:
    """The arguments of the stock pipeline for a job."""
    family = model.family
    height, width = job.mask.shape
    image = _tensor(job.picture.transpose(2, 0, 1))
    called: dict[str, Any] = {
        "image": image,
        "mask_image": _tensor(_free_at_first(model, job)[None]),
        "height": height,
        "width": width,
        "num_inference_steps": settings.steps,
        family.guidance: settings.guidance_scale,
        # On the CPU always, so that a seed means the same picture on every device.
        "generator": torch.Generator("cpu").manual_seed(job.task.seed),
        "output_type": "np",
    }
    if family.strength:
        called["strength"] = settings.strength
    if family is KANDINSKY:
        called["image"] = 2 * image - 1
        return called | kandinsky.embeddings(
            model.prior, settings.prompt, settings.negative_prompt, job.task.seed
        )
    called["prompt"] = settings.prompt
    if family.negative:
        called["negative_prompt"] = settings.negative_prompt
    return called


def _free_at_first(model: Model, job: Job) -> Array:
    if model.family is FLUX_FILL:
        # Sees each pixel of the mask.
        return (job.mask > 0).astype(np.float32)
    if model.conditioned:
        return spread((job.cells > 0).astype(np.float32), model.cell)
    return spread(freed(job.cells, 0, job.steps), model.cell)


def _tensor(array: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))[None]
