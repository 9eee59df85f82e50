"""`inpaintd.toml` and sidecars: settings for filling and for watching."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from inpaintd.files.formats import format_of
from inpaintd.setting_names import read_settings
from inpaintd_protocol.codec import settings_from_map, settings_to_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Reference, Settings

from .layout import SETTINGS_FILE, Layout

_WATCH_TABLE = "watch"
_SHARED = ("mask", "reference")
"""Roles that one picture, beside inpaintd.toml and named in it, may have for a whole folder."""

_WEIGHT = "reference_weight"
_BYTES = 1 << 20


@dataclass(frozen=True)
class WatchOptions:
    """The table [watch] of the hot folder's inpaintd.toml.

    Attributes:
        settle_seconds: how long a file must be unchanged before it is opened.
        patience_seconds: how long half a pair, or a file that cannot be decoded, may wait for
            its other half.
        scan_seconds: interval between scans of the folder, whatever the system reports.
        processes: how many pictures are decoded or written at a time; 0: one per core, at
            most 8.
        ahead: how many more pictures are in progress than that: those that the daemon has. More
            workers than this are never all at work.
    """

    settle_seconds: float = 1.0
    patience_seconds: float = 60.0
    scan_seconds: float = 5.0
    processes: int = 0
    ahead: int = 2


def read_watch_options(layout: Layout) -> WatchOptions:
    """Read the options of this hot folder.

    Raises:
        InpaintError: `unreadable` when inpaintd.toml is not valid.
    """
    path = layout.root / SETTINGS_FILE
    table = _read_toml(path).get(_WATCH_TABLE, {}) if path.is_file() else {}
    known = {f.name for f in fields(WatchOptions)}
    for name, value in table.items() if isinstance(table, dict) else [(_WATCH_TABLE, table)]:
        if name not in known:
            raise _invalid(path, f"[{_WATCH_TABLE}] has no option {name!r}")
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 1e6:
            raise _invalid(path, f"{name} must be a number of seconds")
        if name in ("processes", "ahead") and not isinstance(value, int):
            raise _invalid(path, f"{name} must be a whole number")
    return WatchOptions(**table)


def merged_settings(layers: Iterable[Mapping[str, Any]]) -> Settings:
    """Merge maps of fields into settings; later ones override earlier ones.

    Raises:
        InpaintError: `bad_message` naming the invalid field.
    """
    together: dict[str, Any] = {}
    for layer in layers:
        together |= layer
    settings: Settings = settings_from_map(Settings, together)
    return settings


def folder_layers(layout: Layout, relative: PurePosixPath) -> list[dict[str, Any]]:
    """The contents of the inpaintd.toml files that apply to a file of the inbox, outermost first.

    Raises:
        InpaintError: `unreadable` or `bad_message` when one of them is invalid.
    """
    layers = []
    for path, table in _settings_files(layout, relative):
        own = {role for role in _SHARED if not isinstance(table.get(role), list)}
        settings = {k: v for k, v in table.items() if k != _WATCH_TABLE and k not in own}
        layers.append(_read_layer(settings, str(path.relative_to(layout.root))))
    return layers


def shared_picture(layout: Layout, relative: PurePosixPath, role: str) -> Path | None:
    """The mask or reference for a file of the inbox without its own: the innermost folder's.

    Raises:
        InpaintError: `unreadable` when the name is not that of a file next to inpaintd.toml.
    """
    found = None
    for path, table in _settings_files(layout, relative):
        if role in table and not isinstance(table[role], list):
            name = _shared_name(table, role)
            if name is None:
                raise _invalid(path, f"{role} must be the name of a picture in the same folder")
            found = path.with_name(name) if name else None
    return found


def shared_names(folder: Path) -> frozenset[str]:
    """The pictures in this folder that its inpaintd.toml names as mask or reference."""
    try:
        table = _read_toml(folder / SETTINGS_FILE)
    except InpaintError:
        return frozenset()  # reported with each picture there
    return frozenset(name for role in _SHARED if (name := _shared_name(table, role)))


def _settings_files(
    layout: Layout, relative: PurePosixPath
) -> Iterator[tuple[Path, dict[str, Any]]]:
    folders = [layout.root]
    if not layout.in_place:
        folders.append(layout.inbox)
    folders += [layout.inbox / parent for parent in reversed([*relative.parents][:-1])]
    for folder in folders:
        path = folder / SETTINGS_FILE
        if path.is_file() and not path.is_symlink():
            yield path, _read_toml(path)


def _shared_name(table: Mapping[str, Any], role: str) -> str | None:
    """The name of a folder's mask or reference; empty for none; None for what cannot be a name."""
    name = table.get(role, "")
    if name == "":
        return ""
    if not isinstance(name, str) or name != PurePath(name).name or "\\" in name or ":" in name:
        return None
    return name if format_of(PurePath(name)) is not None else None


def sidecar_layer(name: str, data: bytes) -> dict[str, Any]:
    """The contents of a sidecar NAME.toml or NAME.txt.

    Raises:
        InpaintError: `unreadable`, or `bad_message` for invalid settings.
    """
    if name.lower().endswith(".txt"):
        try:
            return {"prompt": " ".join(data.decode("utf-8-sig").split())}
        except UnicodeDecodeError as error:
            raise InpaintError(
                "unreadable", f"{name} is not UTF-8 text.", "Save it as plain text, UTF-8."
            ) from error
    return _read_layer(_parse_toml(data, name), name)


def recipe_layer(recipe: Settings) -> dict[str, Any]:
    """The settings from a picture's own recipe; its references are other pictures."""
    return settings_to_map(replace(recipe, references=None))


def with_reference(settings: Settings, *, there: bool) -> Settings:
    """The settings for a drop with, or without, a reference picture.

    Raises:
        InpaintError: `bad_message` for the weights of several references.
    """
    weights = settings.references or (Reference(),)
    if there and len(weights) > 1:
        raise InpaintError(
            "bad_message",
            f"The settings give weights for {len(weights)} references, but a dropped picture has "
            "only one.",
            f"Write one weight: {_WEIGHT} = {weights[0].weight:g}",
        )
    return replace(settings, references=weights if there else None)


def _read_layer(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The settings in a file, by field, with the reference's weight as the field that has it."""
    values = dict(values)
    if _WEIGHT in values:
        values["references"] = [{"weight": values.pop(_WEIGHT)}]
    return read_settings(values, where)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_BYTES + 1)
    except OSError as error:
        raise _invalid(path, os.strerror(error.errno or 0)) from error
    return _parse_toml(data, str(path))


def _parse_toml(data: bytes, name: str) -> dict[str, Any]:
    if len(data) > _BYTES:
        raise _invalid(name, "it is too long")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _invalid(name, "it is not UTF-8 text") from error
    except ValueError as error:
        raise _invalid(name, str(error)) from error


def _invalid(name: Path | str, reason: str) -> InpaintError:
    return InpaintError(
        "unreadable",
        f"{name} is not valid: {reason}.",
        "Correct it; for the names of the settings, see: inpaintd fill --help-all",
    )
