"""The settings of the last call, kept for each image when OK is pressed: a failed run loses none.

GIMP itself keeps the values of a procedure only when it succeeded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from gi.repository import Gimp

from inpaintd_protocol.codec import settings_from_map, settings_to_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings

from .arguments import settings_of
from .mask_results import COMBINATIONS, RESULTS
from .masks import SOURCES
from .object_marks import PARTS
from .placement import PLACEMENTS, SAMPLES
from .reference_pictures import ReferencePicture, pictures_from_maps


@dataclass(frozen=True)
class Choices:
    """The parameters of a fill besides the image."""

    settings: Settings
    mask_source: str = "automatic"
    placement: str = "new-layer"
    sample: str = "layer"
    sampling_channel: str = ""
    """Name of the channel that shows what may be copied; empty when everything may."""
    references: tuple[ReferencePicture, ...] = ()


@dataclass(frozen=True)
class MaskChoices:
    """The parameters of a mask by text besides the image."""

    settings: Settings
    result: str = "selection"
    combination: str = "replace"


@dataclass(frozen=True)
class ObjectChoices(MaskChoices):
    """The parameters of an object mask besides the image and the clicks."""

    part: str = "automatic"


@dataclass(frozen=True)
class Option:
    """Choices other than settings."""

    label: str
    help: str
    choices: dict[str, tuple[str, str]]
    """Nick: (label, help); the first is the default."""


OPTIONS = {
    "mask_source": Option("Mask source", "The source of the hole", SOURCES),
    "placement": Option("Result goes into", "Where the result goes", PLACEMENTS),
    "sample": Option("Sample", "The layers that the fill is made from", SAMPLES),
    "result": Option("Result", "What to do with the mask", RESULTS),
    "part": Option("Part", "How much of the clicked object to select", PARTS),
    "combination": Option(
        "Present selection",
        "How to combine the mask with it; with nothing selected, the mask is used unchanged",
        COMBINATIONS,
    ),
}
"""By the names of the fields above."""

_FILES = {
    Choices: "inpaint-settings.json",
    MaskChoices: "inpaint-mask.json",
    ObjectChoices: "inpaint-object.json",
}
_VERSION = 2
_PARASITES = {
    Choices: "inpaintd-settings",
    MaskChoices: "inpaintd-mask",
    ObjectChoices: "inpaintd-object",
}

Kind = TypeVar("Kind", Choices, MaskChoices, ObjectChoices)


def remember(choices: Choices | MaskChoices, image: Gimp.Image) -> None:
    """Store the choices, for this image and as defaults for others."""
    text = json.dumps(to_map(choices), indent=1)
    kind = type(choices)
    if image.is_valid():
        # ASCII: GIMP refuses bytes above 127. Saved with the XCF file, and no undo step.
        data = text.encode("ascii")
        parasite = Gimp.Parasite.new(_PARASITES[kind], Gimp.PARASITE_PERSISTENT, data)
        image.attach_parasite(parasite)
    if isinstance(choices, Choices):  # other images have other layers and channels
        files = tuple(picture for picture in choices.references if picture.kind == "file")
        text = json.dumps(to_map(replace(choices, references=files, sampling_channel="")), indent=1)
    path = Path(Gimp.directory()) / _FILES[kind]
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError:
        pass  # a full or read-only disk must not keep anybody from inpainting


def remembered(kind: type[Kind], image: Gimp.Image) -> Kind:
    """The last choices for this image, else for any image, else the defaults."""
    parasite = image.get_parasite(_PARASITES[kind]) if image.is_valid() else None
    if parasite is not None:
        found = _read(kind, bytes(parasite.get_data()).rstrip(b"\0").decode("ascii", "replace"))
        if found is not None:
            return found
    try:
        text = (Path(Gimp.directory()) / _FILES[kind]).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return kind(Settings())
    return _read(kind, text) or kind(Settings())


def to_map(choices: Choices | MaskChoices) -> dict[str, Any]:
    values = {field.name: getattr(choices, field.name) for field in fields(choices)}
    values["settings"] = settings_to_map(choices.settings)
    if isinstance(choices, Choices):
        values["references"] = [picture.to_map() for picture in choices.references]
    values["version"] = _VERSION
    return values


def from_map(kind: type[Kind], values: dict[str, Any]) -> Kind:
    """
    Raises:
        ValueError, KeyError, TypeError, AttributeError or InpaintError: when it is damaged.
    """
    settings = _settings_of(values)
    names = {field.name for field in fields(kind)} & OPTIONS.keys()
    known: dict[str, Any] = {
        name: value
        for name, value in values.items()
        if name in names and isinstance(value, str) and value in OPTIONS[name].choices
    }
    if kind is Choices:
        known["sampling_channel"] = str(values.get("sampling_channel") or "")
        known["references"] = pictures_from_maps(values.get("references") or [])
    return kind(settings, **known)


def _settings_of(values: dict[str, Any]) -> Settings:
    if values.get("version") == _VERSION:
        settings: Settings = settings_from_map(Settings, values["settings"])
        return settings
    return settings_of(values["settings"])  # of a time when a default was the same as unset


def _read(kind: type[Kind], text: str) -> Kind | None:
    try:
        return from_map(kind, json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, InpaintError):
        return None
