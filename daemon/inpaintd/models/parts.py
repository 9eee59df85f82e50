"""Completeness of a model folder in the layout of diffusers. Standard library only.

The libraries build a tokenizer from an empty folder without complaint: every prompt is then the
same to it. So what a model needs is looked for by name, when it is installed and when it is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inpaintd_protocol.errors import InpaintError

_NEVER_LOADED = {"safety_checker", "feature_extractor"}

_VOCABULARIES = (
    ("tokenizer.json",),
    ("vocab.json", "merges.txt"),
    ("spiece.model",),
    ("tokenizer.model",),
    ("vocab.txt",),
)
"""Files that hold a vocabulary; of each set all are needed."""

_EMPTY_BYTES = 2
"""Size up to which a vocabulary is nothing, such as `{}`."""


def check_complete(folder: Path, name: str, remedy: str) -> None:
    """Check that every component a pipeline's folder names is there.

    Args:
        folder: with a model_index.json, or with none: then there is nothing to check.
        name: of the model, for the sentence.
        remedy: what to do.

    Raises:
        InpaintError: `model_damaged`, naming what is missing.
    """
    missing = list(missing_parts(folder))
    if missing:
        raise InpaintError(
            "model_damaged",
            f"The model {name} is incomplete: it lacks {'; '.join(missing)}.",
            remedy,
        )


def missing_parts(folder: Path) -> Iterator[str]:
    """What a pipeline's folder lacks, each in words; nothing for a folder without an index."""
    try:
        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if not isinstance(index, dict):
        return
    for component, kind in index.items():
        if component not in _NEVER_LOADED and _is_class(kind):
            yield from _missing_of(folder / component, str(kind[1]))


def _is_class(kind: Any) -> bool:
    return isinstance(kind, list) and len(kind) == 2 and kind[1] is not None


def _missing_of(folder: Path, class_name: str) -> Iterator[str]:
    if not folder.is_dir():
        yield f"the folder {folder.name} ({class_name})"
    elif "Tokenizer" in class_name or folder.name.startswith("tokenizer"):
        if not any(all(map(_holds, (folder / f for f in files))) for files in _VOCABULARIES):
            yield f"the vocabulary in {folder.name} (tokenizer.json, or vocab.json and merges.txt)"
    elif (folder / "config.json").exists():
        yield from _missing_weights(folder)
    elif not any(folder.glob("*.json")):
        yield f"the configuration in {folder.name}"


def _holds(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > _EMPTY_BYTES


def _missing_weights(folder: Path) -> Iterator[str]:
    weights = {file.name for file in folder.glob("*.safetensors")}
    if not weights:
        yield f"the weights in {folder.name} (as .safetensors)"
    for index in folder.glob("*.safetensors.index*.json"):
        named = _named_in(index)
        # Of another variant than the one that is there, nothing is wanted.
        if named & weights and named - weights:
            yield f"{folder.name}/{sorted(named - weights)[0]}"


def _named_in(index: Path) -> set[str]:
    try:
        return set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
