"""Checks of models: the list, the files, and a real fill with each that is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inpaintd.doctor.finding import Finding, fault, ok
from inpaintd.launch.background import connect_or_start
from inpaintd.models.parts import check_complete
from inpaintd.models.registry import Entry, Registry, load_registry
from inpaintd.shell_words import command
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings

_SIDE = 64


def check_models(home: Path) -> Iterator[Finding]:
    """Check that models.toml is valid, the default usable, and installed models complete."""
    try:
        registry = load_registry(home)
    except InpaintError as error:
        yield fault("models", error.message, error.hint)
        return
    yield from _default(registry)
    for entry in registry.entries.values():
        if entry.source and registry.installed(entry):
            yield _whole(registry, entry)
        elif entry.source and not entry.install_command:
            yield fault(
                "models",
                f"The file of {entry.name} is gone: {entry.source}.",
                f"Put it back, or: {command('inpaintd', 'models', 'remove', entry.name)}",
            )


def _default(registry: Registry) -> Iterator[Finding]:
    try:
        entry = registry.filling("")
        if not registry.installed(entry):
            registry.folder(entry)
    except InpaintError as error:
        yield fault(
            "models",
            f"The default model, {registry.default}, cannot be used: {error.message}",
            error.hint or "Choose another: inpaintd models use patchmatch",
        )
    else:
        yield ok("models", f"Fills without a named model use {entry.name}.")


def _whole(registry: Registry, entry: Entry) -> Finding:
    folder = registry.folder(entry)
    remedy = (
        entry.install_command
        or f"Get its files again, or: {command('inpaintd', 'models', 'remove', entry.name)}"
    )
    try:
        if folder.is_dir() and not entry.files:
            check_complete(folder, entry.name, remedy, headers=True)
    except InpaintError as error:
        return fault("models", error.message, remedy)
    missing = [name for name in entry.files if not (folder / name).is_file()]
    if folder.is_dir() and missing:
        return fault("models", f"{entry.name} lacks {', '.join(missing)}.", remedy)
    return ok("models", f"{entry.name} is installed.")


def check_fills(home: Path, seconds: float) -> Iterator[Finding]:
    """A real fill of a small picture with each installed model, through the daemon.

    Args:
        seconds: how long each may take; large models need minutes to load.
    """
    try:
        registry = load_registry(home)
        ready = [e for e in registry.entries.values() if e.kind == "model"]
        ready = [entry for entry in ready if registry.installed(entry)]
        with connect_or_start("inpaintd doctor") as client:
            for entry in ready:
                try:
                    done = client.inpaint(
                        _picture(),
                        Settings(model=entry.name, steps=2, seed=1, strength=1.0),
                        timeout_seconds=seconds,
                    )
                except InpaintError as error:
                    yield fault("fill", f"{entry.name}: {error.message}", error.hint)
                else:
                    yield ok("fill", f"{entry.name} fills, in {done.engine_seconds:.1f} s.")
    except InpaintError as error:
        yield fault("fill", error.message, error.hint)


def _picture() -> Plane:
    """Stripes with a square hole."""
    pixels = bytearray()
    for y in range(_SIDE):
        for x in range(_SIDE):
            hole = 24 <= x < 40 and 24 <= y < 40
            pixels += bytes((x * 4, 255 * (y // 8 % 2), 128, 0 if hole else 255))
    return Plane(_SIDE, _SIDE, 4, "u8", bytes(pixels))
