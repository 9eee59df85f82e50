"""The settings of the last call, kept when OK is pressed: a failed run must not lose a prompt.

GIMP itself keeps the values of a procedure only when it succeeded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from gi.repository import Gimp

from inpaintd_protocol.codec import settings_to_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings

from .arguments import settings_of
from .mask_results import COMBINATIONS, RESULTS
from .masks import SOURCES


@dataclass(frozen=True)
class Choices:
    """All that a fill needs to know besides the image."""

    settings: Settings
    mask_source: str = "automatic"


@dataclass(frozen=True)
class MaskChoices:
    """All that a mask by text needs to know besides the image."""

    settings: Settings
    result: str = "selection"
    combination: str = "replace"


@dataclass(frozen=True)
class Option:
    """What can be chosen besides settings."""

    label: str
    help: str
    choices: dict[str, tuple[str, str]]
    """Nick: (label, help); the first is the default."""


OPTIONS = {
    "mask_source": Option("Mask source", "Where the hole comes from", SOURCES),
    "result": Option("Result", "What becomes of the mask", RESULTS),
    "combination": Option(
        "Present selection",
        "What the mask does to it; with nothing selected, the mask is taken as it is",
        COMBINATIONS,
    ),
}
"""By the names of the fields above."""

_FILES = {Choices: "inpaint-settings.json", MaskChoices: "inpaint-mask.json"}

Kind = TypeVar("Kind", Choices, MaskChoices)


def remember(choices: Choices | MaskChoices) -> None:
    values = {field.name: getattr(choices, field.name) for field in fields(choices)}
    values["settings"] = settings_to_map(choices.settings)
    path = _path(type(choices))
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(json.dumps(values, indent=1), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        pass  # a full or read-only disk must not keep anybody from inpainting


def remembered(kind: type[Kind]) -> Kind:
    """What was chosen last; the defaults where there is nothing, or nothing readable."""
    try:
        values: dict[str, Any] = json.loads(_path(kind).read_text(encoding="utf-8"))
        settings = settings_of(values.pop("settings"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InpaintError):
        return kind(Settings())
    names = {field.name for field in fields(kind)}
    known = {
        name: value
        for name, value in values.items()
        if name in names and isinstance(value, str) and value in OPTIONS[name].choices
    }
    return kind(settings, **known)


def _path(kind: type[Choices] | type[MaskChoices]) -> Path:
    return Path(Gimp.directory()) / _FILES[kind]
