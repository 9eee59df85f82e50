"""Files that hold the denoiser of a model alone: transformers, as quantised models are traded.

Their text encoders, VAE and configuration come from another model of the same family, their base.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inpaintd.models.described import class_name
from inpaintd.models.gguf import PACKED
from inpaintd.models.gguf import SUFFIX as GGUF
from inpaintd.models.parts import CONFIG, INDEX, check_complete
from inpaintd.models.registry import Entry, Registry
from inpaintd.models.weights import Tensor, tensors_in
from inpaintd.shell_words import command
from inpaintd_protocol.errors import InpaintError

FOLDER = "transformer"

PREFIXES = ("model.diffusion_model.", "diffusion_model.")
"""Prefixes that some programs add to each name."""

_FP8 = {"F8_E4M3", "F8_E5M2"}


@dataclass(frozen=True)
class Architecture:
    """An architecture that is traded as a file of its own.

    Attributes:
        title: for people.
        network: its class in diffusers.
        marks: a pattern for each of the names that tell it from the others.
        entrance: pattern for the layer that takes the latents; its width tells variants apart.
        example: a listed model that can be the base.
    """

    title: str
    network: str
    marks: tuple[str, ...]
    entrance: str
    example: str


# The order matters: Chroma has the blocks of FLUX.1, and FLUX.2 names like it.
_ARCHITECTURES = (
    Architecture(
        "Chroma",
        "ChromaTransformer2DModel",
        (r"^distilled_guidance_layer\.in_proj\.weight$", r"(^|_)(double|transformer)_blocks\.0\."),
        r"^(img_in|x_embedder)\.weight$",
        "chroma",
    ),
    Architecture(
        "FLUX.2",
        "Flux2Transformer2DModel",
        (r"^double_stream_modulation_img\.lin(ear)?\.weight$",),
        r"^(img_in|x_embedder)\.weight$",
        "flux.2-klein",
    ),
    Architecture(
        "FLUX.1",
        "FluxTransformer2DModel",
        (
            r"^(double_blocks|transformer_blocks)\.0\.",
            r"^(single_blocks|single_transformer_blocks)\.0\.",
            r"^(vector_in\.in_layer|time_text_embed\.text_embedder\.linear_1)\.weight$",
        ),
        r"^(img_in|x_embedder)\.weight$",
        "flux.1-dev",
    ),
    Architecture(
        "Stable Diffusion 3",
        "SD3Transformer2DModel",
        (
            r"^(joint_blocks\.0\.x_block\.|transformer_blocks\.0\.attn\.add_q_proj\.)",
            r"^(x_embedder|pos_embed)\.proj\.weight$",
        ),
        r"^(x_embedder|pos_embed)\.proj\.weight$",
        "sd-3.5-medium",
    ),
    Architecture(
        "Qwen-Image",
        "QwenImageTransformer2DModel",
        (r"^transformer_blocks\.0\.img_mod\.1\.weight$", r"^txt_norm\.weight$"),
        r"^img_in\.weight$",
        "qwen-image",
    ),
    Architecture(
        "Z-Image",
        "ZImageTransformer2DModel",
        (
            r"^noise_refiner\.0\.",
            r"^context_refiner\.0\.",
            r"^layers\.0\.adaLN_modulation\.0\.weight$",
        ),
        r"^(x_embedder|all_x_embedder\.2-1)\.weight$",
        "z-image-turbo",
    ),
)


@dataclass(frozen=True)
class Denoiser:
    """A denoiser in a file of its own.

    Attributes:
        stored: the type that most of its weights are stored in, such as Q4_K, fp8 or bf16.
        entrance: width of the layer that takes the latents.
        guided: whether it takes a guidance scale as an input.
    """

    file: Path
    architecture: Architecture
    stored: str
    entrance: int
    guided: bool

    @property
    def packed(self) -> bool:
        """True if its weights are unpacked for each use, layer by layer."""
        return self.file.suffix.lower() == GGUF

    @property
    def title(self) -> str:
        return f"the transformer of a {self.architecture.title} model"


def read_denoiser(file: Path) -> Denoiser | None:
    """The denoiser in a file; None when the file holds something else.

    Raises:
        InpaintError: as `tensors_in`; `not_a_model` for a GGUF file of another kind.
    """
    tensors = {plain_name(name): tensor for name, tensor in tensors_in(file).items()}
    for architecture in _ARCHITECTURES:
        if all(any(re.search(mark, name) for name in tensors) for mark in architecture.marks):
            entrance = next(t for n, t in tensors.items() if re.search(architecture.entrance, n))
            return Denoiser(
                file,
                architecture,
                _stored(tensors),
                entrance.shape[1] if len(entrance.shape) > 1 else 0,
                any("guidance_in." in name or "guidance_embedder." in name for name in tensors),
            )
    if file.suffix.lower() == GGUF:
        some = ", ".join(list(tensors)[:3]) or "nothing"
        known = ", ".join(a.title for a in _ARCHITECTURES)
        raise InpaintError(
            "not_a_model",
            f"{file} is a GGUF file of a family that is not known here. It begins with: {some}.",
            f"Usable are transformers of {known}.",
        )
    return None


def plain_name(name: str) -> str:
    """The name of a tensor without what some programs put before it."""
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def base_for(registry: Registry, denoiser: Denoiser, named: str = "") -> str:
    """The model whose text encoders, VAE and configuration a denoiser is used with.

    Args:
        named: name of an entry or path of a folder, as the user gave it; empty to find an
            installed one.

    Raises:
        InpaintError: `not_a_model` when the named one does not fit, or none that fits is
            installed.
    """
    if named:
        folder = _folder(registry, named)
        if wrong := _mismatch(folder, denoiser):
            raise InpaintError(
                "not_a_model",
                f"{denoiser.file} does not belong to {named}: {wrong}.",
                "Name the model that it was made from: --base NAME",
            )
        check_complete(folder, named, "Install it first.", given=(FOLDER,), headers=True)
        return named
    fitting = [
        entry
        for entry in registry.entries.values()
        if entry.engine == "diffusion" and entry.source and not entry.base
        if registry.installed(entry) and not _mismatch(registry.folder(entry), denoiser)
    ]
    if not fitting:
        raise InpaintError(
            "not_a_model",
            f"{denoiser.file} is {denoiser.title} alone ({denoiser.stored}). Its text encoders and "
            "VAE are needed besides, and no installed model has them.",
            f"Install one of its family, such as: "
            f"{command('inpaintd', 'models', 'install', denoiser.architecture.example)}, or name "
            "its folder: --base FOLDER",
        )
    return max(fitting, key=lambda entry: _likeness(entry, denoiser.file)).name


def _folder(registry: Registry, named: str) -> Path:
    if named in registry.entries:
        return registry.folder(registry.entries[named])
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise InpaintError("model_missing", f"There is no folder {folder}.")
    return folder


def _mismatch(folder: Path, denoiser: Denoiser) -> str:
    """The reason why a denoiser does not belong to the model in a folder; empty for none."""
    network = denoiser.architecture.network
    configuration = folder / FOLDER / CONFIG
    if not (folder / INDEX).is_file() or class_name(configuration) != network:
        return f"that is no {denoiser.architecture.title} model in the layout of diffusers"
    values = json.loads(configuration.read_text(encoding="utf-8"))
    channels = values.get("in_channels", denoiser.entrance)
    patch = values.get("patch_size") or (values.get("all_patch_size") or [1])[0]
    # A patch may be unfolded before the layer, which is a convolution elsewhere.
    if denoiser.entrance not in (channels, channels * patch * patch):
        return f"it takes {denoiser.entrance} channels, and that one {channels}"
    if values.get("guidance_embeds", denoiser.guided) is not denoiser.guided:
        return "only one of the two takes a guidance scale"
    return ""


_VARIANTS = ("kontext", "fill", "edit", "inpaint", "2509", "2511", "2512", "schnell", "turbo")


def _likeness(entry: Entry, file: Path) -> int:
    """The likeness of two names in the words that tell variants apart; the larger the better."""
    ours, theirs = f"{entry.name} {entry.source}".lower(), file.name.lower()
    return -sum((word in ours) != (word in theirs) for word in _VARIANTS)


def _stored(tensors: Mapping[str, Tensor]) -> str:
    counts = Counter[str]()
    for tensor in tensors.values():
        counts[tensor.dtype] += tensor.numbers
    most = counts.most_common(1)[0][0]
    if most in _FP8:
        return "fp8"
    return (
        most if most in PACKED else {"F16": "fp16", "BF16": "bf16", "F32": "fp32"}.get(most, most)
    )
