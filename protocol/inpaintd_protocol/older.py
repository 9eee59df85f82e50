"""Conversion of values written by older versions of the protocol."""

from __future__ import annotations

from typing import Any

from .settings import Settings, Stage

UNSET_SINCE = (1, 2)
"""Version from which a setting can be unset. Before it, the default meant unset."""

_DEFAULTS_UNTIL_1_1: dict[type[Any], dict[str, Any]] = {
    cls: {f.name: f.metadata["fallback"] for f in cls.__dataclass_fields__.values()}
    for cls in (Settings, Stage)
}
"""Former defaults. Add the old value here when a setting's default changes."""


def brought_up_to_date(
    cls: type[Any], values: dict[str, Any], version: tuple[int, int]
) -> dict[str, Any]:
    """Convert the map of a `cls` to the form that the present version would have written.

    A setting at its default counts as unset, as older versions wrote both alike. And nil kept the
    heat map of a text mask soft, which is now a threshold of 0.
    """
    if version >= UNSET_SINCE or cls not in _DEFAULTS_UNTIL_1_1:
        return values
    defaults = _DEFAULTS_UNTIL_1_1[cls]
    kept = {name: v for name, v in values.items() if name not in defaults or v != defaults[name]}
    if kept.get("text_mask_threshold", ...) is None:
        kept["text_mask_threshold"] = 0.0
    return kept
