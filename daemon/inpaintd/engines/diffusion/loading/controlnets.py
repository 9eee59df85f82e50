"""ControlNets: which pipeline takes them, and what each is shown."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import diffusers
import numpy as np
import torch

from inpaintd.engine import Array
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Control

from ..families import FAMILY_OF_CLASS
from .failures import is_device_failure, is_out_of_memory
from .library import Library
from .model import Model

Notice = tuple[str, str, str]

_GUIDED = " or ".join(
    dict.fromkeys(family.name for family in FAMILY_OF_CLASS.values() if family.controlled)
)

_MASKED = -1.0
"""What the inpainting ControlNet was shown where it should invent."""


def inpaint_condition(picture: Array, mask: Array) -> Array:
    """The picture with -1 under the mask.

    Source: the model card of control_v11p_sd15_inpaint.

    Args:
        picture: (H, W, 3) float32 in [0, 1].
        mask: (H, W) float32; counted as masked above 0.5.
    """
    return np.where(mask[..., None] > 0.5, np.float32(_MASKED), picture)


def tile_resample(picture: Array, rate: float) -> Array:
    """The picture as it looks with `rate` times fewer pixels per side."""
    if rate <= 1:
        return picture
    height, width = picture.shape[:2]
    small = (max(1, round(width / rate)), max(1, round(height / rate)))
    reduced = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_CUBIC), "f4")


def control_arguments(controls: Sequence[Control], picture: Array, mask: Array) -> dict[str, Any]:
    """The pipeline's arguments for its ControlNets.

    Args:
        picture: (H, W, 3) float32 in [0, 1], the source at work size, its hole not pre-filled.
    """
    shown = [
        tile_resample(picture, control.downsampling_rate)
        if control.kind == "tile"
        else inpaint_condition(picture, mask)
        for control in controls
    ]
    return {
        "control_image": [
            torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
            for image in shown
        ],
        "controlnet_conditioning_scale": [float(control.weight) for control in controls],
        "control_guidance_start": [float(control.start) for control in controls],
        "control_guidance_end": [float(control.end) for control in controls],
    }


def controlled_pipe(
    model: Model, library: Library, controls: Sequence[Control]
) -> tuple[Any, list[Notice]]:
    """A pipeline of the model's own components and the request's ControlNets.

    Raises:
        InpaintError: `unsupported` for a family without ControlNets or a net of another one,
            `unknown_model`, `model_missing`, `model_damaged`.
    """
    if not model.family.controlled:
        raise InpaintError(
            "unsupported",
            f"{model.family.name} cannot be guided by ControlNets here.",
            f"Choose a model of {_GUIDED}, or leave the ControlNets away.",
        )
    for control in controls:
        if control.start >= control.end:
            raise InpaintError(
                "unsupported",
                f"The ControlNet {control.kind} would end at {control.end:g} of the steps, which"
                f" is not after its start at {control.start:g}.",
                "Let it end later than it starts.",
            )
    kind = getattr(diffusers, model.family.controlled)
    nets = [_net(model, library, control) for control in controls]
    taken = inspect.signature(kind.__init__).parameters
    components = {k: v for k, v in model.pipe.components.items() if k in taken}
    pipe = kind(**components, controlnet=nets, **_flags(model, taken))
    pipe.set_progress_bar_config(disable=True)
    model.reuse.stand_before_prompts(pipe)
    notices: list[Notice] = []
    if model.conditioned:
        notices.append(
            (
                "control_on_inpainting_model",
                "ControlNets are usually not trained with inpainting models, so the result may be"
                " worse than with the standard model.",
                "Choose the model that this inpainting model was made from.",
            )
        )
    return pipe, notices


def _flags(model: Model, taken: Any) -> dict[str, Any]:
    """What the pipeline was configured with besides its components."""
    config = model.pipe.config
    return {k: config[k] for k in taken if k.startswith(("requires_", "force_")) and k in config}


def _net(model: Model, library: Library, control: Control) -> Any:
    folder = library.controlnet(control.model, control.kind)
    if folder not in model.controlnets:
        net = _loaded(folder, model.dtype)
        denoiser = getattr(model.pipe, model.family.denoiser)
        if net.config.cross_attention_dim != denoiser.config.cross_attention_dim:
            raise InpaintError(
                "unsupported",
                f"The ControlNet {folder.name} does not fit the model {model.source.name}.",
                f"Choose one that was made for {model.family.name}.",
            )
        model.controlnets[folder] = net
    return model.controlnets[folder].to(model.device)


def _loaded(folder: Path, dtype: torch.dtype) -> Any:
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8"))["_class_name"]
        if kind == "ControlNetModel":
            return diffusers.ControlNetModel.from_pretrained(  # type: ignore[no-untyped-call]
                folder,
                dtype=dtype,
                use_safetensors=True,
                local_files_only=True,
                variant="fp16" if any(folder.glob("*.fp16.safetensors")) else None,
            )
    except Exception as error:  # whatever a damaged file makes the loaders raise
        if is_out_of_memory(error) or is_device_failure(error):
            raise
        raise InpaintError(
            "model_damaged",
            f"The ControlNet in {folder} cannot be loaded.",
            "See which of its files are damaged: inpaintd models verify NAME",
        ) from error
    raise InpaintError(
        "unsupported",
        f"{folder.name} holds a {kind}, which cannot be used here.",
        f"Choose a ControlNet of one kind, made for {_GUIDED}: no union of several.",
    )
