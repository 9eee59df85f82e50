"""One region through one model."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from inpaintd.engine import Array, Report
from inpaintd_protocol.settings import Settled

from ..families import FLUX_FILL, KANDINSKY, KONTEXT, SD3
from ..loading.model import Model
from .job import Job
from .latents import decoded, encoded, latent_infill
from .soft_mask import HeldBack, SoftMask, freed, is_soft, spread
from .watch import BrokenNumbersError, LatentColours, Watch
from .work_area import WorkSize, scale_colour


def paint(
    model: Model,
    job: Job,
    settings: Settled,
    report: Report,
    place: tuple[int, int, int],
    colours: LatentColours | None = None,
    *,
    as_latents: bool = False,
) -> tuple[Array | None, torch.Tensor]:
    """Denoise one job.

    Args:
        place: index of the task, steps done before it, and steps of all tasks together.
        colours: for previews; None when nobody looks.
        as_latents: whether nobody needs the picture, so that it is not decoded.

    Returns:
        (H, W, 3) float32, as large as the task's colour, or None; and the latents behind it.

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
    job.pipe.scheduler = job.scheduler
    edit = None
    if not model.family.sees_hole:  # what it is shown is the picture that it is to edit
        edit = latent_infill(job.cells, settings, job.task.seed, model.vae)
    # SD 3's pipeline forgets the VAE's shift when it decodes: diffusers issue 13611.
    decodes = model.family is not SD3
    with model.reuse.editing(edit, 2 * _tensor(job.picture.transpose(2, 0, 1)) - 1):
        output = job.pipe(
            **arguments(model, job, settings),
            output_type="np" if decodes and not as_latents else "latent",
            callback_on_step_end=watch,
            callback_on_step_end_tensor_inputs=tensors,
        )
    if as_latents:
        return None, watch.latents
    picture = np.asarray(output.images[0], np.float32) if decodes else decoded(model, output.images)
    if not np.isfinite(picture).all():
        raise BrokenNumbersError
    return scale_colour(picture, WorkSize(*job.task.mask.shape)), watch.latents


def _soft_mask(model: Model, job: Job) -> SoftMask | HeldBack:
    if model.conditioned and model.family is not KANDINSKY:
        return HeldBack(model, job.cells, encoded(model, job.picture), job.task.seed)
    return SoftMask(model, job.cells)


def arguments(model: Model, job: Job, settings: Settled) -> dict[str, Any]:
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
    }
    if family.strength:
        called["strength"] = settings.strength
    if family is KANDINSKY:
        called["image"] = 2 * image - 1
    if family is KONTEXT:
        # It would choose a size of its own.
        called |= {"max_area": height * width, "_auto_resize": False}
    if job.latents is not None:
        # The second only keeps the pipeline from masking latents as if they were a picture.
        called |= {"image": job.latents, "masked_image_latents": job.latents}
    return called | job.prompt | job.controls


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
