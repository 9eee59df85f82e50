"""LoRAs and embeddings: their effect, their traces, and what does not fit."""

from __future__ import annotations

import diffusers
import numpy as np
import pytest

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Lora
from tests.diffusion import tiny_adapters
from tests.diffusion.pictures import distance, engine, inside, paint
from tests.diffusion.tiny_models import OPENCLIP_WIDTH, Build

DENOISERS = {
    "sd15": (diffusers.UNet2DConditionModel, "unet"),
    "sdxl": (diffusers.UNet2DConditionModel, "unet"),
    "flux": (diffusers.FluxTransformer2DModel, "transformer"),
    "sd3": (diffusers.SD3Transformer2DModel, "transformer"),
    "qwen-image": (diffusers.QwenImageTransformer2DModel, "transformer"),
}


@pytest.mark.parametrize("kind", DENOISERS)
def test_a_lora_goes_with_its_weight_and_leaves_no_trace(kind: str, tiny: Build) -> None:
    folder = tiny(kind)
    network, part = DENOISERS[kind]
    denoiser = network.from_pretrained(folder, subfolder=part)
    tiny_adapters.lora(folder.parent / "loras" / f"{kind}-style.safetensors", denoiser, 1, part)
    model = engine(folder)
    plain = inside(paint(model))
    little, much = (
        inside(paint(model, loras=(Lora(f"{kind}-style", weight),))) for weight in (0.3, 1.0)
    )
    assert 0 < distance(plain, little) < distance(plain, much)
    named = inside(paint(model, prompt=f"a cat<lora:{kind}-style:0.3>"))
    assert np.array_equal(named, little)
    assert np.array_equal(inside(paint(model)), plain)


def test_two_loras_add_up(tiny: Build) -> None:
    folder = tiny("sd15")
    unet = diffusers.UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
    for name, seed in (("one", 1), ("two", 2)):
        tiny_adapters.lora(folder.parent / "loras" / f"{name}.safetensors", unet, seed)
    model = engine(folder)
    one, both, other_order = (
        inside(paint(model, loras=tuple(Lora(name, 0.5) for name in names)))
        for names in (["one"], ["one", "two"], ["two", "one"])
    )
    assert distance(one, both) > 0
    assert distance(both, other_order) < 1e-4


def test_an_unknown_lora_names_the_nearest(tiny: Build) -> None:
    folder = tiny("sd15")
    unet = diffusers.UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
    tiny_adapters.lora(folder.parent / "loras" / "soft-light.safetensors", unet, 1)
    with pytest.raises(InpaintError, match="soft-light") as caught:
        paint(engine(folder), prompt="a cat <lora:softlight:1>")
    assert caught.value.code == "unknown_model"


def test_a_lora_of_another_family_does_not_fit(tiny: Build) -> None:
    folder = tiny("sd15")
    unet = diffusers.UNet2DConditionModel.from_pretrained(tiny("sdxl"), subfolder="unet")
    tiny_adapters.lora(folder.parent / "loras" / "for-sdxl.safetensors", unet, 1)
    model = engine(folder)
    plain = inside(paint(model))
    with pytest.raises(InpaintError, match="does not fit the model sd15"):
        paint(model, loras=(Lora("for-sdxl"),))
    assert np.array_equal(inside(paint(model)), plain)


def test_a_damaged_lora_says_so(tiny: Build) -> None:
    folder = tiny("sd15")
    (folder.parent / "loras").mkdir(exist_ok=True)
    (folder.parent / "loras" / "damaged.safetensors").write_bytes(b"no safetensors at all")
    with pytest.raises(InpaintError, match=r"damaged\.safetensors is damaged"):
        paint(engine(folder), loras=(Lora("damaged"),))


@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
def test_an_embedding_gives_a_word_its_meaning(kind: str, tiny: Build) -> None:
    folder = tiny(kind)
    widths = (32, OPENCLIP_WIDTH) if kind == "sdxl" else (32,)
    tiny_adapters.embedding(folder.parent / "embeddings" / "mystyle.safetensors", *widths)
    model = engine(folder)
    asked = {"prompt": "a cat in mystyle", "negative_prompt": "dog"}
    plain = inside(paint(model, **asked))
    meant = inside(paint(model, **asked, embeddings=("mystyle",)))
    unnamed = inside(paint(model, prompt="a cat", embeddings=("mystyle",)))
    assert distance(plain, meant) > 1e-5
    assert np.array_equal(unnamed, inside(paint(model, prompt="a cat")))
    assert np.array_equal(inside(paint(model, **asked)), plain)
    weighted = inside(paint(model, prompt="a cat in (mystyle:1.4)", embeddings=("mystyle",)))
    assert distance(weighted, meant) > 1e-5


def test_an_embedding_of_another_width_does_not_fit(tiny: Build) -> None:
    folder = tiny("sd15")
    tiny_adapters.embedding(folder.parent / "embeddings" / "wide.safetensors", 48)
    with pytest.raises(InpaintError, match="embedding wide does not fit"):
        paint(engine(folder), embeddings=("wide",))
