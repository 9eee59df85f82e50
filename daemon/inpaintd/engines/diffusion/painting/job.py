"""Conversion of a task to a pipeline's arguments: size, mask, scheduler, prompt, ControlNets."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
import torch

from inpaintd.engine import Array, Task
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settled

from ..families import KANDINSKY, Family
from ..loading.adapters import lora_names
from ..loading.controlnets import control_arguments, guided
from ..loading.files import family_of_source
from ..loading.ip_adapters import ip_adapter_arguments
from ..loading.library import Library
from ..loading.model import Model
from ..prompts.encoding import Notice, kandinsky_embeddings, prompt_arguments
from . import references
from .schedulers import check_scheduler, kept_steps, make_scheduler, steps_to_run
from .skipping import unskipped
from .soft_mask import is_soft, pooled
from .work_area import WorkSize, scale_colour, scale_mask, smooth_fill, work_size


@dataclass(frozen=True)
class Job:
    """A task at the size at which it is denoised.

    Attributes:
        task: as given.
        picture: (H, W, 3) float32 in [0, 1], the model's input.
        mask: (H, W) float32 in [0, 1].
        cells: the mask pooled to latent cells.
        scheduler: a fresh one, for this job alone.
        steps: number of steps to run.
        prompt: the pipeline's arguments for the prompt.
        pipe: the pipeline that paints it.
        controls: its arguments for ControlNets.
        adapted: its arguments for references that IP-Adapters show to the model.
        notices: requests that could not be met.
        latents: output of the previous pass, to continue from; None to start from the picture.
        whole: whether its pipeline keeps nothing by itself, because of a ControlNet or editing.
        exact: whether the pipeline gets the mask unchanged, to handle it as diffusers does.
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
    adapted: dict[str, Any]
    notices: list[Notice]
    latents: torch.Tensor | None = None
    whole: bool = False
    exact: bool = False


