"""How much memory a model works with besides its weights: measured here, and kept.

Until a model has run once, figures typical of its family are used; what was measured replaces them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .plan import Working

_TYPICAL_BYTES = 3500
"""For each pixel of the work area in 16 bits, with a VAE in one piece: its decoder takes most."""

_TYPICAL_TILED_BYTES = 2200
"""The same with a VAE in tiles: the denoiser then takes most."""

_TYPICAL_BASE = 150 << 20
"""What does not depend on the size, such as the libraries' workspaces."""

_GROWTH = 1.15
"""Reserve for a larger area than the measured one: attention grows faster than the area."""

_KEPT = "working-memory.json"


@dataclass(frozen=True)
class _Measured:
    pixels: int
    bytes: int


class WorkingMemory:
    """The figures of this machine's models, in a file beside models.toml."""

    def __init__(self, home: Path) -> None:
        self._file = home / _KEPT
        self._measured: dict[str, _Measured] = {}
        try:
            for key, (pixels, size) in json.loads(self._file.read_text(encoding="utf-8")).items():
                self._measured[key] = _Measured(int(pixels), int(size))
        except (OSError, ValueError, TypeError, AttributeError):
            self._measured = {}  # it is learned again

    def expected(self, model: str, dtype: torch.dtype, pixels: int) -> Working:
        """What a model will need for a work area of so many pixels."""
        whole, tiled = (self._of(model, dtype, pixels, tiled=tiled) for tiled in (False, True))
        return Working(whole, min(whole, tiled))

    def learn(
        self, model: str, dtype: torch.dtype, pixels: int, *, tiled: bool, taken: int
    ) -> None:
        """Keep what a run has taken; the most of several runs of one size counts."""
        key = _key(model, dtype, tiled=tiled)
        known = self._measured.get(key)
        if known is not None and known.pixels == pixels and known.bytes >= taken:
            return
        self._measured[key] = _Measured(pixels, taken)
        values = {name: (one.pixels, one.bytes) for name, one in self._measured.items()}
        try:
            temporary = self._file.with_suffix(".new")
            temporary.write_text(json.dumps(values), encoding="utf-8")
            temporary.replace(self._file)
        except OSError:
            pass  # known for as long as this process lives

    def _of(self, model: str, dtype: torch.dtype, pixels: int, *, tiled: bool) -> int:
        known = self._measured.get(_key(model, dtype, tiled=tiled))
        if known is not None:
            # Of a smaller area nobody knows how much stays: text encoders do not look at it.
            growth = pixels / known.pixels * _GROWTH if pixels > known.pixels else 1
            return round(known.bytes * growth)
        each = (_TYPICAL_TILED_BYTES if tiled else _TYPICAL_BYTES) * dtype.itemsize / 2
        return _TYPICAL_BASE + round(each * pixels)


def _key(model: str, dtype: torch.dtype, *, tiled: bool) -> str:
    return f"{model} {str(dtype).removeprefix('torch.')}{' tiled' if tiled else ''}"


def free_bytes(device: torch.device) -> int | None:
    """Memory of a device that is free for this process; None where nobody can tell."""
    module: Any = None if device.type == "cpu" else torch.get_device_module(device)
    if device.type == "mps":
        return int(module.recommended_max_memory() - module.driver_allocated_memory())
    if not hasattr(module, "mem_get_info"):
        return None
    free, _ = module.mem_get_info()
    # What torch holds for itself but does not use is free, too.
    unused = module.memory_reserved() - module.memory_allocated()
    return int(free + unused)


class Peak:
    """The most memory that was taken while it was watched; 0 where nobody can tell."""

    bytes = 0


@contextmanager
def watched(device: torch.device) -> Iterator[Peak]:
    """Watch the memory of a device until the block ends."""
    module: Any = None if device.type == "cpu" else torch.get_device_module(device)
    peak = Peak()
    if not hasattr(module, "reset_peak_memory_stats"):
        yield peak
        return
    module.reset_peak_memory_stats()
    yield peak
    peak.bytes = int(module.max_memory_allocated())
