"""ControlNets: the pipelines that support them, and their control pictures."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import diffusers
import numpy as np
import torch

from inpaintd.engine import Array
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Control

from ..families import CONTROLNETS, FAMILY_OF_CLASS, Guided
from .control_files import Z_IMAGE_NET, config_of_file, net_of_file
from .failures import is_device_failure, is_out_of_memory
from .library import Library
from .model import Model

Notice = tuple[str, str, str]

_MASKED = -1.0
"""The value shown to the inpainting ControlNet where it is to invent."""


def inpaint_condition(picture: Array, mask: Array) -> Array:
    """The picture with -1 under the mask.

    Source: the model card of control_v11p_sd15_inpaint.

    Args:
        picture: (H, W, 3) float32 in [0, 1].
        mask: (H, W) float32; treated as masked above 0.5.
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


@dataclass(frozen=True)
class Guide:
    """A pipeline with ControlNets, and its calling convention.

    Attributes:
        how: the family's guidance by their class.
        nets: one for each control of the request.
    """

    pipe: Any
    how: Guided
    nets: list[Any]
    notices: list[Notice]


def control_arguments(
    guide: Guide, controls: Sequence[Control], picture: Array, mask: Array
) -> dict[str, Any]:
    """The pipeline's arguments for its ControlNets.

    Args:
        picture: (H, W, 3) float32 in [0, 1], the source at work size, its hole not pre-filled.
        mask: (H, W) float32 in [0, 1].
    """
    how, kind = guide.how, type(guide.nets[0]).__name__
    shown = [_shown(how, kind, control, picture, mask) for control in controls]
    scales = [float(control.weight) for control in controls]
    if kind == "ZImageControlNetModel":
        return {"control_image": shown[0], "controlnet_conditioning_scale": scales[0]}
    arguments: dict[str, Any] = {
        "control_image": shown[0] if how.whole else shown,
        "controlnet_conditioning_scale": scales,
        "control_guidance_start": [float(control.start) for control in controls],
        "control_guidance_end": [float(control.end) for control in controls],
    }
    if how.union:
        arguments["control_mode"] = [_UNION_MODES[control.kind] for control in controls]
    if kind == "FluxControlNetModel":
        modes = [_FLUX_TILE if net.config.num_mode else None for net in guide.nets]
        arguments["control_mode"] = modes
    if how.whole:
        arguments["control_mask"] = _tensor((mask > 0).astype(np.float32)[..., None])
    return arguments


_UNION_MODES = {"tile": 6, "inpaint": 7}
"""That of the net called ProMax by its makers: https://huggingface.co/xinsir/controlnet-union-sdxl-1.0"""

_FLUX_TILE = 1
"""That of FLUX.1's union: https://huggingface.co/InstantX/FLUX.1-dev-Controlnet-Union"""


def _shown(how: Guided, kind: str, control: Control, picture: Array, mask: Array) -> torch.Tensor:
    if control.kind == "tile":
        return _tensor(tile_resample(picture, control.downsampling_rate))
    hole = mask[..., None] > 0
    if kind == "ZImageControlNetModel":
        # It sees the mask as well; this argument is the control picture otherwise.
        return _tensor(np.where(hole, np.float32(0.5), picture))
    if how.whole:  # the pipeline masks it by itself
        return _tensor(2 * picture - 1)
    if how.union:
        return _tensor(np.where(hole, np.float32(0), picture))
    return _tensor(inpaint_condition(picture, mask))


def _tensor(plane: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(plane.transpose(2, 0, 1), np.float32))[None]


def guided(model: Model, library: Library, controls: Sequence[Control]) -> Guide:
    """A pipeline with the model's own components and the request's ControlNets.

    Raises:
        InpaintError: `unsupported` for a family without ControlNets, a net for another one, or
            kinds that cannot be combined; `unknown_model`, `model_missing`, `model_damaged`.
    """
    family = model.family
    if not family.controlled:
        raise InpaintError(
            "unsupported",
            f"{family.name} cannot be guided by ControlNets here.",
            f"Choose a model of {_families_guided()}, or leave the ControlNets out.",
        )
    for control in controls:
        if control.start >= control.end:
            raise InpaintError(
                "unsupported",
                f"The ControlNet {control.kind} would end at {control.end:g} of the steps, which"
                f" is not after its start at {control.start:g}.",
                "Let it end later than it starts.",
            )
    nets = [_net(model, library, control) for control in controls]
    how = _way(model, nets, controls)
    kind = getattr(diffusers, how.pipeline)
    taken = inspect.signature(kind.__init__).parameters
    components = {k: v for k, v in model.pipe.components.items() if k in taken}
    one = how.whole or (how.union and len(set(map(id, nets))) == 1)
    pipe = kind(**components, controlnet=nets[0] if one else nets, **_flags(model, taken))
    pipe.set_progress_bar_config(disable=True)
    if not how.whole:
        pipe._callback_tensor_inputs = [*pipe._callback_tensor_inputs, family.mask]
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
    return Guide(pipe, how, nets, notices)


