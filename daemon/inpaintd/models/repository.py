"""Selection of the files of a repository that are needed to load its model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

_TEXT = {".json", ".txt", ".model", ".jinja"}
"""Configurations, vocabularies and chat templates."""

_UNWANTED_FOLDERS = {"safety_checker", "flax", "onnx", "openvino"}


def wanted_files(names: Iterable[str], variant: str) -> list[str]:
    """Select the files needed to load a repository in the layout of diffusers.

    Weights only as safetensors, and of each component only the variant if it has one. A file with
    all weights beside the components is skipped, as it would double the download.

    Args:
        names: all files of the repository.
        variant: such as "fp16"; empty for the plain weights.
    """
    names = list(names)
    is_pipeline = "model_index.json" in names
    chosen: list[str] = []
    by_folder: dict[str, list[str]] = {}
    for name in names:
        path = PurePosixPath(name)
        if path.parts[0] in _UNWANTED_FOLDERS or path.name.startswith("."):
            continue
        if ".safetensors" in path.name:
            if len(path.parts) > 1 or not is_pipeline:
                by_folder.setdefault(str(path.parent), []).append(name)
        elif path.suffix in _TEXT or path.name == "README.md":
            chosen.append(name)
    for weights in by_folder.values():
        chosen += _one_variant(weights, variant)
    return sorted(chosen)


def _one_variant(weights: Sequence[str], variant: str) -> list[str]:
    def variant_of(name: str) -> str:
        # model.safetensors, model.fp16.safetensors, model.fp16-00001-of-00002.safetensors,
        # model-00001-of-00002.safetensors, model.safetensors.index.fp16.json
        words = PurePosixPath(name).name.split(".")[1:]
        plain = [w.split("-")[0] for w in words if w not in ("safetensors", "index", "json")]
        return plain[0] if plain else ""

    having = [name for name in weights if variant_of(name) == variant]
    return having or [name for name in weights if variant_of(name) == ""]
