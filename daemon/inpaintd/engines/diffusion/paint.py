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
from .latent_infill import latent_infill
from .latent_mask import freed, is_soft, pooled, spread
from .latents import encoded
from .model import Model
from .prefill import smooth_fill
from .preview import LatentColours
from .prompts import Notice, prompt_arguments
from .schedulers import make_scheduler
from .soft_mask import HeldBack, SoftMask
from .steps import steps_to_run
from .watch import BrokenNumbersError, Watch
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
        prompt: the pipeline's arguments for the prompt.
        notices: what could not be done as asked.
    """

    task: Task
    picture: Array
    mask: Array
    cells: Array
    scheduler: Any
    steps: int
    prompt: dict[str, Any]
    notices: list[Notice]


def prepare(model: Model, task: Task, settings: Settings) -> Job:
    """Scale a task to the model's size and make its scheduler.

    Raises:
        InpaintError: `unsupported` for an unknown scheduler, or a strength too low for the steps.
    """
    family = model.family
    by_steps = settings.strength if family.strength else 1.0
    scheduler = make_scheduler(settings.scheduler, model.scheduler, family)
    steps = steps_to_run(settings.steps, by_steps, scheduler, family)
    height, width = task.mask.shape
    size = work_size(
        height,
        width,
        native_side=model.native_side,
        multiple=family.multiple,
        asked=(settings.width, settings.height),
    )
    mask = scale_mask(task.mask, size)
    # Lanczos overshoots, and diffusers takes any negative number for a picture in [-1, 1].
    picture = np.clip(scale_colour(task.colour, size), 0.0, 1.0)
    if settings.strength == 1 and settings.infill == "original":
        picture = smooth_fill(picture, (mask < 1).astype(np.float32))
    cells = pooled(mask, model.cell)
    if not family.strength:
        # A grey is freed in the last steps, which is what a strength is.
        cells = np.minimum(cells, settings.strength)
    prompt, notices = prompt_arguments(
        model, model.pipe, settings.prompt, settings.negative_prompt, settings.guidance_scale
    )
    if family is KANDINSKY:
        prompt = kandinsky.embeddings(
            model.prior, prompt["prompt"], prompt["negative_prompt"], task.seed
        )
    return Job(task, picture, mask, cells, scheduler, steps, prompt, notices)


def paint(
    model: Model,
    job: Job,
    settings: Settings,
    report: Report,
    place: tuple[int, int, int],
    colours: LatentColours | None = None,
) -> Array:
    """Denoise one job.

    Args:
        place: index of the task, steps done before it, and steps of all tasks together.
        colours: for previews; None when nobody looks.

    Returns:
        (H, W, 3) float32, as large as the task's colour.

    Raises:
        BrokenNumbersError: when the model does not run in its 16-bit type.
        CancelledError: out of `report`.
    """
    index, before, total = place
    height, width = job.mask.shape
    watch = Watch(report, index, before, total)
    if colours is not None:
        watch.preview = lambda latents: colours.picture(model, latents, height, width)
    tensors = ["latents"]
    if is_soft(job.cells):
        soft = _soft_mask(model, job)
        watch.after_step.append(soft)
        tensors += soft.tensors
    model.pipe.scheduler = job.scheduler
    edit = latent_infill(job.cells, settings, job.task.seed, model.vae)
    with model.reuse.editing(edit):
        output = model.pipe(
            **arguments(model, job, settings),
            callback_on_step_end=watch,
            callback_on_step_end_tensor_inputs=tensors,
        )
    picture = np.asarray(output.images[0], np.float32)
    if not np.isfinite(picture).all():
        raise BrokenNumbersError
    return scale_colour(picture, WorkSize(*job.task.mask.shape))


def _soft_mask(model: Model, job: Job) -> SoftMask | HeldBack:
    if model.conditioned and model.family is not KANDINSKY:
        return HeldBack(model, job.cells, encoded(model, job.picture), job.task.seed)
    return SoftMask(model, job.cells)


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
    return called | job.prompt


def _free_at_first(model: Model, job: Job) -> Array:
    family = model.family
    if family is FLUX_FILL:
        # Sees each pixel of the mask.
        return (job.mask > 0).astype(np.float32)
    if model.conditioned and family is not KANDINSKY:
        return spread((job.cells > 0).astype(np.float32), model.cell)
    return spread(freed(job.cells, 0, job.steps), model.cell)


def _tensor(array: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))[None]
