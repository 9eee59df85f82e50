"""The speeds: their changes, their traces, and what is said where nothing changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inpaintd.engines.diffusion.painting import skipping
from inpaintd.models.few_steps import with_few_steps
from inpaintd.models.registry import Entry, Registry
from inpaintd_protocol.settings import Lora, Settings
from tests.diffusion import pictures, tiny_adapters
from tests.diffusion.tiny_models import Build


@pytest.mark.parametrize("kind", ["flux", "flux-fill", "qwen-image"])
def test_a_balanced_request_skips_steps_and_leaves_no_trace(
    tiny: Build, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    engine = pictures.engine(tiny(kind))
    exact = pictures.paint(engine, steps=6, width=64, height=64).colours[0]
    monkeypatch.setattr(skipping, "THRESHOLD", 100.0)  # random weights change much in each step
    assert engine._model is not None
    transformer = engine._model.pipe.transformer
    name = "single_transformer_blocks" if kind != "qwen-image" else "transformer_blocks"
    last = getattr(transformer, name)[-1]
    runs: list[int] = []
    last.attn.register_forward_hook(lambda *_: runs.append(1))
    balanced = pictures.paint(engine, steps=6, width=64, height=64, speed="balanced")
    skipped = len(runs)
    again = pictures.paint(engine, steps=6, width=64, height=64, speed="balanced")
    assert len(runs) == 2 * skipped
    runs.clear()
    assert np.array_equal(pictures.paint(engine, steps=6, width=64, height=64).colours[0], exact)
    assert skipped < len(runs)
    assert not balanced.notices
    assert 0 < pictures.distance(balanced.colours[0], exact) < 0.2
    assert np.array_equal(balanced.colours[0], again.colours[0])


def test_where_no_step_can_be_skipped_it_is_said_and_nothing_changes(tiny: Build) -> None:
    engine = pictures.shared(tiny("sd15"))
    balanced = pictures.paint(engine, speed="balanced")
    assert np.array_equal(balanced.colours[0], pictures.paint(engine).colours[0])
    assert "none of its steps can be skipped" in balanced.notices[0][1]
    flux = pictures.paint(pictures.shared(tiny("flux")), speed="balanced", negative_prompt="a dog")
    assert "with these settings" in flux.notices[0][1]


def adapter(folder: Path) -> Entry:
    return Entry(
        "quick",
        "Quick",
        "diffusion",
        kind="few-steps",
        families=("Stable Diffusion",),
        weight=0.5,
        source=str(folder / "quick.safetensors"),
        defaults={"steps": 3, "guidance_scale": 1.0, "scheduler": "lcm"},
    )


@pytest.fixture
def registry(tiny: Build, tmp_path: Path) -> Registry:
    model = pictures.model(tiny("sd15"))
    unet = pictures.shared(tiny("sd15"))
    pictures.paint(unet)
    assert unet._model is not None
    tiny_adapters.lora(tmp_path / "quick.safetensors", unet._model.pipe.unet, 1)
    other = pictures.model(tiny("sdxl"))
    return Registry({"sd15": model, "sdxl": other, "quick": adapter(tmp_path)}, "sd15", tmp_path)


def test_a_fast_request_takes_the_adapter_with_what_it_was_trained_for(
    registry: Registry,
) -> None:
    entry = registry.entries["sd15"]
    asked = with_few_steps(registry, entry, Settings(speed="fast"))
    assert (asked.steps, asked.guidance_scale, asked.scheduler) == (3, 1.0, "lcm")
    assert asked.loras == (Lora("quick", 0.5),)
    assert with_few_steps(registry, entry, asked) == asked  # as a recipe is repeated
    settled = registry.settled(entry, asked)
    assert (settled.steps, settled.speed) == (3, "fast")


def test_what_the_user_has_set_is_never_replaced(registry: Registry) -> None:
    own = Settings(speed="fast", steps=7, loras=(Lora("mine", 1.0),))
    asked = with_few_steps(registry, registry.entries["sd15"], own)
    assert asked.steps == 7
    assert asked.guidance_scale == 1.0
    assert asked.loras == (Lora("mine", 1.0), Lora("quick", 0.5))


def test_an_adapter_for_another_family_is_not_taken(registry: Registry) -> None:
    for name, speed in (("sdxl", "fast"), ("sd15", "balanced"), ("sd15", None)):
        asked = Settings(speed=speed)
        assert with_few_steps(registry, registry.entries[name], asked) == asked


def test_the_adapter_is_found_by_its_entry_and_paints(
    registry: Registry, tiny: Build, tmp_path: Path
) -> None:
    entry = registry.entries["quick"]
    engine = pictures.engine(tiny("sd15"), quick=entry)
    fast = pictures.paint(engine, speed="fast", loras=(Lora("quick", 0.5),), steps=3)
    assert not fast.notices
    assert pictures.distance(fast.colours[0], pictures.paint(engine, steps=3).colours[0]) > 0
    without = pictures.paint(engine, speed="fast")
    assert "no adapter for few steps is installed" in without.notices[0][1]
