"""The arguments that a job's stock pipeline is called with."""

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

from inpaintd.engine import Array
from inpaintd_protocol.settings import Settled

from ..families import FLUX_FILL, KANDINSKY, KONTEXT
from ..loading.model import Model
from .job import Job
from .references import as_images, reference_arguments
from .soft_mask import freed, spread

_EDITED_PIXELS = 1024 * 1024
"""The area to which the pipelines of Qwen-Image-Edit scale every picture."""


def arguments(model: Model, job: Job, settings: Settled) -> dict[str, Any]:
    """The arguments of the stock pipeline for a job."""
    family = model.family
    height, width = job.mask.shape
    image = tensor(job.picture.transpose(2, 0, 1))
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
        called["mask_image"] = tensor(_free_at_first(model, job)[None])
    pictures = job.task.references[: len(settings.references)]
    called |= reference_arguments(pictures, family)
    if family.eight_bit:
        called["image"] = Image.fromarray(_bytes(job.picture))
    if family.edits and pictures:
        called["image"] = [called["image"], *as_images(pictures, family)]
    if family.draws:
        del called["image"]
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
    called |= job.prompt | job.controls | job.adapted
    if job.whole and job.controls:
        if "control_mask" in job.controls:
            del called["image"]
        else:
            called["mask_image"] = tensor((job.mask > 0).astype(np.float32)[None])
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


def rounded(model: Model, job: Job) -> torch.Tensor | None:
    """The picture as an 8-bit pipeline would pass it to the VAE, in [-1, 1]."""
    if not model.family.eight_bit:
        return None
    seen = _bytes(job.picture).astype(np.float32) / 255.0
    return 2 * tensor(seen.transpose(2, 0, 1)) - 1


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


def tensor(array: Array) -> torch.Tensor:
    """A contiguous tensor of an array, with a batch of one."""
    return torch.from_numpy(np.ascontiguousarray(array))[None]
