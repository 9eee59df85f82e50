"""The settings of the last call, kept when OK is pressed: a failed run must not lose a prompt.

GIMP itself keeps the values of a procedure only when it succeeded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gi.repository import Gimp

from inpaintd_protocol.codec import settings_from_map, settings_to_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings

from .masks import SOURCES

FILE_NAME = "inpaint-settings.json"


@dataclass(frozen=True)
class Choices:
    """All that a call needs to know besides the image."""

    settings: Settings
    mask_source: str = "automatic"


def remember(choices: Choices) -> None:
    values = {
        "settings": settings_to_map(choices.settings),
        "mask_source": choices.mask_source,
    }
    path = _path()
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(json.dumps(values, indent=1), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        pass  # a full or read-only disk must not keep anybody from inpainting


def remembered() -> Choices:
    """What was chosen last; the defaults where there is nothing, or nothing readable."""
    try:
        values: dict[str, Any] = json.loads(_path().read_text(encoding="utf-8"))
        settings = settings_from_map(Settings, values["settings"])
        source = values.get("mask_source", "automatic")
    except (OSError, ValueError, KeyError, TypeError, InpaintError):
        return Choices(Settings())
    return Choices(settings, source if source in SOURCES else "automatic")


def _path() -> Path:
    return Path(Gimp.directory()) / FILE_NAME
