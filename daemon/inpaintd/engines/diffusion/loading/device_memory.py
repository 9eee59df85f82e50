"""Selection of a plan for a model on a device, by the memory that is free there now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from inpaintd.models.footprint import Footprint, Part, footprint, part
from inpaintd_protocol.errors import InpaintError

from .ladder import DECODE_IN_TILES, SMALLER, WORK_SMALLER, Rung
from .library import Source
from .model import Model
from .plan import Placement, Plan, fastest, smallest, ways_for, weight_bytes
from .working import WorkingMemory, free_bytes

_RESERVE = 0.03
"""Share of the free memory that stays unused, as a reserve for untracked allocations."""

_GIGABYTE = 1e9


class DeviceMemory:
    """The capacity of a device, and the needs of models there."""

    def __init__(self, device: torch.device, home: Path) -> None:
        self._device = device
        self._working = WorkingMemory(home)
        self._streams = device.type in ("cuda", "xpu")
        self._footprints: dict[tuple[Source, int], Footprint] = {}

    def plan(
        self,
        source: Source,
        dtype: torch.dtype,
        pixels: int,
        loaded: Model | None,
        *,
        adapters: bool,
    ) -> tuple[Plan, tuple[Rung, ...]]:
        """The fastest plan that fits, and the rungs of the ladder that it takes from the start.

        Args:
            pixels: area of the work area.
            loaded: this model, if it is loaded; it stays where it is while it fits there.
            adapters: whether LoRAs are applied to it.

        Raises:
            InpaintError: `out_of_memory` when no plan fits, before anything is loaded.
        """
        free = free_bytes(self._device)
        if free is None:
            placement = loaded.placement if loaded else Placement.RESIDENT
            return Plan(placement, loaded is not None and loaded.eight_bits, False, 0), ()
        free = int((free + _held(self._device)) * (1 - _RESERVE))
        model = self._footprint(source, dtype)
        ways = ways_for(streams=self._streams, adapters=adapters)
        for area, rungs in ((pixels, ()), (round(pixels * SMALLER**2), (WORK_SMALLER,))):
            working = self._working.expected(source.name, dtype, area)
            if loaded is not None and (loaded.placement, loaded.eight_bits) in ways:
                weights = weight_bytes(model, loaded.placement, eight_bits=loaded.eight_bits)
                for tiled, extra in ((False, working.whole), (True, working.tiled)):
                    if weights + extra <= free:
                        stays = Plan(loaded.placement, loaded.eight_bits, tiled, weights + extra)
                        return stays, _rungs(stays, rungs)
            if found := fastest(model, working, free, ways):
                return found, _rungs(found, rungs)
        least = smallest(model, self._working.expected(source.name, dtype, pixels), ways)
        raise InpaintError(
            "out_of_memory",
            f"{source.name} does not fit: it needs {least.peak_bytes / _GIGABYTE:.1f} GB of the "
            f"device's memory, and {free / _GIGABYTE:.1f} GB is free.",
            "Close other programs that use the device, ask for a smaller work size, or choose a "
            "smaller model.",
        )

    def learn(self, model: Model, pixels: int, peak_bytes: int, *, tiled: bool) -> None:
        """Record the memory used by a run.

        Args:
            peak_bytes: the peak memory use; 0 if unknown.
        """
        if peak_bytes:
            weights = weight_bytes(
                self._footprint(model.source, model.dtype),
                model.placement,
                eight_bits=model.eight_bits,
            )
            taken = max(0, peak_bytes - weights)
            self._working.learn(model.source.name, model.dtype, pixels, tiled=tiled, taken=taken)

    def _footprint(self, source: Source, dtype: torch.dtype) -> Footprint:
        key = (source, dtype.itemsize)
        if key not in self._footprints:
            self._footprints[key] = _of_files(source, dtype.itemsize)
        return self._footprints[key]


def _of_files(source: Source, bytes_per_number: int) -> Footprint:
    """The footprint of a model including another VAE or a prior, if it has one."""
    parts: dict[str, Part] = dict(
        footprint(source.folder, bytes_per_number, variant=source.variant).parts
    )
    if source.vae is not None:
        parts["vae"] = part(source.vae, bytes_per_number)
    if source.prior is not None:
        of_prior = footprint(source.prior, bytes_per_number).parts
        parts |= {f"prior {name}": one for name, one in of_prior.items()}
    return Footprint(parts)


def _held(device: torch.device) -> int:
    """Bytes that this process holds on the device and can release."""
    module: Any = torch.get_device_module(device)
    if device.type == "mps":
        return int(module.current_allocated_memory())
    return int(module.memory_allocated())


def _rungs(plan: Plan, more: tuple[Rung, ...]) -> tuple[Rung, ...]:
    return ((DECODE_IN_TILES,) if plan.tiled else ()) + more
