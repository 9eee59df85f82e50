"""Working memory of models besides their weights: measured here, and stored.

Until a model has run once, figures typical of its family are used; measurements replace them.
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
"""Bytes per pixel of the work area in 16 bits, with an untiled VAE: its decoder takes most."""

_TYPICAL_TILED_BYTES = 2200
"""The same with a tiled VAE: the denoiser then takes most."""

_TYPICAL_BASE = 150 << 20
"""The part that does not depend on the size, such as the libraries' workspaces."""

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
            self._measured = {}  # it is measured again

    def expected(self, model: str, dtype: torch.dtype, pixels: int) -> Working:
        """The working memory of a model for a work area of this many pixels."""
        whole, tiled = (self._of(model, dtype, pixels, tiled=tiled) for tiled in (False, True))
        return Working(whole, min(whole, tiled))

    def learn(
        self, model: str, dtype: torch.dtype, pixels: int, *, tiled: bool, taken: int
    ) -> None:
        """Record the memory used by a run; the maximum of several runs of one size counts."""
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
            # The fixed share of a smaller area is unknown: text encoders do not depend on it.
            growth = pixels / known.pixels * _GROWTH if pixels > known.pixels else 1
            return round(known.bytes * growth)
        each = (_TYPICAL_TILED_BYTES if tiled else _TYPICAL_BYTES) * dtype.itemsize / 2
        return _TYPICAL_BASE + round(each * pixels)


def _key(model: str, dtype: torch.dtype, *, tiled: bool) -> str:
    return f"{model} {str(dtype).removeprefix('torch.')}{' tiled' if tiled else ''}"


def free_bytes(device: torch.device) -> int | None:
    """Memory of a device that is free for this process; None if unknown."""
    module: Any = None if device.type == "cpu" else torch.get_device_module(device)
    if device.type == "mps":
        return int(module.recommended_max_memory() - module.driver_allocated_memory())
    if not hasattr(module, "mem_get_info"):
        return None
    free, _ = module.mem_get_info()
    # Memory that torch has reserved but does not use is free, too.
    unused = module.memory_reserved() - module.memory_allocated()
    return int(free + unused)


class Peak:
    """Peak memory use while it was watched; 0 if unknown."""

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
