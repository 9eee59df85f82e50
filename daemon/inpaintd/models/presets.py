"""Presets of intent: named sets of settings, for models trained to inpaint and for others."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from inpaintd_protocol.codec import settings_from_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import IntentInfo
from inpaintd_protocol.settings import Settings

_SHIPPED = Path(__file__).with_name("presets.toml")
_USER_FILE = "presets.toml"
KINDS = ("inpainting", "plain", "editing")
"""Kinds of diffusion models: trained to inpaint, or not, or to edit by instruction."""


@dataclass(frozen=True)
class Preset:
    """One intent.

    Attributes:
        common: settings for every model.
        special: settings that override them, by kind of model.
    """

    name: str
    label: str
    help: str
    common: Settings
    special: Mapping[str, Settings]

    def settings(self, kind: str) -> Settings:
        """Settings for a kind of model; unknown kinds, such as "", get the common ones."""
        return self.special.get(kind, Settings()).over(self.common)

    @property
    def info(self) -> IntentInfo:
        return IntentInfo(self.name, self.label, self.help)


def load_presets(home: Path) -> Mapping[str, Preset]:
    """Load the shipped presets, overridden by the user's own.

    Raises:
        InpaintError: `unreadable` when the user's file is not valid.
    """
    file = home / _USER_FILE
    try:
        changed_at = file.stat().st_mtime_ns if file.exists() else 0
        return _load(file, changed_at)
    except (OSError, TypeError, ValueError) as error:
        raise InpaintError(
            "unreadable",
            f"The file {file} is not a valid list of presets: {error}.",
            "Correct it, or move it away to have the shipped presets alone.",
        ) from error


def find_preset(home: Path, name: str) -> Preset:
    """Find the preset of this name.

    Raises:
        InpaintError: `bad_message` naming the known ones; as `load_presets`.
    """
    presets = load_presets(home)
    if name not in presets:
        near = difflib.get_close_matches(name, presets, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise InpaintError(
            "bad_message",
            f"There is no intent named {name[:80]!r}.",
            f"{guess}Known are: {', '.join(presets)}.",
        )
    return presets[name]


@lru_cache(maxsize=1)
def _load(file: Path, changed_at: int) -> Mapping[str, Preset]:
    """The presets as of this modification of the user's file; 0 means that there is none."""
    import tomllib  # imported late, because a daemon must be ready at once

    tables = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    if changed_at:
        # -sig, because Notepad may write a byte order mark.
        for name, table in tomllib.loads(file.read_text(encoding="utf-8-sig")).items():
            tables[name] = _laid_over(tables.get(name, {}), table)
    return {name: _preset(name, table) for name, table in tables.items()}


def _laid_over(shipped: Mapping[str, Any], own: Any) -> Any:
    if not isinstance(own, dict):
        return own
    kinds = {kind: {**shipped.get(kind, {}), **own.get(kind, {})} for kind in KINDS}
    return {**shipped, **own, **{kind: table for kind, table in kinds.items() if table}}


def _preset(name: str, table: Any) -> Preset:
    if not isinstance(table, dict):
        raise TypeError(f"{name} must be a table")
    common = {k: v for k, v in table.items() if k not in ("label", "help", *KINDS)}
    special = {kind: _settings(f"{name}.{kind}", table.get(kind, {})) for kind in KINDS}
    label = str(table.get("label", name.replace("-", " ").capitalize()))
    return Preset(name, label, str(table.get("help", "")), _settings(name, common), special)


def _settings(name: str, table: Any) -> Settings:
    if not isinstance(table, dict):
        raise TypeError(f"[{name}] must be a table")
    if "intent" in table:
        raise ValueError(f"[{name}] cannot name another intent")
    try:
        settings: Settings = settings_from_map(Settings, table)
    except InpaintError as error:
        raise ValueError(f"[{name}] {error.message.rstrip('.')}") from error
    return settings
