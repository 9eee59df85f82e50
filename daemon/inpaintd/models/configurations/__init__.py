"""The kinds of model that a single file of weights can be, and the configuration of each.

A single file holds tensors and nothing else. What the folder of the same model says besides, in
the layout of diffusers, is here: each component's configuration once, as it was published. Standard
library only.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent

MERGES = _HERE / "clip-merges.txt.gz"
"""What CLIP's tokenizer joins, first things first; made by scripts/make_clip_merges.py."""

WORDS = 49_408
"""In CLIP's vocabulary."""

_OPENCLIP_PADDING = {"pad_token": "!"}
"""OpenCLIP pads with the token 0, which is this one."""


@dataclass(frozen=True)
class Kind:
    """One kind of model.

    Attributes:
        title: as printed.
        pipeline: its class in diffusers, as its model_index.json says.
        parameters: how many numbers its denoiser has, as published.
        text: where the tensors of its text encoders are in a single file.
        components: by the name of its folder, the file with its configuration.
        channels: input channels of the denoiser; 9 when the mask is an input.
        options: what model_index.json says besides the components.
    """

    title: str
    pipeline: str
    parameters: int
    text: tuple[str, ...]
    components: Mapping[str, str]
    channels: int = 4
    options: Mapping[str, Any] = field(default_factory=dict)


_SD_COMPONENTS = {
    "unet": "unet-sd-1.5",
    "vae": "vae-sd-1.5",
    "text_encoder": "text-clip-l",
    "tokenizer": "tokenizer",
    "scheduler": "scheduler-pndm",
}
_REFINER_COMPONENTS = {
    "unet": "unet-sdxl-refiner",
    "vae": "vae-sdxl",
    "text_encoder_2": "text-openclip-g",
    "tokenizer_2": "tokenizer",
    "scheduler": "scheduler-euler",
}
_SDXL_COMPONENTS = _REFINER_COMPONENTS | {
    "unet": "unet-sdxl",
    "text_encoder": "text-clip-l",
    "tokenizer": "tokenizer",
}
_SD_TEXT = ("cond_stage_model.transformer.text_model.",)
_SDXL_TEXT = ("conditioner.embedders.0.transformer.text_model.", "conditioner.embedders.1.model.")

KINDS = {
    "sd-1.5": Kind(
        "Stable Diffusion 1.5",
        "StableDiffusionPipeline",
        859_520_964,
        _SD_TEXT,
        _SD_COMPONENTS,
    ),
    "sd-1.5-inpainting": Kind(
        "Stable Diffusion 1.5 Inpainting",
        "StableDiffusionInpaintPipeline",
        859_535_364,
        _SD_TEXT,
        _SD_COMPONENTS | {"scheduler": "scheduler-ddim"},
        channels=9,
    ),
    "sdxl": Kind(
        "Stable Diffusion XL",
        "StableDiffusionXLPipeline",
        2_567_463_684,
        _SDXL_TEXT,
        _SDXL_COMPONENTS,
        options={"force_zeros_for_empty_prompt": True},
    ),
    "sdxl-inpainting": Kind(
        "Stable Diffusion XL Inpainting",
        "StableDiffusionXLInpaintPipeline",
        2_567_478_084,
        _SDXL_TEXT,
        _SDXL_COMPONENTS,
        channels=9,
        options={"force_zeros_for_empty_prompt": True, "requires_aesthetics_score": False},
    ),
    "sdxl-refiner": Kind(
        "Stable Diffusion XL Refiner",
        "StableDiffusionXLImg2ImgPipeline",
        2_259_526_660,
        ("conditioner.embedders.0.model.",),
        _REFINER_COMPONENTS,
        options={"force_zeros_for_empty_prompt": False, "requires_aesthetics_score": True},
    ),
}


def lay_out(kind: Kind, folder: Path) -> None:
    """Write the configuration of a model into a folder, in the layout of diffusers.

    Raises:
        OSError: when the folder cannot be written.
    """
    index: dict[str, Any] = {"_class_name": kind.pipeline, **kind.options}
    for name, file in kind.components.items():
        values = json.loads((_HERE / f"{file}.json").read_text(encoding="utf-8"))
        index[name] = _class_of(values)
        (folder / name).mkdir()
        if name == "unet":
            values["in_channels"] = kind.channels
        elif name.startswith("tokenizer"):
            _write_words(folder / name)
        if name == "tokenizer_2":
            values |= _OPENCLIP_PADDING
        _write_json(folder / name / _file_name(name), values)
    _write_json(folder / "model_index.json", index)


def words(merges: list[str]) -> list[str]:
    """CLIP's vocabulary in order: each byte, each byte that ends a word, what the merges make."""
    characters = _byte_characters()
    joined = ["".join(merge.split()) for merge in merges]
    ends = [character + "</w>" for character in characters]
    return [*characters, *ends, *joined, "<|startoftext|>", "<|endoftext|>"]


def _write_words(folder: Path) -> None:
    merges = gzip.decompress(MERGES.read_bytes()).decode("utf-8").split("\n")
    numbers = {word: number for number, word in enumerate(words(merges))}
    (folder / "vocab.json").write_text(json.dumps(numbers), encoding="utf-8")
    text = "\n".join(["#version: 0.2", *merges, ""])
    (folder / "merges.txt").write_text(text, encoding="utf-8", newline="\n")


def _byte_characters() -> list[str]:
    """A visible character for each byte: itself where it is visible, else one from 256 on.

    The order is that of GPT-2's `bytes_to_unicode`.
    """
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = 256 - len(visible)
    return [chr(code) for code in (*visible, *range(256, 256 + hidden))]


def _class_of(values: Mapping[str, Any]) -> tuple[str, str]:
    """The library and the class of a component."""
    if "_class_name" in values:
        return "diffusers", values["_class_name"]
    return "transformers", values.get("tokenizer_class") or values["architectures"][0]


def _file_name(component: str) -> str:
    if component.startswith("tokenizer"):
        return "tokenizer_config.json"
    return "scheduler_config.json" if component == "scheduler" else "config.json"


def _write_json(file: Path, values: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(values), encoding="utf-8")
