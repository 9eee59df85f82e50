"""Disk usage of models, and their removal."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from inpaintd.models.installed import folder_of, is_path
from inpaintd.models.registry import Entry, Registry
from inpaintd.models.transfer import bytes_in
from inpaintd.models.user_file import remove_entry, unset_default
from inpaintd_protocol.errors import InpaintError


@dataclass(frozen=True)
class Usage:
    """Disk usage of one model.

    Attributes:
        bytes: of its own folder, or of the folder or file it is used from.
        own: whether inpaintd fetched it, so that removing it frees the room.
        whole: whether all of it has been fetched.
        used_by: the models that it is a part of.
    """

    name: str
    bytes: int
    own: bool
    whole: bool
    used_by: tuple[str, ...]


def usage(registry: Registry) -> list[Usage]:
    """The disk usage of each model with files on this disk, largest first."""
    found = []
    for entry in registry.entries.values():
        place = _place(registry, entry)
        if place is None or not place.exists():
            continue
        size = place.stat().st_size if place.is_file() else bytes_in(place)
        found.append(
            Usage(
                entry.name,
                size,
                own=not is_path(entry.source),
                whole=registry.installed(entry),
                used_by=_users(registry, entry),
            )
        )
    return sorted(found, key=lambda one: -one.bytes)


def remove(registry: Registry, entry: Entry, *, force: bool = False) -> int:
    """Remove a model; return the number of bytes freed.

    Downloaded files are deleted. A model used in place keeps its files, and is only unlisted.

    Args:
        force: whether to remove a part that installed models need.

    Raises:
        InpaintError: `unsupported` for a model that is built in or still needed, `model_missing`,
            `unwritable`.
    """
    place = _place(registry, entry)
    if place is None:
        raise InpaintError("unsupported", f"{entry.name} is built in, so it cannot be removed.")
    users = _users(registry, entry)
    if users and not force:
        raise InpaintError(
            "unsupported",
            f"{entry.name} is a part of {', '.join(users)}.",
            "Remove those first, or add --force.",
        )
    listed = remove_entry(registry.home, entry.name)
    freed = 0
    if not is_path(entry.source) and place.exists():
        freed = bytes_in(place)
        try:
            shutil.rmtree(place)
        except OSError as error:
            raise InpaintError(
                "unwritable",
                f"{place} cannot be removed: {error.strerror}.",
                "A worker may be using it: inpaintd stop, then try again.",
            ) from error
    elif not listed:
        raise InpaintError("model_missing", f"{entry.name} is not installed.")
    unset_default(registry.home, entry.name)
    return freed


def _place(registry: Registry, entry: Entry) -> Path | None:
    if not entry.source:
        return None
    return folder_of(registry.home, entry.name, entry.source)


def _users(registry: Registry, entry: Entry) -> tuple[str, ...]:
    others = registry.entries.values()
    return tuple(
        other.name for other in others if entry.name in other.parts and registry.installed(other)
    )
