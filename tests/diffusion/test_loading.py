"""Loading: by the files, safetensors alone, and in sentences when it cannot be done."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inpaintd.engines.diffusion.families import FAMILY_OF_CLASS
from inpaintd.engines.diffusion.loading.library import Source
from inpaintd.engines.diffusion.loading.model import family_of
from inpaintd.engines.diffusion.loading.sharing import same_vae
from inpaintd.models.registry import Entry
from inpaintd_protocol.errors import InpaintError
from tests.diffusion import tiny_models
from tests.diffusion.pictures import distance, engine, inside, paint
from tests.diffusion.tiny_models import MODELS, Build


@pytest.mark.parametrize("kind", MODELS)
def test_the_files_tell_the_family_and_the_channels(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    paint(model, steps=2, strength=1.0)
    loaded = model._model
    assert loaded is not None
    assert type(loaded.pipe).__name__ == family_of(tiny(kind)).pipeline
    inpainting = {"sd15-inpainting", "sdxl-inpainting", "flux-fill", "kandinsky"}
    assert loaded.conditioned == (kind in inpainting)
    assert loaded.cell == tiny_models.cell_of(kind)


def test_every_family_names_a_pipeline_of_diffusers() -> None:
    import diffusers

    for family in FAMILY_OF_CLASS.values():
        assert hasattr(diffusers, family.pipeline)
        for kind, how in family.controlled.items():
            assert hasattr(diffusers, kind)
            assert hasattr(diffusers, how.pipeline)


def copy_of(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / folder.name))


def test_a_damaged_file_says_which_command_helps(tiny: Build, tmp_path: Path) -> None:
    folder = copy_of(tiny("sd15"), tmp_path)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    damaged = (
        r"loaded: sd15/unet/diffusion_pytorch_model\.safetensors is damaged\. Fetch .*sd15 again"
    )
    with pytest.raises(InpaintError, match=damaged) as caught:
        paint(engine(folder))
    assert caught.value.code == "model_damaged"


TOKENIZERS = {
    "sd15": "tokenizer",
    "sdxl": "tokenizer_2",
    "flux": "tokenizer_2",
    "sd3": "tokenizer_3",
    "qwen-image": "tokenizer",
    "z-image": "tokenizer",
}


@pytest.mark.parametrize(("kind", "part"), TOKENIZERS.items())
def test_a_tokenizer_without_a_vocabulary_is_named(
    kind: str, part: str, tiny: Build, tmp_path: Path
) -> None:
    folder = copy_of(tiny(kind), tmp_path)
    (folder / part / "tokenizer.json").unlink()
    with pytest.raises(InpaintError, match=f"lacks the vocabulary in {part}") as caught:
        paint(engine(folder))
    assert caught.value.code == "model_damaged"
    (folder / part / "tokenizer.json").write_text("{}")
    with pytest.raises(InpaintError, match=f"lacks the vocabulary in {part}"):
        paint(engine(folder))


@pytest.mark.parametrize("part", ["tokenizer", "text_encoder", "unet", "vae", "scheduler"])
def test_a_missing_part_is_named(part: str, tiny: Build, tmp_path: Path) -> None:
    folder = copy_of(tiny("sd15"), tmp_path)
    shutil.rmtree(folder / part)
    with pytest.raises(InpaintError, match=f"lacks the folder {part}"):
        paint(engine(folder))


def test_a_prompt_that_no_token_stands_for_is_not_ignored(tiny: Build, tmp_path: Path) -> None:
    folder = copy_of(tiny("sd15"), tmp_path)
    vocabulary = json.loads((folder / "tokenizer" / "tokenizer.json").read_text())
    vocabulary["model"]["vocab"] = {}
    (folder / "tokenizer" / "tokenizer.json").write_text(json.dumps(vocabulary))
    with pytest.raises(InpaintError, match="the vocabulary in tokenizer is empty"):
        paint(engine(folder))


def test_a_folder_as_it_comes_from_the_hub_loads(tiny: Build, tmp_path: Path) -> None:
    """It names a safety checker and what prepares pictures for it; neither is used or fetched."""
    folder = copy_of(tiny("sd15"), tmp_path)
    index = json.loads((folder / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    index["feature_extractor"] = ["transformers", "CLIPImageProcessor"]
    (folder / "model_index.json").write_text(json.dumps(index))
    expected = inside(paint(engine(tiny("sd15")), steps=2))
    assert np.array_equal(inside(paint(engine(folder), steps=2)), expected)


def test_pickles_are_never_opened(tiny: Build, tmp_path: Path) -> None:
    folder = copy_of(tiny("sd15"), tmp_path)
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    trap = tmp_path / "opened"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (trap,)  # type: ignore[return-value]

    torch.save({"weight": Trap()}, folder / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(InpaintError) as caught:
        paint(engine(folder))
    assert caught.value.code == "model_damaged"
    assert not trap.exists()


def test_a_folder_of_the_wrong_kind_says_so(tiny: Build, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InpaintError, match="not the folder of a diffusion model"):
        paint(engine(tmp_path / "empty"))
    with pytest.raises(InpaintError, match="not the folder of a diffusion model"):
        paint(engine(tiny("controlnet")))
    folder = copy_of(tiny("sd15"), tmp_path)
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": "AudioPipeline"}))
    with pytest.raises(InpaintError, match="holds a AudioPipeline"):
        paint(engine(folder))


def test_a_model_that_is_not_installed_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(InpaintError) as caught:
        paint(engine(tmp_path / "nowhere"))
    assert caught.value.code == "model_missing"


def test_another_vae_can_be_had(tiny: Build, tmp_path: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        tiny_models.autoencoder().save_pretrained(tmp_path / "vae")
    folder = tiny("sd15")
    entry = Entry(
        "with-vae",
        "",
        "diffusion",
        native_side=64,
        source=str(folder),
        vae=str(tmp_path / "vae"),
    )
    both = engine(folder, **{"with-vae": entry})
    own, other = inside(paint(both)), inside(paint(both, model="with-vae"))
    assert distance(own, other) > 1e-2
    assert np.array_equal(inside(paint(both)), own)


def test_a_variant_is_taken_where_there_is_one(tiny: Build, tmp_path: Path) -> None:
    folder = copy_of(tiny("sd15"), tmp_path)
    half = copy_of(tiny("sd15"), tmp_path / "half")
    for weights in list(half.rglob("*.safetensors")):
        weights.rename(weights.with_suffix(".fp16.safetensors"))
    entries = {
        name: Entry(name, "", "diffusion", native_side=64, source=str(place), variant="fp16")
        for name, place in (("plain", folder), ("half", half))
    }
    both = engine(folder, **entries)
    results = [inside(paint(both, model=name)) for name in ("plain", "half")]
    assert np.array_equal(*results)


def test_what_is_no_model_cannot_be_used_as_one(tiny: Build) -> None:
    from tests.diffusion.pictures import controlnet

    one = engine(tiny("sd15"), net=controlnet(tiny("controlnet"), "inpaint"))
    with pytest.raises(InpaintError, match=r"is not a diffusion model|does not fill by itself"):
        paint(one, model="net")


def test_switching_keeps_what_both_models_have(tiny: Build) -> None:
    from tests.diffusion.pictures import model

    both = engine(tiny("sd15"), other=model(tiny("sd15-inpainting")))
    first = inside(paint(both))
    assert both._model is not None
    kept = both._model.pipe.text_encoder, both._model.vae
    switched = inside(paint(both, model="other"))
    assert (both._model.pipe.text_encoder, both._model.vae) == kept
    assert np.array_equal(switched, inside(paint(engine(tiny("sd15-inpainting")))))
    assert np.array_equal(inside(paint(both)), first)


def test_switching_does_not_keep_what_differs(tiny: Build, tmp_path: Path) -> None:
    from tests.diffusion.pictures import model

    another = tiny_models.build("sd15", tmp_path / "another", seed=3)
    both = engine(tiny("sd15"), another=model(another))
    paint(both)
    assert np.array_equal(inside(paint(both, model="another")), inside(paint(engine(another))))


def test_vaes_are_told_apart_by_their_files(tiny: Build, tmp_path: Path) -> None:
    base, refiner, other = (Source(name, tiny(name)) for name in ("sdxl", "sdxl-refiner", "sd15"))
    assert same_vae(base, base)
    assert same_vae(base, refiner)
    assert not same_vae(base, other), "its latents are scaled otherwise"
    (tmp_path / "finer").mkdir()
    finer = replace(other, vae=tmp_path / "finer")
    assert not same_vae(other, finer)
    assert same_vae(finer, replace(Source("sd15-inpainting", tiny("sd15")), vae=finer.vae))
    single = Source("single", tiny("sd15") / "unet" / "diffusion_pytorch_model.safetensors")
    assert same_vae(single, single)
    assert not same_vae(single, other)
