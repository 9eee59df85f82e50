"""Settings with parts, typed as one word: `tile:weight=0.8,downsampling_rate=2`."""

from __future__ import annotations

import re
from dataclasses import fields
from types import NoneType
from typing import Any, get_args, get_type_hints

from inpaintd_protocol.codec import settings_from_map
from inpaintd_protocol.errors import InpaintError

_NEXT_KEY = re.compile(r",(?=\w+=)")  # a comma within a prompt does not end it


def parse_item(cls: type[Any], text: str) -> Any:
    """Parse a `Control`, `Lora` or `Stage` from `FIRST[:KEY=VALUE,...]`; FIRST is its first field.

    Raises:
        InpaintError: `bad_message` naming the mistake.
    """
    hints = get_type_hints(cls)
    first, _, rest = text.partition(":")
    values: dict[str, Any] = {fields(cls)[0].name: first}
    for part in _NEXT_KEY.split(rest) if rest else []:
        key, equals, value = part.partition("=")
        if not equals or key not in hints:
            raise InpaintError(
                "bad_message", f"{part!r} is not understood. Write it as {usage_of(cls)}"
            )
        values[key] = _number(value, hints[key], key)
    return settings_from_map(cls, values)


def usage_of(cls: type[Any]) -> str:
    """The syntax of such an item, for error messages."""
    if cls is str:
        return "NAME"
    first, *others = [f.name for f in fields(cls)]
    return f"{first.upper()}[:{','.join(f'{name}=' for name in others)}]"


def _number(value: str, kind: Any, key: str) -> Any:
    if kind is str:
        return value
    if NoneType in get_args(kind):
        if value.lower() == "none":
            return None
        kind = get_args(kind)[0]
    try:
        return kind(value)
    except ValueError as error:
        raise InpaintError("bad_message", f"{key}={value} is not a number.") from error
