"""ControlNets: against the stock pipeline, and what each of their numbers does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from inpaintd.engines.diffusion.controls import inpaint_condition, tile_resample
from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Control
from tests.diffusion import tiny_models
from tests.diffusion.pictures import (
    controlnet,
    distance,
    engine,
    hole,
    inside,
    paint,
    photograph,
    task,
)
from tests.diffusion.tiny_models import Build


def controlled(tiny: Build, kind: str = "sd15") -> DiffusionEngine:
    folder = tiny("controlnet")
    other = folder.with_name("controlnet-tile")
    if not other.exists():
        tiny_models.build("controlnet", other, seed=5)
    return engine(tiny(kind), inpaint=controlnet(folder, "inpaint"), tile=controlnet(other, "tile"))


def test_the_inpainting_condition_is_minus_one_under_the_mask() -> None:
    picture, mask = photograph(), hole()
    condition = inpaint_condition(picture, mask)
    assert (condition[mask == 1] == -1).all()
    assert np.array_equal(condition[mask == 0], picture[mask == 0])


def test_a_higher_rate_blurs_the_tile_more() -> None:
    picture = photograph()

    def detail(rate: float) -> float:
        return float(np.abs(np.diff(tile_resample(picture, rate), axis=1)).mean())

    assert np.array_equal(tile_resample(picture, 1.0), picture)
    assert detail(1) > detail(2) > detail(4) > detail(8)


@pytest.mark.parametrize("kind", ["sd15", "sd15-inpainting"])
def test_equals_the_stock_controlnet_pipeline(kind: str, tiny: Build) -> None:
    asked = Control("inpaint", weight=0.8, start=0.0, end=0.6)
    painted = paint(controlled(tiny, kind), controls=(asked,), strength=0.75)

    stock = diffusers.StableDiffusionControlNetInpaintPipeline.from_pretrained(
        tiny(kind),
        controlnet=diffusers.ControlNetModel.from_pretrained(tiny("controlnet")),
        safety_checker=None,
    )
    cells = hole().reshape(8, 8, 8, 8).max(axis=(1, 3)).repeat(8, axis=0).repeat(8, axis=1)
    condition = photograph()
    condition[hole() == 1] = -1
    theirs = stock(
        "a cat",
        image=torch.from_numpy(photograph().transpose(2, 0, 1).copy())[None],
        mask_image=torch.from_numpy(cells)[None, None],
        control_image=torch.from_numpy(condition.transpose(2, 0, 1).copy())[None],
        height=64,
        width=64,
        strength=0.75,
        num_inference_steps=4,
        guidance_scale=3.0,
        controlnet_conditioning_scale=0.8,
        control_guidance_end=0.6,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
    ).images[0]
    assert np.array_equal(inside(painted), theirs[hole() == 1])
    warned = [code for code, _, _ in painted.notices]
    assert warned == (["control_on_inpainting_model"] if kind == "sd15-inpainting" else [])


def test_weight_start_end_and_rate_have_their_effect(tiny: Build) -> None:
    model = controlled(tiny)

    def result(*controls: Control, **changes: Any) -> np.ndarray:
        return inside(paint(model, controls=controls, steps=6, strength=1.0, **changes))

    free = inside(paint(model, steps=6, strength=1.0))
    whole = result(Control("inpaint"))
    assert np.array_equal(result(Control("inpaint", weight=0.0)), free)
    assert 0 < distance(result(Control("inpaint", weight=0.2)), free) < distance(whole, free)
    assert distance(result(Control("inpaint", end=0.3)), whole) > 0
    assert distance(result(Control("inpaint", start=0.5)), whole) > 0
    tiles = [result(Control("tile", downsampling_rate=rate)) for rate in (1.0, 8.0)]
    assert distance(*tiles) > 0
    both = result(Control("inpaint"), Control("tile"))
    assert distance(both, whole) > 0
    assert distance(both, tiles[0]) > 0
    assert np.array_equal(inside(paint(model, steps=6, strength=1.0)), free)


def test_soft_masks_work_with_controlnets(tiny: Build) -> None:
    soft = task(np.full((64, 64), 0.5, np.float32))
    painted = paint(controlled(tiny), soft, controls=(Control("inpaint"),), steps=6)
    assert np.isfinite(painted.colours[0]).all()


def test_what_does_not_fit_says_so(tiny: Build, tmp_path: Path) -> None:
    with pytest.raises(InpaintError, match="does not fit the model sdxl"):
        paint(controlled(tiny, "sdxl"), controls=(Control("inpaint"),))
    with pytest.raises(InpaintError, match="cannot be guided by ControlNets"):
        paint(controlled(tiny, "flux"), controls=(Control("inpaint"),))
    with pytest.raises(InpaintError, match="Known are: controlnet"):
        paint(controlled(tiny), controls=(Control("inpaint", model="inpant"),))
    with pytest.raises(InpaintError, match="end later than it starts"):
        paint(controlled(tiny), controls=(Control("inpaint", start=0.8, end=0.2),))
    missing = engine(tiny("sd15"), inpaint=controlnet(tmp_path / "nowhere", "inpaint"))
    with pytest.raises(InpaintError) as caught:
        paint(missing, controls=(Control("inpaint"),))
    assert caught.value.code == "model_missing"
