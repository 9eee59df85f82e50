"""Names of the settings on the command line and in files, and complaints about unknown ones.

A file may use the field's name or the option's: `grow_pixels`, `grow` and `text-mask` all do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inpaintd_protocol.codec import settings_from_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings, settings_fields

_OPTIONS = {
    "output": "--output-kind",  # -o and --output are the file
    "controls": "--control",
    "loras": "--lora",
    "embeddings": "--embedding",
    "stages": "--stage",
    "references": "--reference",
}


def option_name(name: str) -> str:
    """The long option of a setting."""
    return _OPTIONS.get(name) or "--" + name.removesuffix("_pixels").replace("_", "-")


def read_settings(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Translate a file's names to those of the fields of `Settings`.

    Args:
        where: the file, for the error.

    Raises:
        InpaintError: `bad_message` naming the file and what is wrong in it.
    """
    fields = _fields_by_name()
    found: dict[str, Any] = {}
    for written, value in values.items():
        name = fields.get(_plain(written))
        if name is None:
            raise _unknown(written, where)
        if name in found:
            raise InpaintError("bad_message", f"In {where}: {written} is said twice.", "Keep one.")
        found[name] = value
    try:
        settings_from_map(Settings, found)
    except InpaintError as error:
        raise InpaintError("bad_message", f"In {where}: {error.message}", _HINT) from error
    return found


def settings_of_options(values: dict[str, Any]) -> Settings:
    """Settings from fields that options were typed for.

    Raises:
        InpaintError: `bad_message` naming the option that is wrong.
    """
    try:
        settings: Settings = settings_from_map(Settings, values)
    except InpaintError as error:
        message = error.message
        for field in settings_fields():
            if message.startswith((f"{field.name} ", f"{field.name}.", f"{field.name}[")):
                message = option_name(field.name) + message.removeprefix(field.name)
        raise InpaintError("bad_message", message, _HINT) from error
    return settings


_HINT = "See: inpaintd fill --help-all"


def _unknown(written: str, where: str) -> InpaintError:
    import difflib

    fields = _fields_by_name()
    near = difflib.get_close_matches(_plain(written), fields, n=1, cutoff=0.7)
    # By the name that --help-all shows, whichever of its names is the nearest.
    guess = (
        f"did you mean {_plain(option_name(fields[near[0]]))}?"
        if near
        else "no setting is called so."
    )
    return InpaintError("bad_message", f"In {where}: {written[:40]} is unknown; {guess}", _HINT)


def _fields_by_name() -> dict[str, str]:
    """Field by every name that it goes by in files."""
    fields = list(settings_fields())
    names = {_plain(option_name(field.name)): field.name for field in fields}
    return names | {field.name: field.name for field in fields}


def _plain(name: str) -> str:
    return name.removeprefix("--").replace("-", "_")
