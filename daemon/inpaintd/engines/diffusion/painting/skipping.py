"""Steps that would change little, skipped behind the first block of a transformer.

Source: the first-block cache of ParaAttention, as in diffusers (`FirstBlockCache`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from diffusers.hooks.first_block_cache import FirstBlockCacheConfig
from diffusers.hooks.group_offloading import _maybe_remove_and_reapply_group_offloading

from inpaintd_protocol.settings import Settled

from ..loading.model import Model
from ..loading.plan import Placement
from ..prompts.encoding import Notice

THRESHOLD = 0.12
"""Relative change of the first block's output up to which the others are not computed again."""


def can_skip(model: Model, settings: Settled) -> bool:
    """Return whether a request lets steps be skipped, and the model's pipeline allows it."""
    family = model.family
    if settings.speed == "exact" or not family.step_cache or settings.controls:
        return False
    # With real guidance FLUX.1 computes two outputs in each step, which a cache would mix up.
    return not (family.true_cfg and settings.negative_prompt and settings.guidance_scale > 1)


def unskipped(model: Model, settings: Settled) -> list[Notice]:
    """A notice when the speed asked for changes nothing."""
    if settings.speed == "exact" or can_skip(model, settings):
        return []
    if settings.speed == "fast" and settings.loras:
        return []
    why = (
        "no adapter for few steps is installed for it"
        if settings.speed == "fast"
        else "none of its steps can be skipped"
        if not model.family.step_cache
        else "no steps can be skipped with these settings"
    )
    return [
        (
            "not_honoured",
            f"{model.family.name} was run at the speed “exact”: {why}.",
            "See which adapters there are: inpaintd models list"
            if settings.speed == "fast"
            else "Set fewer steps, or the speed “fast” with an adapter for few steps.",
        )
    ]


@contextmanager
def skipping(model: Model, settings: Settled) -> Iterator[None]:
    """Let steps be skipped during one call of a pipeline, if the request allows it.

    The cache starts empty for each call, so that no request leaves a trace in the next one.
    """
    if not can_skip(model, settings):
        yield
        return
    transformer: Any = getattr(model.pipe, model.family.denoiser)
    transformer.enable_cache(FirstBlockCacheConfig(threshold=THRESHOLD))
    try:
        # Pipelines that compute one output in each step name no context of their own.
        with transformer.cache_context("request"):
            yield
    finally:
        transformer.disable_cache()
        if model.placement is Placement.STREAMED:
            _maybe_remove_and_reapply_group_offloading(transformer)
