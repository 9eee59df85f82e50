"""Models that paint whole pictures from a prompt alone, bounded by the mask."""

from __future__ import annotations

from dataclasses import replace

import diffusers
import numpy as np
import pytest
import torch

from inpaintd.engines.diffusion.painting.latents import encoded
from tests.diffusion import pictures
from tests.diffusion.pictures import hole, inside, latents_of_each_step, paint, photograph, shared
from tests.diffusion.tiny_models import DRAWS, Build

PIPELINES = {"krea2": "Krea2Pipeline", "ovis": "OvisImagePipeline"}


def test_every_one_is_here() -> None:
    assert set(PIPELINES) == DRAWS


@pytest.mark.parametrize("kind", PIPELINES)
def test_equals_the_pipeline_where_everything_is_to_be_painted(kind: str, tiny: Build) -> None:
    task = replace(pictures.task(seed=7), mask=np.ones((64, 64), np.float32))
    asked = {"prompt": "a cat", "negative_prompt": "bad", "guidance_scale": 3.0, "steps": 3}
    ours = paint(shared(tiny(kind)), task, strength=1.0, **asked).colours[0]

    stock = getattr(diffusers, PIPELINES[kind]).from_pretrained(tiny(kind))
    del asked["steps"]
    theirs = stock(
        **asked,
        height=64,
        width=64,
        num_inference_steps=3,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
    ).images[0]
    assert np.array_equal(ours, theirs)
    assert np.ptp(ours) > 0.02


@pytest.mark.parametrize("kind", PIPELINES)
def test_what_is_kept_is_put_back_at_each_step(
    kind: str, tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = shared(tiny(kind))
    seen = latents_of_each_step(model, monkeypatch)
    paint(model, strength=0.6, steps=3, infill="fill")
    assert model._model is not None
    assert len(seen) == 3
    source = encoded(model._model, photograph())
    cells = hole().reshape(8, 8, 8, 8).max(axis=(1, 3))
    far = torch.from_numpy(cells == 0)
    far[1:-1, 1:-1] = False  # a VAE sees beyond its cell
    assert torch.allclose(seen[-1][..., far], source[..., far], atol=0.2)
    assert not torch.equal(seen[-1][..., ~far], source[..., ~far])


@pytest.mark.parametrize("kind", PIPELINES)
def test_a_strength_keeps_some_of_what_is_there(kind: str, tiny: Build) -> None:
    model = shared(tiny(kind))
    little, much = (
        inside(paint(model, strength=strength, steps=8, infill="fill")) for strength in (0.1, 1.0)
    )
    start = inside(paint(model, strength=0.01, steps=8, infill="fill"))
    assert pictures.distance(little, start) < pictures.distance(much, start)
