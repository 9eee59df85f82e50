"""Checks of models.toml, so that a mistake is reported when it is read, not at the first fill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inpaintd_protocol.codec import settings_from_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Control, Settings, settings_fields

_CHOICES: dict[str, tuple[str, ...]] = {
    "kind": ("model", "controlnet", "ip-adapter", "few-steps", "preview-decoder", "part"),
    "commercial": ("", "yes", "no", "limited"),
    "detail": ("", "patches"),
    "trained": ("", "inpainting", "plain", "editing"),
    "control": ("", *Control.__dataclass_fields__["kind"].metadata["choices"], "union"),
}


def checked(name: str, table: object, types: Mapping[str, str]) -> dict[str, Any]:
    """Convert one model's table to the values of an `Entry`.

    Args:
        types: the annotation of each field that a table may have.

    Raises:
        ValueError: the message says what is wrong.
    """
    if not name or not isinstance(table, dict):
        raise ValueError(f"{name!r} is no table with the name of a model")
    values: dict[str, Any] = {}
    for field, value in table.items():
        if field not in types:
            raise ValueError(f"[{name}] has no setting {field!r}")
        if wrong := _wrong(value, types[field], _CHOICES.get(field)):
            raise ValueError(f"[{name}] {field} must be {wrong}")
        values[field] = tuple(value) if isinstance(value, list) else value
    if lacking := [field for field in ("title", "engine") if not values.get(field)]:
        raise ValueError(f"[{name}] lacks {lacking[0]}")
    if "defaults" in values:
        values["defaults"] = _settings(name, values["defaults"])
    return values


def check_parts(parts: Mapping[str, tuple[str, ...]]) -> None:
    """Check that all parts of all models are listed, and that none is a part of itself.

    Args:
        parts: for each model, the names of the entries it needs.

    Raises:
        ValueError: the message says what is wrong.
    """
    for name in parts:
        seen: set[str] = set()
        todo = list(parts[name])
        while todo:
            part = todo.pop()
            if part not in parts:
                raise ValueError(f"[{name}] is made with {part!r}, and there is no such model")
            if part == name:
                raise ValueError(f"[{name}] is a part of itself")
            if part not in seen:
                seen.add(part)
                todo += parts[part]


def _wrong(value: object, annotation: str, choices: tuple[str, ...] | None) -> str:
    """The requirement that a value violates; empty when it is valid."""
    if choices is not None:
        return "" if value in choices else " or ".join(choice for choice in choices if choice)
    whole = isinstance(value, int) and not isinstance(value, bool) and value > 0
    texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    numbers = isinstance(value, dict) and all(_is_number(item) for item in value.values())
    fits, wanted = {
        "str": (isinstance(value, str), "a text"),
        "int": (whole, "a whole number above 0"),
        "float": (_is_number(value), "a number above 0"),
        "int | None": (whole, "a whole number above 0"),
        "tuple[str, ...]": (texts, "a list of texts"),
        "Mapping[str, float]": (numbers, "a table of numbers above 0"),
        "Mapping[str, Any]": (isinstance(value, dict), "a table"),
    }[annotation]
    return "" if fits else wanted


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _settings(name: str, table: dict[str, Any]) -> dict[str, Any]:
    try:
        settings: Settings = settings_from_map(Settings, table)
    except InpaintError as error:
        raise ValueError(f"[{name}] defaults: {error.message.rstrip('.')}") from error
    names = [field.name for field in settings_fields() if field.name in table]
    return {field: getattr(settings, field) for field in names}
