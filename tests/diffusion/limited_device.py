"""Every family on a device with less and less memory: what is planned, and what it then takes.

    python -m tests.diffusion.limited_device LIBRARY FOLDER KIND...

Run in a process of its own, as fake_device.py is, whose device it uses; prints JSON.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
from pathlib import Path
from typing import Any

import torch

from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd_protocol.errors import InpaintError
from tests.diffusion import fake_device, pictures, tiny_models

SHARES = (1.2, 0.95, 0.8, 0.65, 0.5, 0.35, 0.2, 0.05)
"""Limits as shares of what the resident model takes, from ample to hopeless."""

ASKED = {"width": 64, "height": 64, "steps": 2, "strength": 1.0}


def main(library: Path, folder: Path, kinds: list[str]) -> None:
    torch.set_num_threads(1)
    gc.freeze()  # see tests/conftest.py
    device = fake_device.register(library)
    tell_memory(device)
    print(json.dumps({kind: limited(device, folder, kind) for kind in kinds}))


def tell_memory(device: ctypes.CDLL) -> None:
    """Have torch answer for the device what it answers for a real one."""
    module: Any = torch.get_device_module("fake")
    limit = [1 << 40]

    def set_limit(size: int) -> None:
        limit[0] = size
        device.set_limit_bytes(size)

    module.set_limit = set_limit
    module.mem_get_info = lambda: (limit[0] - device.held_bytes(), limit[0])
    module.memory_allocated = module.memory_reserved = device.held_bytes
    module.max_memory_allocated = device.peak_bytes
    module.reset_peak_memory_stats = device.reset_peak


def limited(device: ctypes.CDLL, folder: Path, kind: str) -> list[dict[str, Any]]:
    """Collect the outcome at each limit, after runs without one have shown how much is needed."""
    model = tiny_models.copied(kind, folder / kind)
    set_limit = torch.get_device_module("fake").set_limit
    device.reset_peak()
    ample = engine(model)
    truth = pictures.paint(ample, **ASKED).colours[0]
    resident = device.peak_bytes()
    del ample
    rows = []
    for share in SHARES:
        gc.collect()
        assert device.held_bytes() == 0
        limit = int(resident * share)
        set_limit(limit)
        device.reset_peak()
        one = engine(model)
        row: dict[str, Any] = {"limit": limit}
        try:
            painted = pictures.paint(one, **ASKED)
            assert one._model is not None
            assert one.plan is not None
            row |= {
                "placement": one._model.placement.name,
                "eight_bits": one._model.eight_bits,
                "predicted": one.plan.peak_bytes,
                "tiled": one.plan.tiled,
                "notices": [code for code, *_ in painted.notices],
                "difference": pictures.distance(painted.colours[0], truth),
            }
        except InpaintError as error:
            row |= {"refused": str(error), "code": error.code, "loaded": one._model is not None}
        row["peak"] = device.peak_bytes()
        rows.append(row)
        del one
        set_limit(1 << 40)
    return rows


def engine(folder: Path) -> DiffusionEngine:
    return DiffusionEngine(pictures.library(folder), torch.device("fake"), torch.float32)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