def _way(model: Model, nets: Sequence[Any], controls: Sequence[Control]) -> Guided:
    """The guidance by nets of one class; nets of several classes cannot be combined."""
    classes = {type(net).__name__ for net in nets}
    how = model.family.controlled[type(nets[0]).__name__]
    if len(classes) > 1 or (how.whole and len(nets) > 1):
        raise InpaintError(
            "unsupported",
            f"These ControlNets cannot guide {model.family.name} at the same time.",
            "Leave all but one out.",
        )
    for control in controls:
        if control.kind not in how.kinds:
            raise InpaintError(
                "unsupported",
                f"{model.family.name} has no ControlNets of the kind {control.kind}, but of"
                f" {' and '.join(how.kinds)}.",
                "Choose another kind, or leave it out.",
            )
        if how.union and any(
            net.config.num_control_type <= _UNION_MODES[control.kind] for net in nets
        ):
            raise InpaintError(
                "unsupported",
                f"This union of ControlNets was not trained on {control.kind}.",
                "Install the one that was: inpaintd models install controlnet-union-sdxl",
            )
    return how


def _families_guided() -> str:
    guided_ones = [f.name for f in FAMILY_OF_CLASS.values() if f.controlled]
    return " or ".join(dict.fromkeys(guided_ones))


def _flags(model: Model, taken: Any) -> dict[str, Any]:
    """The pipeline's configuration besides its components."""
    config = model.pipe.config
    return {k: config[k] for k in taken if k.startswith(("requires_", "force_")) and k in config}


def _net(model: Model, library: Library, control: Control) -> Any:
    folders = library.controlnets(control.model, control.kind)
    folder = next((one for one in folders if _fits(model, one)), folders[0])
    if folder not in model.controlnets:
        kind = _class_of(folder)
        if kind not in CONTROLNETS:
            raise InpaintError(
                "unsupported",
                f"{folder.name} holds a {kind}, which cannot be used here.",
                f"Choose a ControlNet made for {_families_guided()}.",
            )
        if not _fits(model, folder):
            raise InpaintError(
                "unsupported",
                f"The ControlNet {folder.name} does not fit the model {model.source.name}.",
                f"Choose one made for {model.family.name}.",
            )
        depth = getattr(model.pipe, model.family.denoiser).config.get("n_layers", 0)
        model.controlnets[folder] = _loaded(folder, kind, model.dtype, depth)
    return model.controlnets[folder].to(model.device)


def _fits(model: Model, folder: Path) -> bool:
    """Test whether a ControlNet was made for a model's family, by its configuration."""
    if _class_of(folder) not in model.family.controlled:
        return False
    theirs = _config(folder)
    ours = getattr(model.pipe, model.family.denoiser).config
    widths = ("cross_attention_dim", "joint_attention_dim", "dim")
    return all(theirs[k] == ours[k] for k in widths if theirs.get(k) and ours.get(k))


def _config(folder: Path) -> dict[str, Any]:
    if folder.is_file():
        return {"_class_name": Z_IMAGE_NET, **config_of_file(folder, 1)}
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder) from error
    return config


def _class_of(folder: Path) -> str:
    return str(_config(folder).get("_class_name"))


def _loaded(folder: Path, kind: str, dtype: torch.dtype, depth: int) -> Any:
    try:
        if folder.is_file():
            return net_of_file(folder, depth, dtype)
        return getattr(diffusers, kind).from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            variant="fp16" if any(folder.glob("*.fp16.safetensors")) else None,
        )
    except Exception as error:  # loaders raise many types on damaged files
        if is_out_of_memory(error) or is_device_failure(error):
            raise
        raise _damaged(folder) from error


def _damaged(folder: Path) -> InpaintError:
    return InpaintError(
        "model_damaged",
        f"The ControlNet in {folder} cannot be loaded.",
        "Install it again: inpaintd models install NAME",
    )
