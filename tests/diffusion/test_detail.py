"""The second pass over large holes, and the sizes at which models work."""

from __future__ import annotations

import diffusers
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inpaintd.engines.diffusion.loading import adapters
from inpaintd.engines.diffusion.painting import attempt
from inpaintd.engines.diffusion.painting import tiles as detail
from inpaintd.engines.diffusion.painting.work_area import (
    LARGEST_OVER_NATIVE,
    WorkSize,
    scale_colour,
    scale_mask,
    work_size,
)
from inpaintd_protocol.settings import Lora, Stage
from tests.diffusion import tiny_adapters
from tests.diffusion.pictures import (
    distance,
    model,
    paint,
    photograph,
    settings,
    task,
)
from tests.diffusion.pictures import (
    shared as engine,
)
from tests.diffusion.tiny_models import Build

sides = st.integers(1, 4000)


@given(sides, sides, st.sampled_from([8, 16, 64]))
def test_the_work_size_is_near_the_models_area_and_a_multiple(
    height: int, width: int, multiple: int
) -> None:
    size = work_size(height, width, 512, multiple)
    assert size.height % multiple == size.width % multiple == 0
    if max(height, width) < 4 * min(height, width):
        assert 0.6 < size.height * size.width / 512**2 < LARGEST_OVER_NATIVE * 1.4


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(8, 90),
    st.integers(8, 90),
    st.sampled_from([1.0, 0.4]),
)
def test_scaling_loses_no_stroke(
    height: int, width: int, to_height: int, to_width: int, grey: float
) -> None:
    for row, column in ((0, 0), (height - 1, width - 1), (height // 2, width // 3)):
        mask = np.zeros((height, width), np.float32)
        mask[row, column] = grey
        scaled = scale_mask(mask, WorkSize(to_height, to_width))
        assert scaled.max() == pytest.approx(grey)
        if grey == 1:
            assert set(np.unique(scaled)) <= {0.0, 1.0}  # a hard mask needs no soft-mask steps


def test_nothing_is_scaled_without_need() -> None:
    picture = photograph(64, 72)
    assert work_size(64, 72, 64, 8) == WorkSize(64, 72)
    assert scale_colour(picture, WorkSize(64, 72)) is picture


@given(st.integers(65, 300), st.integers(65, 300), st.integers(0, 2**31))
def test_tiles_cover_the_hole_once(height: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.float32)
    top, left = random.integers(0, height), random.integers(0, width)
    mask[top : top + random.integers(1, height), left : left + random.integers(1, width)] = 1
    covered = np.zeros_like(mask)
    for tile in detail.tiles(mask, 64):
        covered[tile.window] += detail.mask_of(tile, mask)
        assert mask[tile.window].shape == (min(64, height), min(64, width))
    assert np.array_equal(covered, mask)


def large_hole() -> np.ndarray:
    mask = np.zeros((128, 160), np.float32)
    mask[30:90, 20:140] = 1
    return mask


@pytest.mark.parametrize("kind", ["sd15", "sdxl-inpainting", "flux"])
def test_a_large_hole_is_painted_twice(kind: str, tiny: Build) -> None:
    mask = large_hole()
    model = engine(tiny(kind))
    painted = paint(model, task(mask), strength=1.0, steps=6)
    once = paint(model, task(mask), strength=1.0, steps=6, width=80, height=64)
    assert painted.steps > once.steps

    def detail_in(colour: np.ndarray) -> float:
        return float(np.abs(np.diff(colour[30:90, 20:140], axis=1)).mean())

    assert detail_in(painted.colours[0]) > detail_in(once.colours[0])
    assert painted.colours[0].shape == (128, 160, 3)
    again = paint(engine(tiny(kind)), task(mask), strength=1.0, steps=6)
    assert np.array_equal(painted.colours[0], again.colours[0])


def test_stages_are_painted_over_by_the_last_one(tiny: Build) -> None:
    """With its own model and words, as it is the one that refines."""
    both = engine(tiny("sd15"), **{"sd15-inpainting": model(tiny("sd15-inpainting"))})
    asked = {"strength": 1.0, "steps": 6}
    chain = asked | {"stages": (Stage("inpaint", "sd15-inpainting", strength=0.5, steps=6),)}
    once = paint(both, task(large_hole()), **chain, width=80, height=64)
    twice = paint(both, task(large_hole()), **chain)
    assert twice.steps > once.steps
    assert both._model is not None
    assert both._model.source.name == "sd15-inpainting"


def test_loras_are_loaded_once_for_all_tiles(tiny: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny("sd15")
    unet = diffusers.UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
    tiny_adapters.lora(folder.parent / "loras" / "soft-light.safetensors", unet, 1)
    loads: list[object] = []
    real = adapters._load_lora
    monkeypatch.setattr(adapters, "_load_lora", lambda *a: (loads.append(a), real(*a)))
    one = engine(folder)
    asked = {"loras": (Lora("soft-light"),), "strength": 1.0, "steps": 6}
    painted = paint(one, task(large_hole()), **asked)
    assert painted.steps >= 6 + 3 * 2
    assert len(loads) == 2  # for the layout, and for the tiles
    without = paint(one, task(large_hole()), strength=1.0, steps=6)
    assert distance(painted.colours[0], without.colours[0]) > 0


def test_the_steps_of_the_tiles_are_counted_on(tiny: Build) -> None:
    said: list[tuple[int, int]] = []

    def report(phase: str, step: int = 0, steps: int = 0, **_: object) -> None:
        if phase == "denoising":
            said.append((step, steps))

    asked = settings(strength=1.0, steps=6)
    painted = engine(tiny("sdxl")).paint([task(large_hole())], asked, report)
    assert [step for step, _ in said] == list(range(1, painted.steps + 1))
    assert said[-1] == (painted.steps, painted.steps)


def test_memory_that_runs_out_between_tiles_leaves_no_trace(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = engine(tiny("sd15"))
    calm = paint(one, task(large_hole()), steps=6)
    real = attempt.paint
    calls: list[object] = []

    def paint_or_fail(*arguments: object, **options: object) -> object:
        calls.append(arguments)
        if len(calls) == 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(attempt, "paint", paint_or_fail)
    assert np.array_equal(paint(one, task(large_hole()), steps=6).colours[0], calm.colours[0])
