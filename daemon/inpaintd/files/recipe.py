"""Recipes: how a picture was made, stored inside it so that it can be made again.

PNG carries it as a text chunk, all other formats as a property in their XMP packet.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inpaintd import __version__
from inpaintd_protocol import PROTOCOL_VERSION
from inpaintd_protocol.codec import settings_from_map, settings_to_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings

from . import vips, xmp
from .formats import BY_NAME
from .picture import Picture

MOST_BYTES = 1 << 20
"""Longest recipe to read: prompts are limited, so ours take a few kilobytes."""

_XMP = "xmp-data"
_PROPERTY = "recipe"

_BEFORE_VERSIONS = (1, 1)
"""Protocol version of recipes that do not name one."""

_PNG_COMMENT = re.compile(r"png-comment-\d+-inpaintd")


def make_recipe(
    settings: Settings,
    *,
    model: str,
    seed: int,
    used: Settings | None = None,
    files: Mapping[str, Any] | None = None,
) -> str:
    """ASCII JSON of everything needed to make one variant again.

    Args:
        settings: as requested.
        used: as applied, including the model's preferences.
        files: the names of the files it is made from, for `files_in`.
    """
    asked = settings_to_map(replace(settings, model=model, seed=seed, count=1))
    recipe = {"inpaintd": __version__, "protocol": list(PROTOCOL_VERSION), "settings": asked}
    more = {k: v for k, v in settings_to_map(used or Settings()).items() if k not in asked}
    if more:
        recipe["used"] = more
    return json.dumps(recipe | ({"files": files} if files else {}))


def embed_recipe(image: Any, recipe: str, format_name: str) -> Any:
    """The same image with the recipe, which replaces any older one."""
    image = image.copy()
    if BY_NAME[format_name].recipe == "comment":
        for name in vips.fields(image):
            if _PNG_COMMENT.fullmatch(name):
                image.remove(name)
        position = sum(name.startswith("png-comment-") for name in vips.fields(image))
        vips.set_text(image, f"png-comment-{position}-inpaintd", recipe)
    else:
        packet = image.get(_XMP) if image.get_typeof(_XMP) else b""
        vips.set_blob(image, _XMP, xmp.with_property(packet, _PROPERTY, recipe))
    return image


def files_in(recipe: str) -> dict[str, Any] | None:
    """The file names in the text of a recipe, if it has any."""
    try:
        files = _parsed(recipe).get("files")
    except (ValueError, TypeError):
        return None
    return files if isinstance(files, dict) else None


def parse_recipe(text: str, name: str, *, model: str | None = None) -> Settings:
    """Parse the settings in the text of a recipe, read from the file `name`.

    Args:
        model: the model to use, if not the recipe's, whose preferences are then dropped.

    Raises:
        InpaintError: `unreadable` when it is not a recipe.
    """
    try:
        value = _parsed(text)
        major, minor = value.get("protocol", _BEFORE_VERSIONS)
        version = (int(major), int(minor))
        settings: Settings = settings_from_map(Settings, value["settings"], version)
        if model in (None, settings.model):
            settings = settings.over(settings_from_map(Settings, value.get("used", {}), version))
    except (ValueError, KeyError, TypeError) as error:
        raise InpaintError(
            "unreadable",
            f"{name} contains no recipe.",
            "Name a picture written by inpaintd, or a JSON file with a recipe.",
        ) from error
    return settings


def _parsed(text: str) -> dict[str, Any]:
    """Parse the JSON object of a recipe.

    Raises:
        ValueError, TypeError: when it is not a JSON object of a recipe's length, in valid Unicode.
    """
    if len(text) > MOST_BYTES:
        raise ValueError("too long")
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()  # rejects lone surrogates
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def recipe_in(picture: Picture) -> str:
    """The text of the recipe in a decoded picture; empty when it has none."""
    image = picture.image
    for name in vips.fields(image):
        if _PNG_COMMENT.fullmatch(name):
            return str(image.get(name))
    return xmp.read_property(image.get(_XMP), _PROPERTY) if image.get_typeof(_XMP) else ""
