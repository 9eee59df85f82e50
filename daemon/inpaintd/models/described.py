"""The family and sizes of a model, or why it cannot be used, from the files in its folder."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

from inpaintd.engines.diffusion.families import CONTROLNETS, FAMILY_OF_CLASS, Family
from inpaintd.engines.diffusion.refused import REFUSED
from inpaintd.models.parts import CONFIG, INDEX
from inpaintd.models.weights import SUFFIX
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Control

_NOT_YET = {
    "Flux2Klein": "FLUX.2 klein",
    "Flux2": "FLUX.2",
    "QwenImageLayered": "Qwen-Image-Layered",
    "ZImageOmni": "Z-Image Omni",
}
"""Pipelines that diffusers can inpaint or edit with, by the prefixes of their class names."""


def described(folder: Path, source: str) -> dict[str, str | int]:
    """Compose the entry of models.toml for the model in a folder, from its files.

    Args:
        source: the folder, or the repository it was fetched from. Its last part is the name given
            by its maker, the only clue to what a ControlNet was trained on.

    Raises:
        InpaintError: `not_a_model`.
    """
    if class_name(folder / CONFIG) in CONTROLNETS:
        return {"kind": "controlnet", "control": _control(source)}
    found = class_name(folder / INDEX)
    family = FAMILY_OF_CLASS.get(found)
    if family is None:
        raise _unusable(folder, source, found)
    return sizes(family)


def sizes(family: Family) -> dict[str, str | int]:
    """The values that entries of all models of a family share."""
    shared: dict[str, str | int] = {"native_side": family.native_side, "multiple": family.multiple}
    return shared | {"trained": "editing"} if family.sees_hole else shared


def class_name(path: Path) -> str:
    """The class that an index or a configuration names; empty for none."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["_class_name"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def last_part(source: str) -> str:
    """The model's name at its source."""
    path = PurePosixPath(source.replace("\\", "/"))
    return path.stem if path.suffix in (SUFFIX, ".gguf", ".onnx") else path.name


def _control(source: str) -> str:
    """The kind of picture that this ControlNet was trained on."""
    kinds: tuple[str, ...] = Control.__dataclass_fields__["kind"].metadata["choices"]
    name = last_part(source).lower()
    if "union" in name:
        return "union"
    kind = next((kind for kind in kinds if kind in name), None)
    if kind is None:
        wanted = " or ".join(kinds)
        raise InpaintError(
            "not_a_model",
            f"{source} is a ControlNet, but not one for {wanted} by its name.",
            f"Choose one that has {wanted} in its name.",
        )
    return kind


def _unusable(folder: Path, source: str, found: str) -> InpaintError:
    usable = f"Supported are: {', '.join(sorted({f.name for f in FAMILY_OF_CLASS.values()}))}."
    # Longest prefix first, to tell FLUX.2 klein from FLUX.2.
    beginnings = sorted(_NOT_YET, key=len, reverse=True)
    begins = next((start for start in beginnings if found.startswith(start)), None)
    if found in REFUSED:
        return InpaintError(
            "not_a_model",
            f"{source} holds a {found}, which inpaintd does not offer: {REFUSED[found]}.",
            usable,
        )
    if begins is not None:
        return InpaintError(
            "not_a_model",
            f"{source} holds a model of the family {_NOT_YET[begins]}, which inpaintd does not "
            f"support yet ({found}).",
            usable,
        )
    if found:
        return InpaintError(
            "not_a_model",
            f"{source} holds a {found}, which inpaintd cannot inpaint with.",
            usable,
        )
    files = sorted(file.name for file in folder.glob(f"*{SUFFIX}"))
    return InpaintError(
        "not_a_model",
        f"{source} holds no diffusion model in the layout of diffusers: it has no {INDEX}.",
        f"To use a single file in it, name the file: {', '.join(files[:5])}." if files else usable,
    )
