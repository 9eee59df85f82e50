"""Painting one region with one model."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from inpaintd.engine import Array, Report
from inpaintd_protocol.settings import Settled

from ..families import FLUX_FILL, KANDINSKY, KONTEXT, SD3
from ..loading.model import Model
from .after_step import BrokenNumbersError, LatentColours, Watch
from .alignment import movement, undone
from .job import Job
from .latents import decoded, encoded, latent_infill, unpacked
from .references import as_images, reference_arguments
from .soft_mask import HeldBack, SoftMask, freed, is_soft, spread
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
        colours: for previews; None when they are not needed.
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
    if colours is not None:
        watch.preview = lambda latents: colours.picture(model, latents, height, width)
    tensors = ["latents"]
    soft = None
    if job.whole or (is_soft(job.cells) and not job.exact):
        soft = _soft_mask(model, job)
        watch.after_step.append(soft)
        tensors += soft.tensors
    job.pipe.scheduler = job.scheduler
    edit = None
    if not model.family.sees_hole:  # such a model is shown the picture it is to edit
        edit = latent_infill(job.cells, settings, job.task.seed, model.vae)
    # SD 3's pipeline omits the VAE's shift when it decodes: diffusers issue 13611.
    decodes = model.family is not SD3
    picture = 2 * _tensor(job.picture.transpose(2, 0, 1)) - 1
    with (
        model.reuse.showing(picture, edit=edit, rounded=_rounded(model, job)),
        sized(model.pipe, height, width),
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
        return None, watch.latents
    painted = np.asarray(output.images[0], np.float32) if decodes else decoded(model, output.images)
    if not np.isfinite(painted).all():
        raise BrokenNumbersError
    if isinstance(soft, HeldBack) and model.family.edits:
        painted = _in_place(model, job, painted, unpacked(model, soft.unblended, height, width))
    return scale_colour(painted, WorkSize(*job.task.mask.shape)), watch.latents


def _in_place(model: Model, job: Job, painted: Array, unblended: torch.Tensor) -> Array:
    """The picture of an editing model, with the painted content moved to its proper place.

    Such models may move the picture as a whole. Kept pixels were restored at each step, so the
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


def arguments(model: Model, job: Job, settings: Settled) -> dict[str, Any]:
    """The arguments of the stock pipeline for a job."""
    family = model.family
    height, width = job.mask.shape
    image = _tensor(job.picture.transpose(2, 0, 1))
    called: dict[str, Any] = {
        "image": image,
        "height": height,
        "width": width,
        "num_inference_steps": settings.steps,
        family.guidance: settings.guidance_scale,
        # Always on the CPU, so that a seed means the same picture on every device.
        "generator": torch.Generator("cpu").manual_seed(job.task.seed),
    }
    if not job.whole:
        called["mask_image"] = _tensor(_free_at_first(model, job)[None])
    pictures = job.task.references[: len(settings.references)]
    called |= reference_arguments(pictures, family)
    if family.eight_bit:
        called["image"] = Image.fromarray(_bytes(job.picture))
    if family.edits and pictures:
        called["image"] = [called["image"], *as_images(pictures, family)]
    if family.strength and not job.whole:
        called["strength"] = settings.strength
    if family is KANDINSKY:
        called["image"] = 2 * image - 1
    if family is KONTEXT:
        # Otherwise the pipeline would choose the size.
        called |= {"max_area": height * width, "_auto_resize": False}
    if job.latents is not None:
        # The second only keeps the pipeline from masking latents as if they were a picture.
        called |= {"image": job.latents, "masked_image_latents": job.latents}
    called |= job.prompt | job.controls
    if job.whole and job.controls:
        if "control_mask" in job.controls:
            del called["image"]
        else:
            called["mask_image"] = _tensor((job.mask > 0).astype(np.float32)[None])
    if job.controls:
        # FLUX.1's takes no negative prompt, for one.
        taken = inspect.signature(type(job.pipe).__call__).parameters
        called = {k: v for k, v in called.items() if k in taken}
    return called


def _free_at_first(model: Model, job: Job) -> Array:
    family = model.family
    if job.exact:
        return job.mask
    if family is FLUX_FILL:
        # Sees each pixel of the mask.
        return (job.mask > 0).astype(np.float32)
    if model.conditioned and family is not KANDINSKY:
        return spread((job.cells > 0).astype(np.float32), model.cell)
    return spread(freed(job.cells, 0, job.steps), model.cell)


def _bytes(picture: Array) -> NDArray[np.uint8]:
    return np.asarray(np.floor(picture * 255 + 0.5), np.uint8)


def _rounded(model: Model, job: Job) -> torch.Tensor | None:
    """The picture as an 8-bit pipeline would pass it to the VAE, in [-1, 1]."""
    if not model.family.eight_bit:
        return None
    seen = _bytes(job.picture).astype(np.float32) / 255.0
    return 2 * _tensor(seen.transpose(2, 0, 1)) - 1


@contextmanager
def sized(pipe: Any, height: int, width: int) -> Iterator[None]:
    """Make a pipeline that chooses its own size work at this one.

    Those of Qwen-Image-Edit scale every picture to about a million pixels, by a module function.
    """
    module = sys.modules[type(pipe).__module__]
    real = getattr(module, "calculate_dimensions", None)
    if real is None:
        yield
        return

    def given(area: int, ratio: float) -> tuple[Any, ...]:
        own: tuple[Any, ...] = real(area, ratio)
        ours = area == _EDITED_PIXELS and math.isclose(ratio, width / height)
        return (width, height, *own[2:]) if ours else own

    module.calculate_dimensions = given  # type: ignore[attr-defined]
    try:
        yield
    finally:
        module.calculate_dimensions = real  # type: ignore[attr-defined]


_EDITED_PIXELS = 1024 * 1024

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


def _tensor(array: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))[None]
