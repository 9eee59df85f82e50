"""Checks of an installed model: every part, and every byte that the hub states a hash of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from inpaintd.models.gguf import SUFFIX as GGUF
from inpaintd.models.installed import MARKER
from inpaintd.models.parts import check_complete
from inpaintd.models.registry import Entry, Registry
from inpaintd.models.weights import SUFFIX, tensors_in
from inpaintd_protocol.errors import InpaintError

_CHUNK_BYTES = 1 << 20

OnBytes = Callable[[int], None]
"""Receives the number of bytes read since the last call."""


def verify(registry: Registry, entry: Entry, on_bytes: OnBytes = lambda _: None) -> None:
    """Read all files of an installed model.

    A damaged file of a model from the hub is removed, so that installing fetches it, and nothing
    else, again.

    Raises:
        InpaintError: `model_missing`, or `model_damaged` with the names of the files.
    """
    place = registry.folder(entry)
    if place.is_file():
        if place.suffix.lower() in (SUFFIX, GGUF):
            tensors_in(place)
        return
    damaged = [
        name
        for name, expected in hashes_of(place).items()
        if not (place / name).is_file() or sha256_of(place / name, on_bytes) != expected
    ]
    for name in damaged:
        (place / name).unlink(missing_ok=True)
    if damaged:
        (place / MARKER).unlink(missing_ok=True)
        raise InpaintError(
            "model_damaged",
            f"These files of {entry.name} were damaged or missing, and have been removed: "
            f"{', '.join(damaged)}.",
            f"Fetch them again: {entry.install_command}",
        )
    if not entry.files:
        command = entry.install_command
        remedy = f"Fetch what is missing: {command}" if command else f"Repair the folder {place}."
        check_complete(place, entry.name, remedy, headers=True)


def hashes_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of a fetched model's large files by name; empty for the user's own folder."""
    try:
        found = json.loads((folder / MARKER).read_text(encoding="utf-8"))["hashes"]
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def sha256_of(path: Path, on_bytes: OnBytes = lambda _: None) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            on_bytes(len(chunk))
    return digest.hexdigest()
