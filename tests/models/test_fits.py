"""Sentences that tell beforehand if a model fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from inpaintd.engines.diffusion.loading.working import WorkingMemory
from inpaintd.install.card import AMD, APPLE, INTEL, NONE, NVIDIA, Card
from inpaintd.install.card_memory import Room, find_room
from inpaintd.install.machine import Machine
from inpaintd.models.fits import fits_in_words, with_fits
from inpaintd.models.registry import Registry, load_registry
from tests.install.fake_machine import FakeMachine
from tests.models import hollow

GB = 10**9
GIB = 1 << 30
CARD = Card(NVIDIA, "GeForce", memory_bytes=24 * GIB)


def said(registry: Registry, name: str, gigabytes: float, card: Card = CARD) -> str:
    return fits_in_words(registry, registry.find(name), Room(card, round(gigabytes * GB)))


def test_each_model_is_told_apart_from_ample_to_hopeless(tmp_path: Path) -> None:
    registry = load_registry(tmp_path)
    assert said(registry, "flux.1-dev", 48) == "fits"
    assert said(registry, "flux.1-dev", 28) == "fits: decoded in tiles (fine detail changes)"
    assert "8 bits" in said(registry, "flux.1-dev", 17)
    assert said(registry, "flux.1-dev", 8) == "fits, about 3 times slower: streamed from memory"
    assert said(registry, "flux.1-dev", 2).startswith("does not fit: needs 5.7 GB")
    assert "2.0 GB of the card's memory is free" in said(registry, "flux.1-dev", 2)


def test_the_less_memory_the_slower_and_never_the_other_way_round(tmp_path: Path) -> None:
    registry = load_registry(tmp_path)
    for entry in registry.entries.values():
        if not entry.parameters:
            continue
        words = [said(registry, entry.name, size) for size in range(2, 120, 3)]
        fitting = [word.startswith("fits") for word in words]
        assert fitting == sorted(fitting), entry.name
        assert words[-1] == "fits", entry.name


def test_every_model_to_fetch_is_told_beforehand(tmp_path: Path) -> None:
    registry = load_registry(tmp_path)
    untold = {
        entry.name
        for entry in registry.entries.values()
        if entry.kind == "model" and entry.engine == "diffusion" and not entry.parameters
    }
    assert untold <= {"kandinsky-2.2"}  # its prior's size is not published


def test_files_and_measurements_count_once_they_are_there(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "unet").mkdir(parents=True)
    hollow.write(
        folder / "unet" / "diffusion_pytorch_model.safetensors",
        {f"block.{number}.weight": (100, 1_000_000) for number in range(20)},
    )
    (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionXLPipeline"}')
    (tmp_path / "models.toml").write_text(
        f'[mine]\ntitle = "Mine"\nengine = "diffusion"\nsource = "{folder}"\nnative_side = 512\n'
    )
    registry = load_registry(tmp_path)
    assert said(registry, "mine", 8) == "fits"  # 4 GB of weights, about 1.5 GB to work
    WorkingMemory(tmp_path).learn("mine", "float16", 512 * 512, tiled=False, taken=5 * GB)
    WorkingMemory(tmp_path).learn("mine", "float16", 512 * 512, tiled=True, taken=5 * GB)
    assert said(registry, "mine", 8) != "fits"


@pytest.mark.parametrize("name", ["patches", "lama", "clipseg", "controlnet-inpaint"])
def test_nothing_is_said_of_what_needs_no_card(tmp_path: Path, name: str) -> None:
    assert not said(load_registry(tmp_path), name, 8)


def test_nothing_is_said_while_the_card_is_unknown(tmp_path: Path) -> None:
    registry = load_registry(tmp_path)
    assert {info.fits for info in with_fits(registry.infos(), registry, None)} == {""}
    assert not said(registry, "sdxl", 0)


def test_without_a_card_main_memory_counts(tmp_path: Path) -> None:
    registry = load_registry(tmp_path)
    assert said(registry, "sd-1.5", 16, Card(NONE)).startswith("runs on the processor")
    assert said(registry, "qwen-image", 16, Card(NONE)).startswith("does not fit: needs 1")


def test_macos_streams_nothing(tmp_path: Path) -> None:
    registry = load_registry(tmp_path)
    assert "streamed" not in said(registry, "flux.1-dev", 8, Card(APPLE))


@dataclass(frozen=True)
class Nvidia(FakeMachine):
    """A machine with two cards, the larger of which is used by several programs."""

    users: str = ""

    def output_of(self, command: Sequence[str]) -> str | None:
        if "compute-apps" in command[1]:
            return self.users
        return "GPU-small, 8192, 8000\nGPU-large, 24576, 10240\n"


def test_memory_held_by_a_worker_of_this_product_is_free(tmp_path: Path) -> None:
    (tmp_path / "proc" / "12").mkdir(parents=True)
    (tmp_path / "proc" / "12" / "cmdline").write_text("python\0-m\0inpaintd.workers.main")
    users = "GPU-large, 12, /usr/bin/python3, 6144\nGPU-large, 13, blender, 8192\n"
    machine = Nvidia(system="linux", root=tmp_path, users=users)
    assert find_room(machine, CARD).free_bytes == (10240 + 6144) << 20


def test_a_driver_that_does_not_tell_how_much_a_worker_holds(tmp_path: Path) -> None:
    users = r"GPU-large, 12, C:\Users\a\.inpaintd\environments\1\python.exe, [N/A]"
    machine = Nvidia(system="win32", root=tmp_path, users=users)
    assert find_room(machine, CARD).free_bytes == round((24576 << 20) * 0.9)


def test_a_driver_that_does_not_answer(tmp_path: Path) -> None:
    machine = FakeMachine(system="linux", root=tmp_path)
    assert find_room(machine, CARD).free_bytes == round(24 * GIB * 0.9)
    assert find_room(machine, Card(INTEL)).free_bytes == 0
    assert find_room(machine, Card(AMD, memory_bytes=16 * GIB)).free_bytes == round(16 * GIB * 0.9)


def test_main_memory_of_macos_and_linux(tmp_path: Path) -> None:
    mac = FakeMachine(system="darwin", root=tmp_path, programs={"sysctl": f"{24 * GIB}\n"})
    assert find_room(mac, Card(APPLE)).free_bytes == 16 * GIB
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text("MemTotal:       10000000 kB\nMemFree: 1 kB\n")
    linux = FakeMachine(system="linux", root=tmp_path)
    assert find_room(linux, Card(NONE)).free_bytes == 9_216_000_000
    assert find_room(Machine(root=tmp_path / "nowhere"), Card(NONE)).free_bytes == 0
