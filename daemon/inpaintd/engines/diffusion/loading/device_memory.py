"""Selection of a plan for a model on a device, by the memory that is free there now."""

from __future__ import annotations

from pathlib import Path

import torch

from inpaintd.models.footprint import Footprint, of_files
from inpaintd_protocol.errors import InpaintError

from .ladder import DECODE_IN_TILES, WORK_SMALLER, Rung
from .library import Source
from .model import Model
from .plan import RESERVE, Placement, Plan, Working, choose, smallest, ways_for, weight_bytes
from .watching import free_bytes, held_bytes, type_name
from .working import WorkingMemory

_GIGABYTE = 1e9

STREAMING = ("cuda", "xpu")
"""Types of devices that can fetch a layer while another works."""


class DeviceMemory:
    """The capacity of a device, and the needs of models there."""

    def __init__(self, device: torch.device, home: Path) -> None:
        self._device = device
        self._working = WorkingMemory(home)
        self._streams = device.type in STREAMING
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
            # Unknown, as on the CPU: nothing can be planned; the ladder helps if memory runs out.
            placement = loaded.placement if loaded else Placement.RESIDENT
            return Plan(placement, loaded is not None and loaded.eight_bits, False, 0), ()
        # What this process holds counts as free: it is reused, or released before loading.
        free = int((free + held_bytes(self._device)) * (1 - RESERVE))
        model = self._footprint(source, dtype)
        ways = ways_for(streams=self._streams, adapters=adapters, packed=model.packed)

        def working(area: int) -> Working:
            return self._working.expected(source.name, type_name(dtype), area)

        now = (loaded.placement, loaded.eight_bits) if loaded is not None else None
        if chosen := choose(model, working, pixels, free, ways, now):
            rungs = (DECODE_IN_TILES,) if chosen.plan.tiled else ()
            return chosen.plan, (*rungs, WORK_SMALLER) if chosen.smaller else rungs
        least = smallest(model, working(pixels), ways)
        raise InpaintError(
            "out_of_memory",
            f"{source.name} does not fit: it needs {least.peak_bytes / _GIGABYTE:.1f} GB of "
            f"device memory, but only {free / _GIGABYTE:.1f} GB is free.",
            "Close other programs that use the device, set a smaller work size, or choose a "
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
            # The calculated weights can exceed the measured peak.
            taken = max(0, peak_bytes - weights)
            self._working.learn(
                model.source.name, type_name(model.dtype), pixels, tiled=tiled, taken=taken
            )

    def _footprint(self, source: Source, dtype: torch.dtype) -> Footprint:
        key = (source, dtype.itemsize)
        if key not in self._footprints:
            self._footprints[key] = of_files(
                source.folder,
                dtype.itemsize,
                variant=source.variant,
                denoiser=source.denoiser,
                vae=source.vae,
                prior=source.prior,
            )
        return self._footprints[key]
