"""Where the files of a model are, and whether they are all there. Standard library only."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

MARKER = ".installed.json"
"""Written last, when every file has been fetched and checked."""


_SUFFIXES = (".safetensors", ".ckpt", ".onnx")

_ON_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
r"""C:\models, C:/models or \\server\models."""


@dataclass(frozen=True)
class Installation:
    """What was installed: the source and the commit it was pinned to."""

    source: str
    revision: str


def is_path(source: str) -> bool:
    """Whether a source is a place on this disk, not a repository of the hub."""
    begins, ends = source.startswith(("/", "~", ".")), source.endswith(_SUFFIXES)
    return begins or ends or _ON_WINDOWS.match(source) is not None


def place_of(source: str) -> Path:
    """The path that a source names; as it stands where `~` names nobody's home folder."""
    try:
        return Path(source).expanduser()
    except RuntimeError:
        return Path(source)


def folder_of(home: Path, name: str, source: str) -> Path:
    """Where the files of a model are, or will be: its own place, or a folder under `home`."""
    return place_of(source) if is_path(source) else home / "models" / name


def installation(home: Path, name: str, source: str) -> Installation | None:
    """What is installed of a model; None when nothing is, or not all of it."""
    folder = folder_of(home, name, source)
    if is_path(source):
        return Installation(source, "") if folder.exists() else None
    try:
        values = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        found = Installation(values["source"], values["revision"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.source == source else None
