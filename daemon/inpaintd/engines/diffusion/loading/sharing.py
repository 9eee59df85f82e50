"""Components that the next model shares with the last one, and so need not be loaded again."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from inpaintd.models.installed import MARKER

from .library import Source
from .model import Model
from .plan import Placement

_SHARED = ("text_encoder", "text_encoder_2", "text_encoder_3", "vae")

_CHUNK_BYTES = 1 << 20


def shared_components(model: Model, source: Source, dtype: torch.dtype) -> dict[str, Any]:
    """Components of a loaded model that the files of another one contain as well, by name.

    SDXL's base, its inpainting model and its refiner share a text encoder and the VAE.
    """
    if model.placement is not Placement.RESIDENT or model.eight_bits or model.dtype != dtype:
        return {}
    shared = {}
    for name in _SHARED:
        component = getattr(model.pipe, name, None)
        if component is None:
            continue
        if name == "vae":
            if not same_vae(model.source, source):
                continue
            # The functions wrapped around it belong to the last model.
            vars(component).pop("encode", None)
        elif not _same(model.source.folder / name, source.folder / name):
            continue
        shared[name] = component
    return shared


def same_vae(one: Source, other: Source) -> bool:
    """Test whether two models have the same VAE, by their files; they then share their latents."""
    if one == other:
        return True
    if one.vae != other.vae:
        return False
    if one.vae is not None:
        # A single file takes its configuration from the model, so it may differ there.
        return one.vae.is_dir()
    return _same(one.folder / "vae", other.folder / "vae")


def _same(one: Path, other: Path) -> bool:
    return one.is_dir() and other.is_dir() and _identity(one) == _identity(other)


def _identity(folder: Path) -> tuple[str, tuple[str, ...]]:
    """The configuration and the hashes of the weights of a component."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    about = {k: v for k, v in config.items() if not k.startswith("_") and k != "dtype"}
    weights = sorted(folder.glob("*.safetensors"))
    return json.dumps(about, sort_keys=True), tuple(_hash_of(file) for file in weights)


def _hash_of(file: Path) -> str:
    recorded: dict[str, str] = {}
    marker = file.parent.parent / MARKER
    if marker.exists():
        recorded = json.loads(marker.read_text(encoding="utf-8")).get("hashes", {})
    key = f"{file.parent.name}/{file.name}"
    status = file.stat()
    return recorded.get(key) or _computed_hash(file, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _computed_hash(file: Path, _size: int, _changed_at: int) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
