"""Keeps the GIMP plug-in's translations whole: python scripts/translations.py

Adds texts that are new to each catalogue, drops those that are gone, and compiles the catalogues.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from inpaintd_protocol.settings import Settings

PLUG_IN = Path(__file__).parents[1] / "plugins" / "gimp" / "inpaint"
LANGUAGES = ("de", "he")

_CALLS = {"_": 0, "_error": 1, "_notice": 1, "Option": 0, "Command": 0, "WindowCommand": 0}
"""Functions whose texts are for people, and the first argument that is one."""

_TABLES = {
    "COMBINATIONS",
    "COMMERCIAL",
    "PARTS",
    "PLACEMENTS",
    "RESULTS",
    "SAMPLES",
    "SOURCES",
    "STARTING",
    "TEMPLATES",
    "_CLICKS",
    "_HINTS",
    "_INTENTS",
    "_JOINED",
    "_LABELS",
    "_MADE_OTHERWISE",
    "_NOTHING_OF",
    "_PHASES",
    "_PICTURES",
    "_SIDES",
    "_ZERO",
}
"""Module-level names whose texts are for people."""

_NOT_IN_GIMP = frozenset(["preview", "controls", "loras", "embeddings", "stages"])

_OTHERS = (
    "The earlier fill",
    "Waiting for {count} other request",
    "a layer group",
    "Please report it.",
    "The details are in {log}; please send that file with a report.",
)


def texts() -> list[str]:
    """Everything that the plug-in shows, in English."""
    found = set(_OTHERS)
    for path in sorted((PLUG_IN / "inpaint_plugin").glob("*.py")):
        found.update(texts_of(ast.parse(path.read_text(encoding="utf-8"))))
    for field in fields(Settings):
        if field.name not in _NOT_IN_GIMP:
            about = field.metadata
            found.update((about["label"], about["help"]))
            found.update(choice.capitalize() for choice in about["choices"] or ())
    return sorted(text for text in found if any(character.isalpha() for character in text))


def catalogue_path(language: str) -> Path:
    return PLUG_IN / "locale" / language / "LC_MESSAGES" / "inpaintd.po"


def updated(language: str) -> Catalog:
    """The catalogue of a language with just the texts that there are."""
    with catalogue_path(language).open("rb") as file:
        old = read_po(file, locale=language)
    new = Catalog(locale=language, project="inpaintd", charset="utf-8", fuzzy=False)
    # Fixed: a catalogue changes only when its texts do.
    new.revision_date = new.creation_date = datetime(2026, 1, 1, tzinfo=UTC)
    for text in texts():
        message = old.get(text)
        if text == "Waiting for {count} other request":
            new.add((text, f"{text}s"), message.string if message else ("", ""))
        else:
            new.add(text, message.string if message else "")
    return new


def compiled(catalogue: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def main() -> None:
    for language in LANGUAGES:
        path = catalogue_path(language)
        catalogue = updated(language)
        with path.open("wb") as file:
            write_po(file, catalogue, omit_header=False, width=100)
        path.with_suffix(".mo").write_bytes(compiled(catalogue))
        missing = sum(1 for message in catalogue if message.id and not message.string)
        print(f"{language}: {len(catalogue)} texts, {missing} without a translation")


def texts_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            first = _CALLS.get(node.func.id)
            if first is not None:
                # The third text of a command is for those who write scripts.
                last = 2 if node.func.id == "Command" else None
                for argument in node.args[first:last]:
                    yield from _strings(argument)
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id in _TABLES for target in targets):
                yield from _strings(node.value)


def _strings(node: ast.AST | None) -> Iterator[str]:
    """The texts of an expression; keys of dictionaries are names, not texts."""
    if isinstance(node, ast.Dict):
        for value in node.values:
            yield from _strings(value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, (ast.Tuple, ast.IfExp)):
        for child in ast.iter_child_nodes(node):
            yield from _strings(child)


if __name__ == "__main__":
    main()
