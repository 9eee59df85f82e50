"""No request leaves a trace in the next: schedulers, caches, LoRAs, embeddings, hooks, masks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from inpaintd.engine import CancelledError, Task
from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Control, Lora, Stage
from tests.diffusion import tiny_adapters, tiny_models
from tests.diffusion.pictures import controlnet, engine, model, paint, settings, task
from tests.diffusion.tiny_models import Build
from tests.running import ROOT

LARGE = np.zeros((96, 104), np.float32)
LARGE[20:80, 10:90] = 1
SOFT = np.linspace(0, 1, 64, dtype=np.float32)[None].repeat(64, axis=0)

REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "another seed": {"seed": 8},
    "full strength": {"strength": 1.0},  # which sees another picture, of the same size
    "euler_a": {"scheduler": "euler_a", "seed": 3},
    "karras": {"scheduler": "dpmpp_2m_karras"},
    "unipc": {"scheduler": "unipc", "steps": 5},
    "soft": {"mask": SOFT},
    "noise": {"infill": "noise", "strength": 0.5},
    "replace": {"replace": 0.6, "strength": 0.5},
    "weights": {"prompt": "a (red:1.4) cat", "negative_prompt": "(dog:1.2)"},
    "lora": {"loras": (Lora("style", 0.8),)},
    "embedding": {"prompt": "a cat in mystyle", "embeddings": ("mystyle",)},
    "same words": {"prompt": "a cat in mystyle"},
    "control": {"controls": (Control("inpaint"),)},
    "size": {"width": 96, "height": 64},
    "preview": {"preview": True},
    "other model": {"model": "sd15-inpainting"},
    "chain": {"stages": (Stage("image-to-image", "sd15-inpainting", strength=0.5, steps=4),)},
    "other vae": {"model": "with-vae"},
    "large hole": {"mask": LARGE, "loras": (Lora("style", 0.5),)},
    "cancelled": {"scheduler": "heun", "loras": (Lora("style"),), "fail": CancelledError()},
    "cancelled chain": {
        "prompt": "a cat in mystyle",
        "embeddings": ("mystyle",),
        "controls": (Control("inpaint", weight=0.5),),
        "stages": (Stage("text-to-image", "sd15-inpainting", steps=4),),
        "fail": CancelledError(),
    },
    "broken": {"mask": SOFT, "infill": "noise", "fail": RuntimeError("shapes do not match")},
    "short of memory": {
        "prompt": "a (red:1.2) cat",
        "loras": (Lora("style"),),
        "fail": torch.OutOfMemoryError("CUDA out of memory"),
        "times": 2,  # so that the VAE works in tiles
    },
    "far too little memory": {
        "controls": (Control("inpaint"),),
        "fail": torch.OutOfMemoryError("CUDA out of memory"),
        "times": 99,
    },
}


def run(model: DiffusionEngine, name: str) -> np.ndarray:
    asked = dict(REQUESTS[name])
    one: Task = task(asked.pop("mask", None), seed=asked.pop("seed", 7))
    error: Exception | None = asked.pop("fail", None)
    times: int = asked.pop("times", 1)

    def report(phase: str, step: int = 0, *_: Any, **__: Any) -> None:
        nonlocal times
        if error and phase == "denoising" and step >= 2 and times:
            times -= 1
            raise error

    try:
        return model.paint([one], settings(**asked), report).colours[0]
    except (CancelledError, InpaintError, RuntimeError):
        return np.zeros(0)


def engine_for(folder: Path, net: Path, other: Path, vae: Path) -> DiffusionEngine:
    more = {
        "controlnet": controlnet(net, "inpaint"),
        "sd15-inpainting": model(other),
        "with-vae": replace(model(folder), name="with-vae", vae=str(vae)),
    }
    return engine(folder, **more)


def folders(tiny: Build) -> list[Path]:
    """Of the model, its ControlNet, another model and another VAE."""
    vae = tiny("sd15").with_name("vae")
    if not vae.exists():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(9)
            tiny_models.autoencoder().save_pretrained(vae)
    return [*(tiny(kind) for kind in ("sd15", "controlnet", "sd15-inpainting")), vae]


@pytest.fixture(scope="module")
def fresh(tiny: Build) -> Callable[[], DiffusionEngine]:
    folder = tiny("sd15")
    unet = diffusers.UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
    tiny_adapters.lora(folder.parent / "loras" / "style.safetensors", unet, 1)
    tiny_adapters.embedding(folder.parent / "embeddings" / "mystyle.safetensors")
    return lambda: engine_for(*folders(tiny))


@pytest.fixture(scope="module")
def alone(fresh: Callable[[], DiffusionEngine]) -> Callable[[str], np.ndarray]:
    """The picture of a request that has an engine of its own, where nothing came before it."""
    return cache(lambda name: run(fresh(), name))


def test_a_request_gives_the_picture_that_it_gives_alone(
    fresh: Callable[[], DiffusionEngine], alone: Callable[[str], np.ndarray]
) -> None:
    one = fresh()
    for name in REQUESTS:
        assert np.array_equal(run(one, name), alone(name)), name


@pytest.mark.exhaustive
@example(order=list(reversed(REQUESTS)))
@given(order=st.lists(st.sampled_from(sorted(REQUESTS)), min_size=2, max_size=6))
@hypothesis_settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
def test_any_order_gives_the_pictures_that_each_gives_alone(
    order: list[str],
    fresh: Callable[[], DiffusionEngine],
    alone: Callable[[str], np.ndarray],
) -> None:
    one = fresh()
    for name in order:
        assert np.array_equal(run(one, name), alone(name)), f"{name!r} after {order!r}"


_IN_A_PROCESS_OF_ITS_OWN = """
import sys
from pathlib import Path
import torch
from tests.diffusion.test_independence import engine_for, run
torch.set_num_threads(1)
sys.stdout.write(run(engine_for(*map(Path, sys.argv[2:])), sys.argv[1]).tobytes().hex())
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["lora", "weights"])
def test_after_many_requests_it_is_as_in_a_fresh_process(
    name: str, tiny: Build, fresh: Callable[[], DiffusionEngine]
) -> None:
    one = fresh()
    for before in REQUESTS:
        run(one, before)
    done = subprocess.run(
        [sys.executable, "-c", _IN_A_PROCESS_OF_ITS_OWN, name, *map(str, folders(tiny))],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert run(one, name).tobytes().hex() == done.stdout


def test_the_same_again_skips_the_text_encoder_and_the_vae(tiny: Build) -> None:
    one = engine(tiny("sdxl"))
    first = paint(one).colours[0]
    assert one._model is not None
    reuse = one._model.reuse
    made = reuse.embeddings.misses, reuse.posteriors.misses
    other_seed = paint(one, task(seed=8)).colours[0]
    assert (reuse.embeddings.misses, reuse.posteriors.misses) == made
    assert np.array_equal(other_seed, paint(engine(tiny("sdxl")), task(seed=8)).colours[0])
    assert np.array_equal(paint(one).colours[0], first)
    assert paint(one, prompt="a dog").colours[0].shape == first.shape
    assert reuse.embeddings.misses == made[0] + 1


def test_a_model_that_had_to_run_in_more_bits_leaves_the_others_in_theirs(tiny: Build) -> None:
    """And once it runs in more, it does so in each request: the first and the next are the same."""
    both = engine(tiny("sd15"), **{"sd15-inpainting": model(tiny("sd15-inpainting"))})
    both.dtype = torch.bfloat16
    in_16_bits = paint(both, model="sd15-inpainting").colours[0]
    paint(both)
    assert both._model is not None
    denoiser = both._model.pipe.unet
    overflow = denoiser.register_forward_hook(
        lambda _, __, output: (torch.full_like(output[0], torch.nan), *output[1:])
    )
    first = paint(both)
    overflow.remove()
    assert [code for code, *_ in first.notices] == ["precision_raised"]
    assert np.array_equal(first.colours[0], paint(both).colours[0])
    assert np.array_equal(first.colours[0], paint(engine(tiny("sd15"))).colours[0])
    again = paint(both, model="sd15-inpainting").colours[0]
    assert np.array_equal(again, in_16_bits)


def test_what_is_kept_is_bounded_in_bytes() -> None:
    from inpaintd.engines.diffusion.loading.reuse import Lru

    held = Lru(1000)
    for number in range(50):
        held.get_or_make(number, lambda: torch.zeros(25), lambda tensor: tensor.nbytes)
        assert held.held_bytes <= 1000
    assert held.held_bytes == 1000
    held.get_or_make(49, lambda: pytest.fail("is held"), lambda _: 0)
    made = held.get_or_make("large", lambda: torch.zeros(999), lambda tensor: tensor.nbytes)
    assert made.shape == (999,)
    assert held.held_bytes == 1000
