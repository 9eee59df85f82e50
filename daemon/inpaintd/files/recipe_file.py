"""Recipes in files: inside a result, or as a file of their own."""

from __future__ import annotations

from pathlib import Path

from inpaintd_protocol.settings import Settings

from .file_bytes import read_bytes
from .reading import read_file
from .recipe import MOST_BYTES, parse_recipe, recipe_in


def read_recipe(path: Path, *, model: str | None = None) -> Settings:
    """Read the settings in a result picture, or in a JSON file that contains a recipe.

    Args:
        model: as for `parse_recipe`.

    Raises:
        InpaintError: `unreadable` when there is no recipe in it.
    """
    return parse_recipe(recipe_text(path), path.name, model=model)


def recipe_text(path: Path) -> str:
    """The text of the recipe in a result picture or JSON file; empty if it has none.

    Raises:
        InpaintError: `unreadable`.
    """
    if path.suffix.lower() != ".json":
        return recipe_in(read_file(path))
    return read_bytes(path, MOST_BYTES + 1).decode("utf-8-sig", "replace")
