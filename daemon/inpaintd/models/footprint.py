"""The memory that the parts of a model take, read from the headers of its files.

Standard library only: it is needed before anything is loaded, and by a daemon without torch.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inpaintd.models.gguf import PACKED
from inpaintd.models.weights import SUFFIX, Tensor, tensors_in

DENOISERS = ("unet", "transformer")
ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3")
DECODERS = ("vae", "movq")

_FLOATS = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}
_OTHER_BYTES = {"I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2}

_KEPT_WIDE = re.compile(r"pos_embed|patch_embed|norm|image_embeds|^proj_in\.|^proj_out\.")
"""Modules that diffusers' layerwise casting leaves in the compute type."""

_STORED_IN_EIGHT_BITS = "F8_E4M3"
_SCALES = (".scale_weight", ".weight_scale")
"""Suffixes of factors; weights that are multiplied by one have more than 8 bits then."""

_UNPACKING_BYTES = 12
"""Bytes for each number of the layer that is being unpacked: its blocks as 32-bit numbers, their
scales and offsets, and the result."""

_NEVER_LOADED = {"safety_checker", "feature_extractor"}

_LARGEST_SHARE = 0.02
"""Typical share of a denoiser's largest layer."""

_LARGEST_SHARE_OF_ENCODERS = 0.1
"""Typical share of a text encoder's largest layer, which is its vocabulary."""

_IN_SINGLE_FILE = {
    "model.diffusion_model.": DENOISERS[0],
    "first_stage_model.": DECODERS[0],
    "cond_stage_model.": ENCODERS[0],
    "conditioner.": ENCODERS[0],
}
"""Parts of a single file by the prefixes of their tensors' names."""


@dataclass(frozen=True)
class Part:
    """Memory that one part of a model takes.

    Attributes:
        bytes: in the compute type.
        eight_bit_bytes: with its large weights stored in 8 bits.
        largest_layer_bytes: size of its largest layer, in the compute type.
        packed: whether its weights are stored packed, and unpacked layer by layer when used.
        lossless: whether its large weights come in 8 bits, so that storing them so loses nothing.
    """

    bytes: int
    eight_bit_bytes: int
    largest_layer_bytes: int
    packed: bool = False
    lossless: bool = False


@dataclass(frozen=True)
class Footprint:
    """A model's parts by name, such as "unet", "text_encoder" and "vae"."""

    parts: Mapping[str, Part]

    @property
    def bytes(self) -> int:
        """Bytes of all parts together."""
        return sum(part.bytes for part in self.parts.values())

    @property
    def packed(self) -> bool:
        """True if its denoiser is stored packed."""
        return any(part.packed for part in self.named(DENOISERS))

    @property
    def lossless(self) -> bool:
        """True if storing its denoiser in 8 bits loses nothing."""
        denoisers = self.named(DENOISERS)
        return bool(denoisers) and all(part.lossless for part in denoisers)

    def named(self, names: Iterable[str]) -> list[Part]:
        return [self.parts[name] for name in names if name in self.parts]


def footprint(place: Path, bytes_per_number: int, *, variant: str = "") -> Footprint:
    """The footprint of a model.

    Args:
        place: a folder in the layout of diffusers, or a single .safetensors file.
        bytes_per_number: of the type that its weights are loaded as.
        variant: one of several sets of weights, such as fp16; the plain set if it is missing.

    Raises:
        InpaintError: `model_damaged` for files that are not whole.
    """
    if place.is_dir():
        folders = [folder for folder in sorted(place.iterdir()) if folder.is_dir()]
        tensors = {
            folder.name: _tensors_of(folder, variant)
            for folder in folders
            if folder.name not in _NEVER_LOADED
        }
    else:
        tensors = {}
        for name, tensor in tensors_in(place).items():
            start = next((s for s in _IN_SINGLE_FILE if name.startswith(s)), None)
            if start is not None:
                part = tensors.setdefault(_IN_SINGLE_FILE[start], {})
                part[name.removeprefix(start)] = tensor
    return Footprint(
        {name: _part(inside, bytes_per_number) for name, inside in tensors.items() if inside}
    )


