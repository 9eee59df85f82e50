"""Chains of the guide: text-to-image, inpaint, refine."""

from __future__ import annotations

from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.engines.diffusion.painting import attempt
from inpaintd_protocol.settings import Stage
from tests.diffusion import tiny_adapters
from tests.diffusion.pictures import (
    distance,
    hole,
    inside,
    model,
    paint,
    photograph,
    quiet,
    settings,
    task,
)
from tests.diffusion.pictures import (
    shared as engine,
)
from tests.diffusion.tiny_models import Build


def chain(tiny: Build, first: str, *others: str) -> DiffusionEngine:
    return engine(tiny(first), **{name: model(tiny(name)) for name in others})


def test_image_to_image_goes_over_the_result(tiny: Build) -> None:
    one = chain(tiny, "sdxl")
    alone = inside(paint(one))
    refined = paint(one, stages=(Stage(strength=0.3, steps=10),))
    more = paint(one, stages=(Stage(strength=0.9, steps=10),))
    assert 0 < distance(alone, inside(refined)) < distance(alone, inside(more))
    assert refined.steps == 3 + 3


def test_another_model_refines(tiny: Build) -> None:
    both = chain(tiny, "sdxl-inpainting", "sdxl-refiner")
    stages = (
        Stage("inpaint", "sdxl-refiner", strength=0.5, steps=6),
        Stage(strength=0.2, steps=10),
    )
    painted = paint(both, stages=stages)
    assert painted.steps == 3 + 3 + 2
    assert distance(inside(painted), inside(paint(both))) > 1e-3
    again = paint(chain(tiny, "sdxl-inpainting", "sdxl-refiner"), stages=stages)
    assert np.array_equal(inside(painted), inside(again))


def test_latents_are_handed_over_where_the_vae_is_the_same(tiny: Build) -> None:
    """As the guide does it: output_type="latent", then image-to-image from there."""
    one = chain(tiny, "sd15")
    whole = np.ones((64, 64), np.float32)
    stages = (Stage("image-to-image", strength=0.5, steps=6),)
    ours = paint(one, task(whole), strength=0.75, stages=stages).colours[0]

    first = diffusers.StableDiffusionInpaintPipeline.from_pretrained(
        tiny("sd15"), safety_checker=None
    )
    call: dict[str, Any] = {"prompt": "a cat", "guidance_scale": 3.0}
    latents = first(
        **call,
        image=torch.from_numpy(photograph().transpose(2, 0, 1).copy())[None],
        mask_image=torch.ones((1, 1, 64, 64)),
        height=64,
        width=64,
        strength=0.75,
        num_inference_steps=4,
        generator=torch.Generator().manual_seed(7),
        output_type="latent",
    ).images
    second = diffusers.StableDiffusionImg2ImgPipeline.from_pipe(first)
    second.scheduler = type(second.scheduler).from_config(second.scheduler.config)
    theirs = second(
        **call,
        image=latents,
        strength=0.5,
        num_inference_steps=6,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
    ).images[0]
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("other", ["sdxl", "flux"])
def test_latents_of_another_vae_are_not(
    other: str, tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = (Stage(model=other, strength=0.5, steps=4),)
    painted = inside(paint(chain(tiny, "sd15", other), stages=stages))
    monkeypatch.setattr(attempt, "same_vae", lambda _, __: False)
    assert np.array_equal(painted, inside(paint(chain(tiny, "sd15", other), stages=stages)))


def test_text_to_image_comes_first(tiny: Build) -> None:
    both = chain(tiny, "sd15-inpainting", "sd15")
    stages = (Stage("text-to-image", "sd15", prompt="a castle", steps=4),)
    painted = inside(paint(both, strength=0.5, stages=stages))
    assert distance(painted, inside(paint(both, strength=0.5))) > 1e-3
    other = (Stage("text-to-image", "sd15", prompt="a lake", steps=4),)
    assert distance(painted, inside(paint(both, strength=0.5, stages=other))) > 0


def test_a_nine_channel_model_does_text_to_image_too(tiny: Build) -> None:
    """diffusers' own text-to-image pipeline crashes with such a model."""
    one = chain(tiny, "sd15-inpainting")
    stages = (Stage("text-to-image", prompt="a castle", steps=4),)
    assert np.isfinite(paint(one, strength=0.5, stages=stages).colours[0]).all()


def test_each_stages_progress_is_reported(tiny: Build) -> None:
    both = chain(tiny, "sdxl", "sdxl-refiner")
    said: list[tuple[str, int, int]] = []

    def report(phase: str, step: int = 0, steps: int = 0, **_: Any) -> None:
        said.append((phase, step, steps))

    stages = (Stage(model="sdxl-refiner", strength=0.5, steps=8),)
    both.paint([task()], settings(strength=1.0, stages=stages), report)
    assert [step for phase, step, _ in said if phase == "denoising"] == list(range(1, 9))
    assert {steps for phase, _, steps in said if phase == "denoising"} == {8}
    assert [phase for phase, *_ in said].count("loading") == 2


@pytest.mark.parametrize("kind", ["sd3", "flux", "qwen-image", "z-image", "kandinsky"])
def test_every_family_can_go_over_its_result(kind: str, tiny: Build) -> None:
    one = engine(tiny(kind))
    asked = settings(stages=(Stage(strength=0.5, steps=4),))
    assert np.isfinite(one.paint([task(hole())], asked, quiet).colours[0]).all()


def test_what_belongs_to_one_model_stays_with_it(tiny: Build) -> None:
    folder = tiny("sd15")
    unet = diffusers.UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
    tiny_adapters.lora(folder.parent / "loras" / "mine.safetensors", unet, 1)
    asked = {"prompt": "a (cat:1.2) <lora:mine:0.5>", "scheduler": "ddim"}
    for stage in (Stage(model="flux", strength=0.5, steps=4), Stage(strength=0.5, steps=4)):
        painted = paint(chain(tiny, "sd15", "flux"), **asked, stages=(stage,))
        assert np.isfinite(painted.colours[0]).all()
