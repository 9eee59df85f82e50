"""Painting one region with one model."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from inpaintd.engine import Array, Report
from inpaintd_protocol.settings import Settled

from ..families import SD3
from ..loading.model import Model
from .after_step import BrokenNumbersError, Watch, check_numbers
from .alignment import movement, undone
from .arguments import arguments, rounded, sized, tensor
from .job import Job
from .latents import decoded, encoded, latent_infill, unpacked
from .previews import Previews
from .skipping import skipping
from .soft_mask import HeldBack, SoftMask, is_soft
from .work_area import WorkSize, scale_colour


def paint(
    model: Model,
    job: Job,
    settings: Settled,
    report: Report,
    place: tuple[int, int, int],
    previews: Previews | None = None,
    *,
    as_latents: bool = False,
) -> tuple[Array | None, torch.Tensor]:
    """Denoise one job.

    Args:
        place: index of the task, steps done before it, and steps of all tasks together.
        previews: None when they are not needed.
        as_latents: whether the picture is not needed, so that it is not decoded.

    Returns:
        (H, W, 3) float32, the size of the task's colour, or None; and the latents behind it.

    Raises:
        BrokenNumbersError: when the model does not run in its 16-bit type.
        CancelledError: from `report`.
    """
    index, before, total = place
    height, width = job.mask.shape
    watch = Watch(report, index, before, total)
    if previews is not None:
        watch.preview = lambda latents: previews.picture(model, latents, height, width)
    tensors = ["latents"]
    soft = None
    if job.whole or (is_soft(job.cells) and not job.exact):
        soft = _soft_mask(model, job)
        watch.after_step.append(soft)
        tensors += soft.tensors
    job.pipe.scheduler = job.scheduler
    # Models that are shown the whole picture may move it.
    unblended = _recorded(job.scheduler) if model.family.sees_hole and not job.exact else []
    edit = None
    if not model.family.sees_hole:  # such a model is shown the picture it is to edit
        edit = latent_infill(job.cells, settings, job.task.seed, model.vae)
    # SD 3's pipeline omits the VAE's shift when it decodes: diffusers issue 13611.
    decodes = model.family is not SD3
    picture = 2 * tensor(job.picture.transpose(2, 0, 1)) - 1
    with (
        model.reuse.showing(picture, edit=edit, rounded=rounded(model, job)),
        sized(model.pipe, height, width),
        skipping(model, settings),
        torch.random.fork_rng(devices=[]),
    ):
        # Some pipelines with ControlNets draw from torch's own stream.
        torch.manual_seed(job.task.seed)
        output = job.pipe(
            **arguments(model, job, settings),
            output_type="np" if decodes and not as_latents else "latent",
            callback_on_step_end=watch,
            callback_on_step_end_tensor_inputs=tensors,
        )
    if as_latents:
        check_numbers(watch.latents)
        return None, watch.latents
    painted = np.asarray(output.images[0], np.float32) if decodes else decoded(model, output.images)
    if not np.isfinite(painted).all():
        raise BrokenNumbersError
    if unblended:
        painted = _in_place(model, job, painted, unpacked(model, unblended[-1], height, width))
    return scale_colour(painted, WorkSize(*job.task.mask.shape)), watch.latents


def _recorded(scheduler: Any) -> list[torch.Tensor]:
    """The unblended output of a scheduler's last step, once it has run.

    Pipelines with a mask put back what is kept before anybody else sees the latents.
    """
    last: list[torch.Tensor] = []
    step = scheduler.step

    def recording(*args: Any, **options: Any) -> Any:
        output = step(*args, **options)
        last[:] = [output[0]]
        return output

    scheduler.step = recording
    return last


def _in_place(model: Model, job: Job, painted: Array, unblended: torch.Tensor) -> Array:
    """The picture of an editing model, with the painted content moved to its proper place.

    Such models may move the picture as a whole. Kept pixels are restored at each step, so the
    movement shows in the unblended output of the last step.

    Args:
        unblended: (1, C, h, w), the latents of that output.
    """
    height, width = job.mask.shape
    own = decoded(model, unblended)
    found = movement(own, job.picture, (job.mask <= 0).astype(np.float32))
    if found is None:
        # No common ground: an edit of the entire picture, or a model with random weights.
        if (job.cells == 0).any():
            job.notices.append(_NOT_MEASURED)
        return painted
    if found.largest(height, width) <= _UNMOVED_PIXELS:
        return painted
    back, inside = undone(own, found)
    reached = bool((inside[job.mask > 0] > 0).all())
    job.notices.append(_MOVED_BACK if reached else _PARTLY_MOVED_BACK)
    return np.where(inside[..., None] > 0, back, painted)


def _soft_mask(model: Model, job: Job) -> SoftMask | HeldBack:
    if job.whole or not model.blends:
        return HeldBack(model, job.cells, encoded(model, job.picture), job.task.seed)
    return SoftMask(model, job.cells)


_UNMOVED_PIXELS = 1.0
"""Movements up to this are not corrected: resampling would only soften the picture."""

_MOVED_BACK = (
    "moved_back",
    "The model moved the whole picture; this was measured and undone.",
    "If the result does not fit its surroundings, try another seed.",
)
_PARTLY_MOVED_BACK = (
    "moved_back",
    "The model moved the whole picture, and part of the hole out of sight; the rest was undone.",
    "Try another seed, or select with more context around the hole.",
)
_NOT_MEASURED = (
    "movement_unknown",
    "Whether the model moved the picture as a whole could not be measured.",
    "Look at the borders of the hole; if they do not fit, try another seed.",
)
