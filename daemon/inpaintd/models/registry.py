"""Which models there are. Standard library only: the daemon answers `models` and `plan` with it."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from inpaintd.pipeline.plan import WorkSizes
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import ModelInfo

BUILT_IN_DEFAULT = "patchmatch"
"""The model of a request that names none, until the user chooses another."""

_SHIPPED = Path(__file__).with_name("models.toml")
_USER_FILE = "models.toml"


@dataclass(frozen=True)
class Entry:
    """One model: a table of models.toml."""

    name: str
    title: str
    engine: str
    native_side: int | None = None
    multiple: int = 1
    needs: str = ""
    honours: tuple[str, ...] = field(default=())

    @property
    def sizes(self) -> WorkSizes:
        return WorkSizes(native_side=self.native_side, multiple=self.multiple)


@dataclass(frozen=True)
class Registry:
    """All models by name, and the name of the default one."""

    entries: dict[str, Entry]
    default: str

    def find(self, name: str) -> Entry:
        """The entry of this name; the default one for the empty name.

        Raises:
            InpaintError: `unknown_model`, naming the nearest names.
        """
        entry = self.entries.get(name or self.default)
        if entry is None:
            near = difflib.get_close_matches(name, self.entries, n=3) or sorted(self.entries)
            raise InpaintError(
                "unknown_model",
                f"There is no model named {name[:80]!r}.",
                f"Known are, among others: {', '.join(near[:5])}. See: inpaintd models list",
            )
        return entry

    def infos(self) -> tuple[ModelInfo, ...]:
        return tuple(
            ModelInfo(
                name=e.name,
                title=e.title,
                engine=e.engine,
                installed=True,
                default=e.name == self.default,
                native_side=e.native_side,
                multiple=e.multiple,
                needs=e.needs,
                honours=e.honours,
            )
            for e in self.entries.values()
        )


def load_registry(home: Path) -> Registry:
    """The shipped models, with the user's models.toml laid over them.

    Raises:
        InpaintError: `unreadable` when the user's file is not valid.
    """
    user_file = home / _USER_FILE
    try:
        changed_at = user_file.stat().st_mtime_ns if user_file.exists() else 0
        return _load(user_file, changed_at)
    except (OSError, ValueError, TypeError) as error:
        raise InpaintError(
            "unreadable",
            f"The file {user_file} is not a valid list of models: {error}.",
            "Correct it, or move it away to have the shipped models alone.",
        ) from error


@lru_cache(maxsize=1)
def _load(user_file: Path, changed_at: int) -> Registry:
    """The registry as of this change of the user's file; 0 means that there is no such file."""
    tables = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    default = BUILT_IN_DEFAULT
    if changed_at:
        user = tomllib.loads(user_file.read_text(encoding="utf-8"))
        default = user.pop("default", default)
        for name, table in user.items():
            tables[name] = tables.get(name, {}) | table
    return Registry({name: _entry(name, table) for name, table in tables.items()}, default)


def _entry(name: str, table: dict[str, Any]) -> Entry:
    known = {f.name for f in fields(Entry)}
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(f"[{name}] has no setting {unknown[0]!r}")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    return Entry(name=name, **values)
