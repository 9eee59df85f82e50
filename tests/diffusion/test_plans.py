"""Plans for models on devices with little memory: what they promise, and that they keep it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.engines.diffusion.loading.model import Model, load
from inpaintd.engines.diffusion.loading.plan import (
    WAYS,
    Placement,
    Working,
    fastest,
    plans,
    smallest,
    ways_for,
    weight_bytes,
)
from inpaintd.engines.diffusion.loading.working import WorkingMemory
from inpaintd.models.footprint import Footprint, Part, footprint
from inpaintd_protocol.settings import Lora
from tests.diffusion import pictures, tiny_adapters
from tests.running import ROOT

GB = 10**9

SDXL = Footprint(
    {
        "unet": Part(5 * GB, 3 * GB, GB // 10),
        "text_encoder": Part(GB // 4, GB // 4, GB // 20),
        "text_encoder_2": Part(GB, GB, GB // 20),
        "vae": Part(GB // 5, GB // 5, GB // 100),
    }
)
WORKING = Working(whole=4 * GB, tiled=2 * GB)

EIGHT_BITS_CHANGE = 0.05
"""Mean difference that 8 bits may make to the colours of models with random weights."""

FEW = ("sd15", "z-image:gguf", "kandinsky")
MORE = (
    *("sd15-inpainting", "sdxl", "sdxl-inpainting", "sd3", "flux", "flux:gguf", "flux-fill"),
    *("flux-kontext", "flux2-klein", "flux2", "chroma", "qwen-image", "qwen-edit"),
    *("qwen-edit-plus", "z-image"),
)


def test_the_fastest_plan_that_fits_is_taken() -> None:
    chosen = [fastest(SDXL, WORKING, free) for free in range(GB, 13 * GB, GB // 2)]
    found = [plan for plan in chosen if plan is not None]
    order = [WAYS.index((plan.placement, plan.eight_bits)) for plan in found]
    assert order == sorted(order, reverse=True)
    assert len(set(order)) >= 4
    assert found[-1].placement is Placement.RESIDENT
    assert found[-1].exact
    assert chosen[0] is None
    for free, plan in zip(range(GB, 13 * GB, GB // 2), chosen, strict=True):
        assert plan is None or plan.peak_bytes <= free


def test_a_plan_that_changes_pixels_comes_after_those_that_do_not() -> None:
    ways = ways_for(streams=False, adapters=False)
    exact = [plan.exact for plan in plans(SDXL, Working(GB, GB), ways)]
    assert exact == sorted(exact, reverse=True)


def test_loras_are_never_stored_in_eight_bits() -> None:
    assert all(not eight_bits for _, eight_bits in ways_for(streams=True, adapters=True))


def test_only_a_device_with_streams_fetches_layers() -> None:
    without = ways_for(streams=False, adapters=False)
    assert Placement.STREAMED not in {placement for placement, _ in without}
    least = smallest(SDXL, WORKING)
    assert least.placement is Placement.STREAMED
    assert least.peak_bytes < smallest(SDXL, WORKING, without).peak_bytes


def test_what_is_measured_replaces_what_is_typical(tmp_path: Path) -> None:
    memory = WorkingMemory(tmp_path)
    typical = memory.expected("sdxl", "float16", 1024**2)
    assert typical.tiled < typical.whole
    memory.learn("sdxl", "float16", 1024**2, tiled=False, taken=GB)
    again = WorkingMemory(tmp_path)
    assert again.expected("sdxl", "float16", 1024**2).whole == GB
    assert again.expected("sdxl", "float16", 512**2).whole == GB
    assert again.expected("sdxl", "float16", 2 * 1024**2).whole > 2 * GB
    assert again.expected("sdxl", "float32", 1024**2).whole == 2 * typical.whole - (150 << 20)


def test_a_damaged_file_of_measurements_is_learned_again(tmp_path: Path) -> None:
    (tmp_path / "working-memory.json").write_text("[1, 2")
    memory = WorkingMemory(tmp_path)
    memory.learn("sdxl", "float16", 100, tiled=True, taken=5)
    assert WorkingMemory(tmp_path).expected("sdxl", "float16", 100).tiled == 5


@pytest.mark.parametrize("kind", ["sdxl", "sd3", "qwen-image"])
def test_a_footprint_is_what_the_loaded_parts_weigh(tiny: Callable[[str], Path], kind: str) -> None:
    parts = footprint(tiny(kind), 4).parts
    model = loaded(tiny(kind))
    for name, component in model.pipe.components.items():
        if isinstance(component, torch.nn.Module):
            saved = {tensor.data_ptr(): tensor for tensor in component.state_dict().values()}
            weight = sum(tensor.nbytes for tensor in saved.values())  # tied ones count once
            assert weight <= parts[name].bytes * 1.01
            assert parts[name].bytes <= weight * 1.01
            assert 0 < parts[name].eight_bit_bytes < parts[name].bytes
            assert parts[name].largest_layer_bytes < parts[name].bytes
    total = weight_bytes(Footprint(parts), Placement.RESIDENT, eight_bits=False)
    assert total == Footprint(parts).bytes


def loaded(folder: Path, **options: Any) -> Model:
    source = pictures.library(folder).model(folder.name)
    return load(source, torch.device("cpu"), torch.float32, **options)


def painted_by(folder: Path, home_name: str = "", **options: Any) -> Any:
    engine = DiffusionEngine(pictures.library(folder), torch.device("cpu"), torch.float32)
    engine._model = loaded(folder, **options)
    changes = {"loras": (Lora(home_name, 0.8),)} if home_name else {}
    return pictures.paint(engine, **changes).colours[0]


@pytest.mark.parametrize("kind", ["sd15", "flux"])
def test_layer_by_layer_gives_the_same_pixels(tiny: Callable[[str], Path], kind: str) -> None:
    streamed = painted_by(tiny(kind), placement=Placement.STREAMED)
    assert (streamed == painted_by(tiny(kind))).all()


@pytest.mark.parametrize("kind", ["sd15", "flux"])
def test_eight_bits_change_little(tiny: Callable[[str], Path], kind: str) -> None:
    difference = pictures.distance(painted_by(tiny(kind), eight_bits=True), painted_by(tiny(kind)))
    assert 0 < difference < 0.02


def test_loras_work_with_layers_that_come_and_go(tiny: Callable[[str], Path]) -> None:
    folder = tiny("sd15")
    unet = loaded(folder).pipe.unet
    tiny_adapters.lora(folder.parent / "loras" / "plans.safetensors", unet, 1)
    streamed = painted_by(folder, "plans", placement=Placement.STREAMED)
    assert pictures.distance(streamed, painted_by(folder, "plans")) < 1e-5
    assert pictures.distance(streamed, painted_by(folder)) > 1e-4


def a_kind(kind: str) -> Any:
    return pytest.param(kind, marks=[] if kind in FEW else pytest.mark.exhaustive)


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("g++"), reason="needs g++ on Linux")
@pytest.mark.parametrize("kind", [a_kind(kind) for kind in (*FEW, *MORE)])
def test_with_any_limit_it_fits_or_says_so_before_it_loads(tmp_path: Path, kind: str) -> None:
    from tests.diffusion import fake_device

    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.diffusion.limited_device"),
            *(str(fake_device.built()), str(tmp_path), kind),
        ],
        cwd=ROOT,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    rows: list[dict[str, Any]] = json.loads(done.stdout)[kind]
    assert "placement" in rows[0]  # ample
    assert "refused" in rows[-1]  # hopeless
    for row in rows:
        assert row["peak"] <= row["limit"], row
        if "refused" in row:
            assert row["code"] == "out_of_memory"
            assert "does not fit: it needs" in row["refused"]
            assert not row["loaded"]
            assert row["peak"] == 0
            continue
        assert row["peak"] <= row["predicted"] <= row["limit"], row
        assert row["difference"] == 0 or not row["exact"], row
        if row["eight_bits"]:
            assert "eight_bits_for_memory" in row["notices"]
            assert row["tiled"] or row["difference"] < EIGHT_BITS_CHANGE, row
