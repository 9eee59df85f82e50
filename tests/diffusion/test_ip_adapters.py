"""References by IP-Adapters: diffusers' own pixels, weights, regions, and no trace left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from inpaintd.engine import Painted
from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.engines.diffusion.families import family_of_class
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Reference
from tests.diffusion import pictures, tiny_ip_adapters
from tests.diffusion.test_oracle import ORACLES, decoded_with_the_shift, tensors
from tests.diffusion.tiny_models import Build

RED = np.full((40, 60, 3), (0.9, 0.1, 0.1), np.float32)
OTHER = np.round(pictures.photograph(40, 60) * 255) / np.float32(255)

KINDS = ["sd15", "sdxl", "sd3", "flux", "chroma"]
Make = Callable[[str], DiffusionEngine]


@pytest.fixture(scope="module")
def adapted(tiny: Build, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """The engine of a kind of model, with an IP-Adapter for it."""
    made: dict[str, DiffusionEngine] = {}
    folder = tmp_path_factory.mktemp("adapters")

    def engine(kind: str) -> DiffusionEngine:
        if kind not in made:
            stock = getattr(diffusers, ORACLES[kind][0])
            family = family_of_class(ORACLES[kind][0], "").name
            pipe = stock.from_pretrained(tiny(kind))
            entries = tiny_ip_adapters.entries(folder / kind, pipe, family)
            made[kind] = pictures.engine(tiny(kind), **entries)
        return made[kind]

    return engine


def painted(engine: DiffusionEngine, *shown: np.ndarray, **changes: Any) -> Painted:
    asked = changes.pop("references", tuple(Reference() for _ in shown))
    task = replace(pictures.task(), references=shown)
    return pictures.paint(engine, task, references=asked, **changes)


def stock_with_adapter(kind: str, engine: DiffusionEngine, folder: Path, count: int) -> Any:
    """As the documentation of diffusers says to load it."""
    entry = engine.library.registry.entries["adapter"]
    pipe = getattr(diffusers, ORACLES[kind][0]).from_pretrained(folder)
    if kind == "chroma":
        pipe.transformer.register_to_config(guidance_embeds=False)
    file = Path(entry.source)
    options: dict[str, Any] = {"weight_name": [file.name] * count, "subfolder": ""}
    if kind == "sd3":
        pipe.load_ip_adapter(
            str(file.parent), weight_name=file.name, image_encoder_folder=entry.encoder
        )
    elif kind in ("flux", "chroma"):
        pipe.load_ip_adapter(
            str(file.parent),
            image_encoder_pretrained_model_name_or_path=entry.encoder,
            image_encoder_dtype=torch.float32,
            **options,
        )
    else:
        encoder = transformers.CLIPVisionModelWithProjection.from_pretrained(entry.encoder)
        pipe.register_modules(image_encoder=encoder)
        pipe.load_ip_adapter(str(file.parent), **options)
    return pipe


def in_bytes(picture: np.ndarray) -> Image.Image:
    return Image.fromarray(np.round(picture * 255).astype(np.uint8))


@pytest.mark.parametrize("kind", KINDS)
def test_equals_diffusers_with_its_own_loader(kind: str, adapted: Make, tiny: Build) -> None:
    engine = adapted(kind)
    asked = {"prompt": "a cat", "negative_prompt": "bad", "guidance_scale": 3.0, "steps": 3}
    ours = painted(engine, OTHER, references=(Reference(0.6),), **asked).colours[0]

    stock = stock_with_adapter(kind, engine, tiny(kind), 1)
    stock.set_ip_adapter_scale(0.6)
    task = pictures.task()
    call = {"prompt": "a cat", "strength": 0.75, "guidance_scale": 3.0}
    call |= ORACLES[kind][1] | {"negative_prompt": "bad"} | tensors(kind, task)
    call["num_inference_steps"] = 3
    call["ip_adapter_image"] = in_bytes(OTHER)
    theirs = decoded_with_the_shift(stock, **call) if kind == "sd3" else stock(**call).images[0]
    inside = task.mask == 1
    assert np.array_equal(ours[inside], theirs[inside])


@pytest.mark.parametrize("kind", KINDS)
def test_a_reference_counts_by_its_weight_and_leaves_no_trace(kind: str, adapted: Make) -> None:
    engine = adapted(kind)
    before = pictures.inside(pictures.paint(engine))
    red, other = (pictures.inside(painted(engine, one)) for one in (RED, OTHER))
    none, weak = (
        pictures.inside(painted(engine, RED, references=(Reference(weight),)))
        for weight in (0.0, 0.3)
    )
    assert pictures.distance(red, other) > 1e-5
    assert 0 < pictures.distance(none, weak) < pictures.distance(none, red)
    assert np.array_equal(before, pictures.inside(pictures.paint(engine)))


@pytest.mark.parametrize("kind", ["sdxl", "flux"])
def test_several_references_have_weights_of_their_own(kind: str, adapted: Make) -> None:
    engine = adapted(kind)

    def of(*weights: float) -> np.ndarray:
        asked = tuple(Reference(weight) for weight in weights)
        return pictures.inside(painted(engine, RED, OTHER, references=asked))

    assert pictures.distance(of(1.0, 0.2), of(0.2, 1.0)) > 1e-5
    assert pictures.distance(of(1.0, 0.0), pictures.inside(painted(engine, RED))) < 1e-6


@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
def test_a_region_is_that_of_diffusers(kind: str, adapted: Make, tiny: Build) -> None:
    engine = adapted(kind)
    left = np.zeros((64, 64), np.float32)
    left[:, :32] = 1
    task = replace(pictures.task(), references=(RED, OTHER), reference_masks=(left, None))
    asked = {"references": (Reference(0.9), Reference(0.5)), "prompt": "a cat", "steps": 3}
    ours = pictures.paint(engine, task, guidance_scale=3.0, **asked).colours[0]

    stock = stock_with_adapter(kind, engine, tiny(kind), 2)
    stock.set_ip_adapter_scale([0.9, 0.5])
    masks = [torch.from_numpy(plane)[None, None] for plane in (left, np.ones_like(left))]
    call = {"prompt": "a cat", "strength": 0.75, "guidance_scale": 3.0} | tensors(kind, task)
    call |= {"num_inference_steps": 3, "ip_adapter_image": [in_bytes(RED), in_bytes(OTHER)]}
    call["cross_attention_kwargs"] = {"ip_adapter_masks": masks}
    theirs = stock(**call).images[0]
    inside = task.mask == 1
    assert np.array_equal(ours[inside], theirs[inside])
    everywhere = replace(task, reference_masks=())
    other = pictures.paint(engine, everywhere, guidance_scale=3.0, **asked).colours[0]
    assert not np.array_equal(ours[inside], other[inside])


def test_a_region_that_the_model_does_not_know_is_said(adapted: Make) -> None:
    task = replace(pictures.task(), references=(RED,), reference_masks=(pictures.hole(),))
    told = pictures.paint(adapted("flux"), task, references=(Reference(),)).notices
    assert [code for code, *_ in told] == ["not_honoured"]
    assert "no regions of references" in told[0][1]


def test_without_an_adapter_the_one_to_install_is_named(tiny: Build) -> None:
    with pytest.raises(InpaintError, match="by an IP-Adapter, and none for it") as caught:
        painted(pictures.shared(tiny("sd15")), RED)
    assert caught.value.code == "model_missing"


def test_more_than_can_be_taken_is_refused(adapted: Make) -> None:
    with pytest.raises(InpaintError, match="takes 1 reference; there are 2"):
        painted(adapted("sd3"), RED, OTHER)


def test_an_adapter_for_another_model_is_refused_and_leaves_no_trace(
    adapted: Make, tiny: Build
) -> None:
    entry = replace(
        adapted("sdxl").library.registry.entries["adapter"], families=("Stable Diffusion",)
    )
    engine = pictures.engine(tiny("sd15"), adapter=entry)
    with pytest.raises(InpaintError, match="does not fit the model sd15"):
        painted(engine, RED)
    plain = pictures.inside(pictures.paint(pictures.shared(tiny("sd15"))))
    assert np.array_equal(plain, pictures.inside(pictures.paint(engine)))
