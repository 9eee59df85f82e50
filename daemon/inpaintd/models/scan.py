"""Taking in the models that other programs keep, by reference: nothing is copied.

ComfyUI and Automatic1111 keep single files in folders by kind, InvokeAI folders in the layout of
diffusers, too. What a file is, its tensors say, so the folders' names do not matter.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from inpaintd.models.gguf import SUFFIX as GGUF
from inpaintd.models.installed import is_path, place_of
from inpaintd.models.parts import INDEX
from inpaintd.models.registry import load_registry
from inpaintd.models.unlisted import install_unlisted
from inpaintd.models.weights import SUFFIX
from inpaintd_protocol.errors import InpaintError

_LINKED = {"is a LoRA": "loras", "is a textual embedding": "embeddings"}
"""Folders of the daemon's own, by what is said of a file that belongs into one."""


@dataclass
class Scanned:
    """The result of a scan.

    Attributes:
        listed: names of models that can be used from now on.
        linked: LoRAs and embeddings that can be used from now on.
        known: how many were listed before.
        unusable: by file, the reason why it cannot be used.
    """

    listed: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    known: int = 0
    unusable: dict[str, str] = field(default_factory=dict)


def scan(home: Path, folder: Path) -> Scanned:
    """List every model below a folder that can be used; link LoRAs and embeddings.

    Raises:
        InpaintError: `unreadable` when there is no such folder, `unwritable`.
    """
    if not folder.is_dir():
        raise InpaintError("unreadable", f"There is no folder {folder}.", "Name an existing one.")
    found = Scanned()
    for place in _candidates(folder.resolve()):
        registry = load_registry(home)
        sources = (e.source for e in registry.entries.values() if is_path(e.source))
        if any(place_of(source) == place for source in sources):
            found.known += 1
            continue
        name = _free_name(registry.entries, place)
        try:
            install_unlisted(registry, str(place), name, lambda _: None)
            found.listed.append(name)
        except InpaintError as error:
            if error.code == "unwritable":
                raise
            kind = next((f for says, f in _LINKED.items() if says in error.message), None)
            if kind is None:
                found.unusable[str(place)] = error.message
            elif _link(home / kind / place.name, place):
                found.linked.append(place.stem)
            else:
                found.known += 1
    return found


def _candidates(folder: Path) -> Iterator[Path]:
    """Folders with an index, and single files outside them; links are not followed."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        if INDEX in files:
            folders.clear()
            yield Path(place)
            continue
        for name in sorted(files):
            if name.lower().endswith((SUFFIX, GGUF)):
                yield Path(place, name)


def _free_name(taken: Container[str], place: Path) -> str:
    base = (place.stem if place.is_file() else place.name).lower().strip(". -") or "model"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name


def _link(link: Path, place: Path) -> bool:
    """Make a link to a file; False when there is one of that name."""
    if link.exists() or link.is_symlink():
        return False
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            link.symlink_to(place)
        except OSError:  # Windows lets only some users make symbolic links
            link.hardlink_to(place)
    except OSError as error:
        raise InpaintError(
            "unwritable",
            f"{link} cannot be made: {error.strerror}.",
            f"Copy {place} into {link.parent} by hand.",
        ) from error
    return True
