"""Estimate of a model's fit on this machine's card before it is loaded. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from inpaintd.engines.diffusion.families import FAMILY_OF_CLASS
from inpaintd.engines.diffusion.loading.plan import (
    RESERVE,
    Chosen,
    Placement,
    Working,
    choose,
    smallest,
    ways_for,
)
from inpaintd.engines.diffusion.loading.working import BYTES, WorkingMemory
from inpaintd.install.card import AMD, INTEL, NVIDIA
from inpaintd.install.card_memory import Room
from inpaintd.models.footprint import Footprint, estimated, of_files
from inpaintd.models.installed import is_path, place_of
from inpaintd.models.parts import INDEX
from inpaintd.models.registry import Entry, Registry
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import ModelInfo

_TYPICAL_SIDE = 1024
_GIGABYTE = 1e9

_LIBRARIES_BYTES = 400 << 20
"""Memory that the driver and torch take on a card before anything is loaded."""

_HOW = {
    Placement.OFFLOADED: "its parts take turns on the card",
    Placement.STREAMED: "streamed from memory",
}


def with_fits(
    infos: Sequence[ModelInfo], registry: Registry, room: Room | None
) -> tuple[ModelInfo, ...]:
    """The same models, each told whether it fits."""
    return tuple(
        replace(info, fits=fits_in_words(registry, registry.find(info.name), room))
        for info in infos
    )


def fits_in_words(registry: Registry, entry: Entry, room: Room | None) -> str:
    """Say if a model fits now: "fits", what it costs to make it fit, or what it needs.

    Empty for models that need no such memory, and when something about it is unknown.
    """
    if entry.engine != "diffusion" or entry.kind != "model" or room is None or not room.free_bytes:
        return ""
    on_card = bool(room.card.vendor)
    try:
        dtype = _type_of(registry, entry) if on_card else "float32"
        model = _footprint(registry, entry, BYTES[dtype])
    except (InpaintError, OSError, ValueError):
        return ""  # a damaged model is reported where it is used
    if model is None:
        return ""
    memory = WorkingMemory(registry.home)

    def working(area: int) -> Working:
        return memory.expected(entry.name, dtype, area)

    pixels = (entry.native_side or _TYPICAL_SIDE) ** 2
    if not on_card:
        return _on_processor(model.bytes + working(pixels).whole, room.free_bytes)
    free = round((room.free_bytes - _LIBRARIES_BYTES) * (1 - RESERVE))
    streams = room.card.vendor in (NVIDIA, AMD, INTEL)
    ways = ways_for(streams=streams, adapters=False, packed=model.packed)
    if chosen := choose(model, working, pixels, free, ways):
        return in_words(chosen)
    least = smallest(model, working(pixels), ways).peak_bytes + _LIBRARIES_BYTES
    return (
        f"does not fit: needs {least / _GIGABYTE:.1f} GB, and {room.free_bytes / _GIGABYTE:.1f} GB"
        " of the card's memory is free"
    )


def in_words(chosen: Chosen) -> str:
    """Describe the cost of a plan, for people."""
    plan = chosen.plan
    slower = f", about {plan.times_slower:.2g} times slower" if plan.times_slower >= 1.1 else ""
    measures = [_HOW[plan.placement]] if plan.placement in _HOW else []
    measures += ["weights in 8 bits"] if plan.eight_bits and not plan.lossless else []
    measures += ["decoded in tiles"] if plan.tiled else []
    measures += ["at a smaller work size"] if chosen.smaller else []
    how = f": {', '.join(measures)}" if measures else ""
    detail = "" if plan.exact and not chosen.smaller else " (fine detail changes)"
    return f"fits{slower}{how}{detail}"


def _on_processor(needed: int, free: int) -> str:
    if needed > free:
        return (
            f"does not fit: needs {needed / _GIGABYTE:.1f} GB of main memory, and there are"
            f" {free / _GIGABYTE:.1f} GB"
        )
    return "runs on the processor, which takes minutes"


def _footprint(registry: Registry, entry: Entry, bytes_per_number: int) -> Footprint | None:
    """A model's footprint: from its files, or from what is known about it before it is here."""
    if not registry.installed(entry):
        return estimated(entry.parameters, bytes_per_number) if entry.parameters else None
    place = registry.folder(entry)
    base = _place(registry, entry.base)
    return _of_files(
        base or place,
        bytes_per_number,
        entry.variant,
        place if base else None,
        _place(registry, entry.vae),
        _place(registry, entry.prior),
        place.stat().st_mtime_ns,
    )


@lru_cache(maxsize=256)
def _of_files(
    place: Path,
    bytes_per_number: int,
    variant: str,
    denoiser: Path | None,
    vae: Path | None,
    prior: Path | None,
    _changed_at: int,
) -> Footprint:
    return of_files(
        place, bytes_per_number, variant=variant, denoiser=denoiser, vae=vae, prior=prior
    )


def _place(registry: Registry, part: str) -> Path | None:
    if not part:
        return None
    return place_of(part) if is_path(part) else registry.folder(registry.find(part))


def _type_of(registry: Registry, entry: Entry) -> str:
    """The 16-bit type that a model runs in; only the figures measured for it depend on which."""
    if registry.installed(entry):
        index = registry.folder(entry) / INDEX
        if index.is_file():
            family = FAMILY_OF_CLASS.get(json.loads(index.read_text("utf-8")).get("_class_name"))
            if family is not None:
                return family.half
    return "float16"
