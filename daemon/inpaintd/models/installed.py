"""The location and completeness of a model's files. Standard library only."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

MARKER = ".installed.json"
"""Written last, when every file has been fetched and checked."""


_SUFFIXES = (".safetensors", ".gguf", ".ckpt", ".onnx")

_ON_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
r"""C:\models, C:/models or \\server\models."""


@dataclass(frozen=True)
class Installation:
    """Record of an installation: the source and the commit it was pinned to."""

    source: str
    revision: str


def is_path(source: str) -> bool:
    """Return whether a source is a path on this disk, not a repository of the hub."""
    begins, ends = source.startswith(("/", "~", ".")), source.endswith(_SUFFIXES)
    return begins or ends or _ON_WINDOWS.match(source) is not None


def place_of(source: str) -> Path:
    """The path that a source names; unexpanded when its `~user` is unknown."""
    try:
        return Path(source).expanduser()
    except RuntimeError:
        return Path(source)


def folder_of(home: Path, name: str, source: str) -> Path:
    """The present or future location of a model's files: its own path, or under `home`."""
    return place_of(source) if is_path(source) else home / "models" / name


def installation(home: Path, name: str, source: str) -> Installation | None:
    """The record of a model's installation; None unless all of it is installed."""
    folder = folder_of(home, name, source)
    if is_path(source):
        return Installation(source, "") if folder.exists() else None
    try:
        values = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        found = Installation(values["source"], values["revision"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.source == source else None