def prepare(
    model: Model, library: Library, task: Task, settings: Settled, scale: float = 1.0
) -> Job:
    """Scale a task to the model's size and create its scheduler.

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
    size = work_size(
        height, width, model.native_side, family.multiple, asked, scale, family.largest
    )
    _check_size(family, size)
    mask = scale_mask(task.mask, size)
    # Lanczos overshoots, and diffusers takes any negative number for a picture in [-1, 1].
    picture = source = np.clip(scale_colour(task.colour, size), 0.0, 1.0)
    prefilled = settings.infill == "original" and not settings.exact_diffusers
    if settings.strength == 1 and prefilled and not family.sees_hole:
        picture = smooth_fill(picture, (mask < 1).astype(np.float32))
    cells = pooled(mask, model.cell)
    pipe, controls, guide = model.pipe, {}, None
    notices: list[Notice] = []
    if settings.controls:
        guide = guided(model, library, settings.controls)
        pipe, notices = guide.pipe, guide.notices
        controls = control_arguments(guide, settings.controls, source, mask)
    whole = family.maskless or (guide is not None and guide.how.whole)
    if whole or not family.strength:
        # A grey is freed in the last steps, which is what a strength is.
        cells = np.minimum(cells, settings.strength)
        steps = steps_to_run(settings.steps, 1.0, scheduler, family)
    prompt, left_out = prompt_arguments(
        model, pipe, settings.prompt, settings.negative_prompt, settings.guidance_scale
    )
    if family is KANDINSKY:
        prompt = kandinsky_embeddings(
            model.prior, prompt["prompt"], prompt["negative_prompt"], task.seed
        )
    notices = [*notices, *left_out, *without_effect(model, pipe, settings, cells)]
    notices += unskipped(model, settings)
    limited = any(region is not None for region in task.reference_masks)
    notices += references.without_effect(settings.references, family, limited=limited)
    adapted: dict[str, Any] = {}
    if settings.references and not family.references:
        pictures = task.references[: len(settings.references)]
        taken = signature(type(pipe).__call__).parameters
        if "ip_adapter_image_embeds" in taken:
            adapted = ip_adapter_arguments(
                *(model, library, pictures, _regions(task, size)),
                (size.height, size.width),
                settings.guidance_scale,
            )
        else:
            notices.append(_REFERENCES_WITHOUT_CONTROLS)
    return Job(
        task=task,
        picture=picture,
        mask=mask,
        cells=cells,
        scheduler=scheduler,
        steps=steps,
        prompt=prompt,
        pipe=pipe,
        controls=controls,
        adapted=adapted,
        notices=notices,
        whole=whole,
        exact=settings.exact_diffusers and not whole,
    )


_REFERENCES_WITHOUT_CONTROLS = (
    "not_honoured",
    "This model takes no references together with a ControlNet, so they were not used.",
    "Leave out one of the two.",
)


def _regions(task: Task, size: WorkSize) -> list[Array | None]:
    """The area in which each reference counts, at work size."""
    masks = task.reference_masks or (None,) * len(task.references)
    return [None if mask is None else scale_mask(mask, size) for mask in masks]


def _check_size(family: Family, size: WorkSize) -> None:
    if family.largest and size.height * size.width > family.largest:
        raise InpaintError(
            "unsupported",
            f"{family.name} works at {family.largest / 1e6:.1f} million pixels at most, not at"
            f" {size.width} x {size.height}.",
            "Ask for a smaller work size, or leave it to the model.",
        )


def check(library: Library, settings: Settled) -> None:
    """Check that a pass can run: a chain must not fail at its last pass, minutes later.

    Raises:
        InpaintError: `unknown_model`, `model_missing`, or `unsupported` if it is not a diffusion
            model, for a scheduler that does not fit it, or a strength too low for the steps.
    """
    family = family_of_source(library.model(settings.model))
    check_scheduler(settings.scheduler, family)
    references.check_references(settings.references, family)
    if family.strength:
        kept_steps(settings.steps, settings.strength)
    if settings.references and not family.references:
        library.ip_adapter(family)
    for name, _ in lora_names(settings):
        library.lora(name)
    for name in settings.embeddings:
        library.embedding(name)
    for control in settings.controls:
        library.controlnets(control.model, control.kind)


def without_effect(model: Model, pipe: Any, settings: Settled, cells: Array) -> list[Notice]:
    """Notices of what the user set and this model or strength leaves without effect.

    Args:
        pipe: the pipeline that paints, which is another than the model's own with a ControlNet.
        cells: (h, w) float32 in [0, 1], the pooled mask.
    """
    family, notices = model.family, []
    if model.distilled and settings.guidance_scale > 1:
        notices.append(_DISTILLED)
    if settings.negative_prompt:
        notices += _unused_negative(model, pipe, settings.guidance_scale)
    idle = [f"infill {settings.infill}"] if settings.infill in ("noise", "nothing") else []
    idle += ["replace"] if settings.replace else []
    hard = not is_soft(cells)
    if idle and (family.sees_hole or (settings.strength == 1 and hard and family.strength)):
        why = (
            "is shown what is in the hole"
            if family.sees_hole
            else "starts from noise at full strength"
        )
        notices.append(
            (
                "not_honoured",
                f"{family.name} {why}, so {' and '.join(idle)} had no effect.",
                "Choose another model." if family.sees_hole else "Lower the strength.",
            )
        )
    return notices


_DISTILLED = (
    "not_honoured",
    "This model was distilled to paint without guidance, so the guidance scale had no effect.",
    "Leave it at 1, or choose the model's base version.",
)


def _unused_negative(model: Model, pipe: Any, guidance_scale: float) -> list[Notice]:
    """A notice when a negative prompt has no effect; none when it has one."""
    family, taken = model.family, signature(type(pipe).__call__).parameters
    if not family.negative:
        why, remedy = "at all", "Say in the prompt what you want to see."
    elif pipe is not model.pipe and "negative_prompt" not in taken:
        why, remedy = "together with a ControlNet", "Leave out one of the two."
    elif model.distilled or model.guided_inside:
        why, remedy = "as this model was distilled", "Say in the prompt what you want to see."
    elif guidance_scale <= family.unguided:
        why = f"at a guidance scale of {guidance_scale:g}"
        remedy = f"Raise the guidance scale above {family.unguided:g}."
    else:
        return []
    message = f"{family.name} takes no negative prompt {why}, so it was not used."
    return [("not_honoured", message, remedy)]
