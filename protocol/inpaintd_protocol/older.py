"""What older versions of the protocol wrote differently, brought up to date."""

from __future__ import annotations

from typing import Any

from .settings import Settings, Stage

UNSET_SINCE = (1, 2)
"""Version from which a setting can be unset. Until then its default stood for that."""

_DEFAULTS_UNTIL_1_1: dict[type[Any], dict[str, Any]] = {
    cls: {f.name: f.metadata["fallback"] for f in cls.__dataclass_fields__.values()}
    for cls in (Settings, Stage)
}
"""Write the old value here for a setting whose default changes from now on."""


def brought_up_to_date(
    cls: type[Any], values: dict[str, Any], version: tuple[int, int]
) -> dict[str, Any]:
    """The map of a record of type `cls`, as the present version would have written it.

    A setting at its default was one that the user had not set, as both looked the same. And nil
    kept the heat map of a text mask soft, which is now a threshold of 0.
    """
    if version >= UNSET_SINCE or cls not in _DEFAULTS_UNTIL_1_1:
        return values
    defaults = _DEFAULTS_UNTIL_1_1[cls]
    kept = {name: v for name, v in values.items() if name not in defaults or v != defaults[name]}
    if kept.get("text_mask_threshold", ...) is None:
        kept["text_mask_threshold"] = 0.0
    return kept
