"""Edits of the user's models.toml that leave the rest of it untouched."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from inpaintd_protocol.errors import InpaintError

USER_FILE = "models.toml"

_LOCK_SECONDS = 30.0
_TABLE = re.compile(r"^(?=\[)", re.MULTILINE)
_DEFAULT = re.compile(r"^default\s*=.*$", re.MULTILINE)


def set_default(home: Path, name: str) -> None:
    """Make a model the default for requests that name none.

    Raises:
        InpaintError: `unwritable`.
    """
    line = f"default = {_quoted(name)}"
    with _changing(home) as path:
        head, tables = _split(_read(path))
        head = _DEFAULT.sub(lambda _: line, head) if _DEFAULT.search(head) else f"{line}\n{head}"
        _write(path, head + tables)


def add_entry(home: Path, name: str, values: Mapping[str, str | int]) -> None:
    """Append a table.

    Raises:
        InpaintError: `unwritable`, or `unsupported` when a table of that name exists.
    """
    lines = [f"[{_quoted(name)}]", *(f"{k} = {_quoted(v)}" for k, v in values.items())]
    with _changing(home) as path:
        text = _read(path)
        if name in tomllib.loads(text):
            raise name_taken(name)
        separator = "\n" if text and not text.endswith("\n\n") else ""
        _write(path, text + separator + "\n".join(lines) + "\n")


def remove_entry(home: Path, name: str) -> bool:
    """Remove a table and the tables inside it; return False when there is none.

    Raises:
        InpaintError: `unwritable`.
    """
    with _changing(home) as path:
        text = _read(path)
        tables = _TABLE.split(text)
        kept = [table for table in tables if name not in tomllib.loads(table)]
        if len(kept) == len(tables):
            return False
        _write(path, "".join(kept))
    return True


def unset_default(home: Path, name: str) -> None:
    """Restore the built-in default if this model is the default.

    Raises:
        InpaintError: `unwritable`.
    """
    with _changing(home) as path:
        text = _read(path)
        if tomllib.loads(text).get("default") == name:
            head, tables = _split(text)
            _write(path, _DEFAULT.sub("", head).lstrip("\n") + tables)


def name_taken(name: str) -> InpaintError:
    """The error for a second model of the same name."""
    return InpaintError(
        "unsupported", f"There is a model named {name} already.", "Choose another: --name NAME"
    )


def _quoted(value: str | int) -> str:
    # TOML has the escapes of JSON, but no pairs of surrogates, and it forbids a bare DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@contextmanager
def _changing(home: Path) -> Iterator[Path]:
    """Open the user's file while no other process can change it."""
    path = (home / USER_FILE).resolve()  # keeps a link to the file a link
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(home / ".models.lock", timeout=_LOCK_SECONDS)
        lock.acquire()
    except (OSError, Timeout) as error:
        raise _unwritable(path, error) from error
    try:
        yield path
    finally:
        lock.release()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig") if path.exists() else ""


def _split(text: str) -> tuple[str, str]:
    """Split into the lines before the first table, and the rest."""
    start = re.search(r"^\[", text, re.MULTILINE)
    at = start.start() if start else len(text)
    return text[:at], text[at:]


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> InpaintError:
    return InpaintError(
        "unwritable",
        f"{path} cannot be written: {error.strerror or 'another program keeps it locked'}.",
        "Check its permissions, and whether the disk is full.",
    )
