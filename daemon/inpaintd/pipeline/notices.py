"""Warnings of the pipeline about requests that succeed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import SAMPLING, Array, Engine
from inpaintd_protocol.messages import Inpaint, Notice
from inpaintd_protocol.settings import Settings, settings_fields

MODELS_HINT = "Models that paint from a prompt: inpaintd models list"

_PROMPTS = frozenset({"prompt", "negative_prompt"})

_INSTEAD = {
    "strength": "The hole is filled outright, as with strength 1.",
    "seed": "This model gives the same picture for every seed.",
    "count": "All variants are the same picture.",
    "infill": "This model does not look at what is under the hole.",
    "width": "It works at the picture's own resolution.",
    "height": "It works at the picture's own resolution.",
}

_NEARLY_FULL = np.float32(0.9)


def not_honoured(settings: Settings, honours: frozenset[str], model: str = "") -> Iterator[Notice]:
    """List a notice for each setting that asks for something but has no effect.

    Args:
        settings: as set by the user, without the model's defaults.
        honours: as in `Engine.honours`.
    """
    ignored = {
        field.name
        for field in settings_fields()
        if field.metadata["done_by"] == "engine"
        and field.name not in honours
        and getattr(settings, field.name) not in (None, field.metadata["neutral"])
    }
    # Several variants differ by nothing but their seed.
    if "seed" in honours:
        ignored -= {"count"}
    if ignored & _PROMPTS:
        ignored -= _PROMPTS
        yield Notice(
            "not_honoured",
            f"{model or 'This model'} takes no prompt; it continues the surroundings of the hole.",
            MODELS_HINT,
        )
    for field in settings_fields():
        if field.name in ignored:
            label = field.metadata["label"]
            instead = _INSTEAD.get(field.name, "The hole is filled as without it.")
            yield Notice(
                "not_honoured",
                f"“{label}” has no effect with this model. {instead}",
                "Choose a model that supports it, or leave it at its default.",
            )


def sampling_ignored(request: Inpaint, honours: frozenset[str]) -> Iterator[Notice]:
    """Warn when a sampling area was sent to an engine that ignores it."""
    if request.sampling is not None and SAMPLING not in honours:
        yield Notice(
            "not_honoured",
            "The sampling area has no effect with this model. The hole is filled as without it.",
            "Choose a model that supports it, such as patches, or leave it out.",
        )


def partial_mask(mask: Array, engine: Engine) -> Iterator[Notice]:
    """Warn when no part of the hole is fully selected and the engine fills outright."""
    strongest = mask.max()
    if strongest < _NEARLY_FULL and not engine.soft and "strength" not in engine.honours:
        yield Notice(
            "partial_mask",
            f"No part of the hole is more than {strongest:.0%} selected, so the old content "
            "shows through the fill.",
            "Set a threshold: wherever the selection reaches it, the hole is repainted fully.",
        )


def colour_lost(regions: Iterable[tuple[NDArray[np.bool_], Array]]) -> Iterator[Notice]:
    """Warn when the editor erased the colours under the hole.

    Args:
        regions: for each region where colour was lost, and the mask, both (H, W).
    """
    lost = pixels = 0
    for erased, mask in regions:
        pixels += int(np.count_nonzero(mask > 0))
        lost += int(np.count_nonzero(erased & (mask > 0)))
    if lost:
        yield Notice(
            "colour_lost",
            f"The editor erased the colours under {lost / pixels:.0%} of the hole, so they were "
            "estimated from the surroundings.",
            "To keep them, send the selection instead of erasing, or save with "
            "“Save color values from transparent pixels”.",
        )
