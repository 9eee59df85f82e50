"""Placement of a loaded model according to its plan, with the hooks of diffusers and accelerate."""

from __future__ import annotations

from typing import Any

import torch
from accelerate import cpu_offload_with_hook
from accelerate.hooks import AlignDevicesHook, add_hook_to_module
from diffusers.hooks.layerwise_casting import DEFAULT_SKIP_MODULES_PATTERN

from inpaintd.models.footprint import DECODERS, DENOISERS, ENCODERS

from .plan import Placement

_NEVER_IN_EIGHT_BITS = (*DEFAULT_SKIP_MODULES_PATTERN, "lora", "image_embeds")
"""Kandinsky's `image_embeds` is asked for its type, which its input is then converted to."""


def place(
    pipe: Any,
    placement: Placement,
    device: torch.device,
    dtype: torch.dtype,
    *,
    eight_bits: bool,
) -> None:
    """Place a pipeline, whose components are all in main memory, according to its plan.

    Args:
        pipe: a diffusers pipeline, just loaded.
        dtype: the type to compute in.
        eight_bits: store the denoiser's weights in 8 bits.
    """
    if eight_bits:
        for denoiser in _parts(pipe, DENOISERS):
            denoiser.enable_layerwise_casting(
                storage_dtype=torch.float8_e4m3fn,
                compute_dtype=dtype,
                skip_modules_pattern=_NEVER_IN_EIGHT_BITS,
            )
    match placement:
        case Placement.RESIDENT:
            _to(pipe, device)
        case Placement.ENCODERS_AWAY:
            _encoders_away(pipe, device)
        case Placement.OFFLOADED:
            pipe.enable_model_cpu_offload(device=device)
        case Placement.STREAMED:
            whole = _unstreamable(pipe)
            for name in whole:
                getattr(pipe, name).to(device)
            pipe.enable_group_offload(
                onload_device=device,
                offload_type="leaf_level",
                use_stream=device.type in ("cuda", "xpu"),  # fetch the next while one works
                exclude_modules=whole,
            )


def _unstreamable(pipe: Any) -> list[str]:
    """Names of the parts that cannot come layer by layer, such as Kandinsky's codebook."""
    return [
        name
        for name, part in pipe.components.items()
        if isinstance(part, torch.nn.Module)
        and not getattr(part, "_supports_group_offloading", True)
    ]


def _to(pipe: Any, device: torch.device) -> None:
    # Not pipe.to, which rejects weights in 8 bits.
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.to(device)


def _encoders_away(pipe: Any, device: torch.device) -> None:
    """Swap the denoiser and the text encoders; they trade places only for a new prompt."""
    hook = None
    turns = [*_parts(pipe, ENCODERS), *_parts(pipe, DENOISERS)]
    first = None
    for part in turns:
        _, hook = cpu_offload_with_hook(part, device, prev_module_hook=hook)
        first = first or hook
    assert first is not None
    first.hook.prev_module_hook = hook
    for name, part in pipe.components.items():
        if isinstance(part, torch.nn.Module) and part not in turns:
            part.to(device)
            if name in DECODERS:
                # The pipeline asks its components' hooks for its device.
                add_hook_to_module(part, AlignDevicesHook(execution_device=device))


def _parts(pipe: Any, names: tuple[str, ...]) -> list[Any]:
    parts = (getattr(pipe, name, None) for name in names)
    return [part for part in parts if part is not None]
