"""The memory of a device: what is free, and the peak while something runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


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


def held_bytes(device: torch.device) -> int:
    """Bytes that this process holds on a device and can release."""
    module: Any = torch.get_device_module(device)
    if device.type == "mps":
        return int(module.current_allocated_memory())
    return int(module.memory_allocated())


def type_name(dtype: torch.dtype) -> str:
    """The name of a type, such as bfloat16."""
    return str(dtype).removeprefix("torch.")
