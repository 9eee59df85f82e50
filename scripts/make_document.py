"""Write the tables of protocol/PROTOCOL.md: python -m scripts.make_document"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, get_type_hints

from scripts.make_vectors import PROTOCOL, type_name

from inpaintd_protocol import errors, limits
from inpaintd_protocol.settings import (
    Control,
    Lora,
    Reference,
    Settings,
    Settled,
    SettledStage,
    Stage,
)

_AS_USED: dict[type[Any], type[Any]] = {Settings: Settled, Stage: SettledStage}

DOCUMENT = PROTOCOL / "PROTOCOL.md"


def document(text: str) -> str:
    """The document with all its generated parts made anew."""
    for name, lines in {
        "settings": settings_tables(),
        "errors": error_table(),
        "limits": limit_table(),
    }.items():
        between = re.compile(f"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        made = "".join(line + "\n" for line in lines)
        text, count = between.subn(lambda m, made=made: m[1] + made + m[2], text)  # type: ignore[misc]
        assert count == 1, name
    return text


def settings_tables() -> Iterator[str]:
    for cls in (Settings, Control, Lora, Reference, Stage):
        yield f"**{cls.__name__}**"
        yield ""
        yield "| field | type | default | range | meaning |"
        yield "|---|---|---|---|---|"
        hints = get_type_hints(_AS_USED.get(cls, cls))
        for field in dataclasses.fields(cls):
            kind = type_name(hints[field.name]).replace("str", "text")
            kind = kind.replace("SettledStage", "Stage")
            default = _literal(field.metadata["fallback"])
            yield (
                f"| `{field.name}` | {kind} | {default} | {_range(field)} "
                f"| {field.metadata['help']} |"
            )
        yield ""


def error_table() -> Iterator[str]:
    yield "| code | category | meaning |"
    yield "|---|---|---|"
    for code, (category, meaning) in errors.ERRORS.items():
        yield f"| `{code}` | {category} | {meaning} |"


def limit_table() -> Iterator[str]:
    yield "| limit | value | meaning |"
    yield "|---|---|---|"
    body = ast.parse(inspect.getsource(limits)).body
    for assignment, text in pairwise(body):
        if isinstance(assignment, ast.Assign) and isinstance(text, ast.Expr):
            (target,) = assignment.targets
            assert isinstance(target, ast.Name)
            assert isinstance(text.value, ast.Constant)
            value = getattr(limits, target.id)
            meaning = " ".join(str(text.value.value).split())
            yield f"| `{target.id}` | {value:,} | {meaning} |"


def _literal(value: object) -> str:
    if value is None:
        return "nil"
    if value == ():
        return "[]"
    if isinstance(value, str):
        return f"`{value}`" if value else '""'
    return str(value).lower()


def _range(field: dataclasses.Field[Any]) -> str:
    metadata = field.metadata
    if metadata["choices"]:
        return ", ".join(f"`{choice}`" for choice in metadata["choices"])
    if metadata["minimum"] is not None:
        unit = f" {metadata['unit']}" if metadata["unit"] else ""
        return f"{metadata['minimum']} to {metadata['maximum']}{unit}"
    if metadata["characters"] != limits.TEXT_CHARACTERS:
        return f"{metadata['characters']:,} characters"
    return ""


if __name__ == "__main__":
    DOCUMENT.write_text(
        document(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8", newline="\n"
    )
