"""Placement of a loaded model according to its plan, with the hooks of diffusers and accelerate."""

from __future__ import annotations

from typing import Any

import torch
from accelerate import cpu_offload_with_hook
from accelerate.hooks import AlignDevicesHook, add_hook_to_module

from inpaintd.models.footprint import DECODERS, DENOISERS, ENCODERS

from .plan import Placement


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
                storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype
            )
    match placement:
        case Placement.RESIDENT:
            _to(pipe, device)
        case Placement.ENCODERS_AWAY:
            _encoders_away(pipe, device)
        case Placement.OFFLOADED:
            pipe.enable_model_cpu_offload(device=device)
        case Placement.STREAMED:
            pipe.enable_group_offload(
                onload_device=device,
                offload_type="leaf_level",
                use_stream=device.type in ("cuda", "xpu"),  # fetch the next while one works
            )


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
