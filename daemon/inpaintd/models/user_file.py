"""Changing the user's models.toml without touching the rest of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from inpaintd_protocol.errors import InpaintError

USER_FILE = "models.toml"

_DEFAULT = re.compile(r"^default\s*=.*$", re.MULTILINE)


def set_default(home: Path, name: str) -> None:
    """Make a model the one that is used when a request names none.

    Raises:
        InpaintError: `unwritable`.
    """
    path = home / USER_FILE
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    line = f"default = {_quoted(name)}"
    head, tables = _split(text)
    head = _DEFAULT.sub(lambda _: line, head) if _DEFAULT.search(head) else f"{line}\n{head}"
    _write(path, head + tables)


def add_entry(home: Path, name: str, values: Mapping[str, str | int]) -> None:
    """Append a table.

    Raises:
        InpaintError: `unwritable`.
    """
    path = home / USER_FILE
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    lines = [f"[{_quoted(name)}]", *(f"{k} = {_quoted(v)}" for k, v in values.items())]
    separator = "\n" if text and not text.endswith("\n\n") else ""
    _write(path, text + separator + "\n".join(lines) + "\n")


def _quoted(value: str | int) -> str:
    # TOML has the escapes of JSON, but no pairs of surrogates.
    return json.dumps(value, ensure_ascii=False)


def _split(text: str) -> tuple[str, str]:
    """The lines before the first table, and the rest."""
    start = re.search(r"^\[", text, re.MULTILINE)
    at = start.start() if start else len(text)
    return text[:at], text[at:]


def _write(path: Path, text: str) -> None:
    path = path.resolve()  # a link stays a link
    temporary = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise InpaintError(
            "unwritable",
            f"{path} cannot be written: {error.strerror}.",
            "Check its permissions, and whether the disk is full.",
        ) from error
