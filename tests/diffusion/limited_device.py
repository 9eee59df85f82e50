"""Every family on a device with less and less memory: what is planned, and what it then takes.

    python -m tests.diffusion.limited_device LIBRARY FOLDER KIND...

Run in a process of its own, as fake_device.py is, whose device it uses; prints JSON.
"""

from __future__ import annotations

import ctypes
import gc
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers.hooks import group_offloading

from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.engines.diffusion.loading import device_memory
from inpaintd.engines.diffusion.loading.ladder import DECODE_IN_TILES
from inpaintd.engines.diffusion.loading.library import Library
from inpaintd.engines.diffusion.loading.plan import RESERVE, Placement, Plan, plans, ways_for
from inpaintd.models.registry import Entry, Registry
from inpaintd_protocol.errors import InpaintError
from tests.diffusion import denoiser_files, fake_device, pictures, tiny_models

ASKED = {"width": 64, "height": 64, "steps": 2, "strength": 1.0}


def main(library: Path, folder: Path, kinds: list[str]) -> None:
    torch.set_num_threads(1)
    gc.freeze()  # see tests/conftest.py
    device = fake_device.register(library)
    tell_memory(device)
    let_it_stream()
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


def let_it_stream() -> None:
    """Have layers come and go on the stand-in, whose tensors cannot take another's data."""
    device_memory.STREAMING = (*device_memory.STREAMING, "fake")

    def move(tensor: torch.Tensor, moved: torch.Tensor) -> None:
        if isinstance(tensor, torch.nn.Parameter) and not isinstance(moved, torch.nn.Parameter):
            moved = torch.nn.Parameter(moved, requires_grad=False)
        torch.utils.swap_tensors(tensor, moved)

    def fetch(group: Any, tensor: torch.Tensor, source: torch.Tensor, _: Any) -> None:
        move(tensor, source.to(group.onload_device))

    def release(group: Any) -> None:
        for module in group.modules:
            for tensor in (*module.parameters(), *module.buffers()):
                move(tensor, tensor.data.to(group.offload_device))
        for tensor in (*group.parameters, *group.buffers):
            move(tensor, tensor.data.to(group.offload_device))

    group_offloading.ModuleGroup._transfer_tensor_to_device = fetch
    group_offloading.ModuleGroup._offload_to_memory = release


def limited(device: ctypes.CDLL, folder: Path, kind: str) -> list[dict[str, Any]]:
    """Collect the outcome at each limit, after runs without one have shown how much is needed."""
    model = build(kind, folder)
    set_limit = torch.get_device_module("fake").set_limit
    ample = engine(model)
    truth = pictures.paint(ample, **ASKED).colours[0]
    ample._drop_model()
    del ample
    learn_tiled(model)
    rows = []
    for limit in limits(model):
        gc.collect()
        assert device.held_bytes() == 0
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
                "exact": one.plan.exact,
                "notices": [code for code, *_ in painted.notices],
                "difference": pictures.distance(painted.colours[0], truth),
            }
        except InpaintError as error:
            row |= {"refused": str(error), "code": error.code, "loaded": one._model is not None}
        row["peak"] = device.peak_bytes()
        rows.append(row)
        one._drop_model()
        del one
        set_limit(1 << 40)
    return rows


def build(kind: str, folder: Path) -> Entry:
    """The entry of a tiny model; `NAME:gguf` is its transformer from a GGUF file."""
    name, _, packed = kind.partition(":")
    base = tiny_models.build(name, folder / name / name)
    if not packed:
        entry = pictures.model(base)
        prior = base.with_name(f"{name}-prior")
        return replace(entry, prior=str(prior)) if prior.exists() else entry
    file = denoiser_files.write_gguf(base.with_suffix(".gguf"), denoiser_files.weights_of(base))
    return replace(pictures.model(base), name="packed", source=str(file), base=str(base))


def learn_tiled(model: Entry) -> None:
    """Measure what is needed with a VAE that works in tiles; a run without a limit uses none."""
    one = engine(model)
    vae = Plan(Placement.RESIDENT, eight_bits=False, tiled=True, peak_bytes=0)
    one._memory.plan = lambda *_, **__: (vae, (DECODE_IN_TILES,))  # type: ignore[method-assign]
    pictures.paint(one, **ASKED)
    one._drop_model()


def limits(model: Entry) -> list[int]:
    """Limits from ample to hopeless: just enough for each way to hold the model, and below it."""
    one = engine(model)
    source = one.library.model(model.name)
    parts = one._memory._footprint(source, torch.float32)
    working = one._memory._working.expected(source.name, "float32", 64 * 64)
    ways = ways_for(streams=True, adapters=False, packed=parts.packed)
    needed = {plan.peak_bytes for plan in plans(parts, working, ways)}
    enough = {math.ceil((size + 64) / (1 - RESERVE)) for size in needed}
    return sorted(enough | {2 * max(enough), min(enough) - 128, min(enough) // 2}, reverse=True)


def engine(entry: Entry) -> DiffusionEngine:
    home = Path(entry.base or entry.source).parent
    registry = Registry({entry.name: entry}, own_default=entry.name, home=home)
    return DiffusionEngine(Library(lambda: registry), torch.device("fake"), torch.float32)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
