"""Named presets of the settings, in one file for all images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gi.repository import Gimp

from inpaintd_protocol.errors import InpaintError

from .remembered import Choices, from_map, to_map


def presets() -> dict[str, Choices]:
    """All presets by name, alphabetically; one that cannot be read is left out."""
    found = {}
    for name, values in sorted(_read().items()):
        try:
            found[name] = from_map(Choices, values)
        except (ValueError, KeyError, TypeError, AttributeError, InpaintError):
            continue
    return found


def save_preset(name: str, choices: Choices) -> None:
    """Keep a preset; one of the same name is replaced."""
    _write(_read() | {name: to_map(choices)})


def delete_preset(name: str) -> None:
    _write({other: values for other, values in _read().items() if other != name})


def _path() -> Path:
    return Path(Gimp.directory()) / "inpaint-presets.json"


def _read() -> dict[str, Any]:
    try:
        values = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _write(values: dict[str, Any]) -> None:
    path = _path()
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(json.dumps(values, indent=1), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise InpaintError(
            "unwritable",
            f"The presets could not be saved in {path}: {error.strerror or error}.",
            "Free some disk space, or check who owns the file.",
        ) from error
