"""How a picture was made, kept inside it, so that it can be made again.

PNG carries it as a text chunk, all other formats as a property in their XMP packet.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr, unescape

from inpaintd import __version__
from inpaintd_protocol.codec import settings_from_map, settings_to_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings

from . import vips
from .picture import Picture

_XMP = "xmp-data"
_NAMESPACE = "urn:x-inpaintd:1.0/"
_PROPERTY = re.compile(
    rb'<rdf:Description[^>]*xmlns:inpaintd="[^"]*"[^>]*inpaintd:recipe=("[^"]*"|\'[^\']*\')[^>]*/>'
)
_EMPTY_XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="w"?>'
)
_PNG_COMMENT = re.compile(r"png-comment-\d+-inpaintd")


def make_recipe(
    settings: Settings, *, model: str, seed: int, files: Mapping[str, Any] | None = None
) -> str:
    """ASCII JSON of everything that is needed to make one variant again.

    Args:
        files: the names of the files that it is made of, for `files_in`.
    """
    used = replace(settings, model=model, seed=seed, count=1)
    recipe = {"inpaintd": __version__, "settings": settings_to_map(used)}
    return json.dumps(recipe | ({"files": files} if files else {}))


def embed_recipe(image: Any, recipe: str, format_name: str) -> Any:
    """The same image, carrying the recipe in place of any older one."""
    image = image.copy()
    if format_name == "png":
        for name in image.get_fields():
            if _PNG_COMMENT.fullmatch(name):
                image.remove(name)
        position = sum(name.startswith("png-comment-") for name in image.get_fields())
        vips.set_text(image, f"png-comment-{position}-inpaintd", recipe)
    else:
        packet = image.get(_XMP) if image.get_typeof(_XMP) else b""
        vips.set_blob(image, _XMP, _with_property(packet, recipe))
    return image


def read_recipe(path: Path) -> Settings:
    """The settings in a result picture, or in a JSON file that holds a recipe.

    Raises:
        InpaintError: `unreadable` when there is no recipe in it.
    """
    return parse_recipe(recipe_text(path), path.name)


def recipe_text(path: Path) -> str:
    """The text of the recipe in a result picture, or of a JSON file; empty when there is none.

    Raises:
        InpaintError: `unreadable`.
    """
    from .layered import read_file  # which writes recipes

    return path.read_text("utf-8") if path.suffix == ".json" else recipe_in(read_file(path))


def files_in(recipe: str) -> dict[str, Any] | None:
    """The names of the files that the text of a recipe holds, if it holds any."""
    files = json.loads(recipe).get("files")
    return files if isinstance(files, dict) else None


def parse_recipe(text: str, name: str) -> Settings:
    """The settings in the text of a recipe, from the file `name`.

    Raises:
        InpaintError: `unreadable` when it is none.
    """
    try:
        value = json.loads(text)
        settings: Settings = settings_from_map(Settings, value["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise InpaintError(
            "unreadable",
            f"{name} holds no recipe.",
            "Name a picture that inpaintd has written, or a JSON file with a recipe.",
        ) from error
    return settings


def recipe_in(picture: Picture) -> str:
    """The text of the recipe that a decoded picture carries; empty when it carries none."""
    image = picture.image
    for name in image.get_fields():
        if _PNG_COMMENT.fullmatch(name):
            return str(image.get(name))
    match = _PROPERTY.search(image.get(_XMP)) if image.get_typeof(_XMP) else None
    return unescape(match[1].decode()[1:-1], {"&quot;": '"'}) if match else ""


def _with_property(packet: bytes, recipe: str) -> bytes:
    """An XMP packet with the recipe and all else that it held."""
    packet = _PROPERTY.sub(b"", packet)
    end = packet.rfind(b"</rdf:RDF>")
    if end < 0:
        packet = _EMPTY_XMP
        end = packet.rfind(b"</rdf:RDF>")
    description = (
        f'<rdf:Description rdf:about="" xmlns:inpaintd="{_NAMESPACE}" '
        f"inpaintd:recipe={quoteattr(recipe)}/>"
    )
    return packet[:end] + description.encode() + packet[end:]
