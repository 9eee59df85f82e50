"""Models that are not whole: refused when they are installed, each with what is missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from inpaintd.engines.diffusion.families import FAMILY_OF_CLASS
from inpaintd.models.described import _NOT_YET, described
from inpaintd.models.parts import check_complete, lacking
from inpaintd.models.registry import load_registry
from inpaintd.models.unlisted import install_unlisted
from inpaintd_protocol.errors import InpaintError
from tests.models import hollow

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "feature_extractor": ["transformers", "CLIPImageProcessor"],
    "image_encoder": [None, None],
    "requires_safety_checker": True,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "model"
    for name in ("unet", "text_encoder", "tokenizer", "scheduler"):
        (model / name).mkdir(parents=True)
    (model / "model_index.json").write_text(json.dumps(INDEX))
    for name in ("unet", "text_encoder"):
        (model / name / "config.json").write_text("{}")
        hollow.write(model / name / "model.safetensors", {"w": (4,)})
    (model / "tokenizer" / "vocab.json").write_text('{"a": 0}')
    (model / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    (model / "scheduler" / "scheduler_config.json").write_text("{}")
    (model / "scheduler" / "README.md").write_text("about")
    return model


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def remove(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def remove_folder(name: str) -> Callable[[Path], object]:
    return lambda folder: shutil.rmtree(folder / name)


def empty(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text("{}")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "lacks the folder tokenizer": remove_folder("tokenizer"),
    "lacks the vocabulary in tokenizer ": remove("tokenizer/vocab.json"),
    "lacks the vocabulary in tokenizer (": empty("tokenizer/vocab.json"),
    "lacks the folder text_encoder": remove_folder("text_encoder"),
    "lacks the weights in unet (as .safetensors)": remove("unet/model.safetensors"),
    "lacks the configuration in unet": remove("unet/config.json"),
    "lacks the configuration in scheduler": remove("scheduler/scheduler_config.json"),
    "1 of its 87 bytes are missing": lambda f: cut(f / "unet" / "model.safetensors"),
}


def test_a_whole_model_passes(folder: Path) -> None:
    check_complete(folder, "it", "", headers=True)


@pytest.mark.parametrize("says", DAMAGE)
def test_a_folder_that_lacks_something_is_not_taken(says: str, folder: Path) -> None:
    DAMAGE[says](folder)
    home = folder.parent / "home"
    with pytest.raises(InpaintError) as caught:
        install_unlisted(load_registry(home), str(folder), "", lambda _: None)
    assert caught.value.code == "model_damaged"
    assert says.partition(" of its")[0] in caught.value.message
    assert "models install" not in caught.value.hint
    assert not (home / "models.toml").exists()


@pytest.mark.parametrize(
    "vocabulary",
    [["tokenizer.json"], ["vocab.json", "merges.txt"], ["spiece.model"], ["vocab.txt"]],
)
def test_any_whole_vocabulary_will_do(vocabulary: list[str]) -> None:
    index = {"tokenizer_2": ["transformers", "T5TokenizerFast"]}
    names = [f"tokenizer_2/{file}" for file in vocabulary]
    assert [*lacking(index, [*names, "tokenizer_2/special.json"])] == []
    [missing] = lacking(index, ["tokenizer_2/tokenizer_config.json"])
    assert "the vocabulary in tokenizer_2" in missing


def test_weights_in_several_files_must_be_there_to_the_last() -> None:
    index = {"transformer": ["diffusers", "FluxTransformer2DModel"]}
    at = "transformer/"
    shards = [f"{at}m-{n:05}-of-00003.safetensors" for n in (1, 2, 3)]
    others = [f"{at}config.json", f"{at}m.safetensors.index.json"]
    assert [*lacking(index, [*shards, *others])] == []
    assert [*lacking(index, [shards[0], shards[2], *others])] == [shards[1]]
    # Half of the full-precision set does no harm beside a whole one in 16 bits.
    half = [f"{at}m.fp16-{n:05}-of-00002.safetensors" for n in (1, 2)]
    assert [*lacking(index, [shards[0], *half, *others])] == []


@pytest.mark.parametrize(
    "class_name",
    [
        "Flux2KleinPipeline",
        "Flux2KleinInpaintPipeline",
        "FluxKontextPipeline",
        "FluxKontextInpaintPipeline",
        "QwenImageEditPipeline",
        "QwenImageEditInpaintPipeline",
        "ChromaPipeline",
        "ChromaInpaintPipeline",
    ],
)
def test_what_diffusers_can_inpaint_with_is_at_worst_not_supported_yet(
    class_name: str, tmp_path: Path
) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": class_name}))
    if class_name in FAMILY_OF_CLASS:
        assert described(tmp_path, "owner/name")["native_side"]
        return
    with pytest.raises(InpaintError, match="does not support yet"):
        described(tmp_path, "owner/name")


def test_the_longest_beginning_names_the_family(tmp_path: Path) -> None:
    index = tmp_path / "model_index.json"
    index.write_text(json.dumps({"_class_name": "Flux2KleinSomethingPipeline"}))
    with pytest.raises(InpaintError, match=_NOT_YET["Flux2Klein"]):
        described(tmp_path, "owner/name")
    index.write_text(json.dumps({"_class_name": "AudioLDMPipeline"}))
    with pytest.raises(InpaintError, match="AudioLDMPipeline, which inpaintd cannot inpaint with"):
        described(tmp_path, "owner/name")