def of_files(
    place: Path,
    bytes_per_number: int,
    *,
    variant: str = "",
    denoiser: Path | None = None,
    vae: Path | None = None,
    prior: Path | None = None,
) -> Footprint:
    """The footprint of a model with the parts that are kept elsewhere.

    Args:
        denoiser: file of another denoiser; None for the model's own.
        vae: folder or file of another VAE; None for the model's own.
        prior: folder of Kandinsky's prior.

    Raises:
        InpaintError: as `footprint`.
    """
    parts = dict(footprint(place, bytes_per_number, variant=variant).parts)
    if denoiser is not None:
        parts["transformer"] = part(denoiser, bytes_per_number)
    if vae is not None:
        parts["vae"] = part(vae, bytes_per_number)
    if prior is not None:
        of_prior = footprint(prior, bytes_per_number).parts
        parts |= {f"prior {name}": one for name, one in of_prior.items()}
    return Footprint(parts)


def estimated(parameters: Mapping[str, float], bytes_per_number: int) -> Footprint:
    """The footprint of a model that is not here yet.

    Args:
        parameters: of each part, in millions.
    """

    def part(name: str, millions: float) -> Part:
        numbers = round(millions * 1e6)
        largest = _LARGEST_SHARE if name in DENOISERS else _LARGEST_SHARE_OF_ENCODERS
        wide = numbers * bytes_per_number
        return Part(wide, min(wide, round(numbers * 1.02)), round(wide * largest))

    return Footprint({name: part(name, millions) for name, millions in parameters.items()})


def part(place: Path, bytes_per_number: int) -> Part:
    """Measure one part of a model, such as a VAE in a folder or file of its own.

    Raises:
        InpaintError: `model_damaged` for files that are not whole.
    """
    tensors = _tensors_of(place, "") if place.is_dir() else tensors_in(place)
    return _part(tensors, bytes_per_number)


def _tensors_of(folder: Path, variant: str) -> dict[str, Tensor]:
    """The tensors of the set of weights that is loaded from a folder."""
    files = sorted(folder.glob(f"*{SUFFIX}"))
    in_index = {
        name
        for index in folder.glob(f"*{SUFFIX}.index*.json")
        for name in set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    }
    of_variant = [file for file in files if variant and f".{variant}" in file.name]
    plain = [file for file in files if len(file.name.split(".")) == 2]
    # A whole file beside its own shards holds the same weights again, so count the shards alone.
    chosen = of_variant or [f for f in plain if f.name in in_index] or plain
    tensors: dict[str, Tensor] = {}
    for file in chosen:
        tensors |= tensors_in(file)
    return tensors


def _part(tensors: Mapping[str, Tensor], bytes_per_number: int) -> Part:
    wide = eight_bits = unpacked = 0
    layers: dict[str, int] = {}
    for name, tensor in tensors.items():
        size = round(tensor.numbers * _loaded_bytes(tensor, bytes_per_number))
        stored = tensor.numbers if _shrinks(name, tensor) else size
        wide += size
        eight_bits += min(stored, size)
        layer = name.rpartition(".")[0]
        layers[layer] = layers.get(layer, 0) + size
        if tensor.dtype in PACKED:
            unpacked = max(unpacked, tensor.numbers * _UNPACKING_BYTES)
    large = {t.dtype for name, t in tensors.items() if _shrinks(name, t)}
    return Part(
        # Packed weights are unpacked one layer at a time, so the largest counts in addition.
        wide + unpacked,
        eight_bits + unpacked,
        max(layers.values(), default=0) + unpacked,
        packed=unpacked > 0 or any(t.dtype == "U8" for t in tensors.values()),
        lossless=large == {_STORED_IN_EIGHT_BITS}
        and not any(name.endswith(_SCALES) for name in tensors),
    )


def _loaded_bytes(tensor: Tensor, bytes_per_number: int) -> float:
    if tensor.dtype in PACKED:
        return PACKED[tensor.dtype]
    return bytes_per_number if tensor.dtype in _FLOATS else _OTHER_BYTES.get(tensor.dtype, 1)


def _shrinks(name: str, tensor: Tensor) -> bool:
    """Return whether layerwise casting stores it in 8 bits."""
    return tensor.dtype in _FLOATS and not _KEPT_WIDE.search(name) and math.prod(tensor.shape) > 1
