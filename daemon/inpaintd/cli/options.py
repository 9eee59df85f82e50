"""One option for each field of `Settings`, generated from the field's metadata."""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Mapping
from dataclasses import Field, is_dataclass, replace
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import click
from click.shell_completion import CompletionItem

from inpaintd.setting_names import option_name, settings_of_options
from inpaintd_protocol.codec import settings_to_map
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import (
    Settings,
    Settled,
    SettledStage,
    Stage,
    settings_fields,
)

from .parsing import parse_item, usage_of

_HINTS = get_type_hints(Settled)


def output_option(help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Value of -o: a file, or a folder, which is created if its name ends in a slash."""
    return click.option("out", "-o", "--output", type=_OutputPath(), help=help_text)


overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Let -o overwrite even the picture being filled, or its mask."
)


def settings_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with an option for each setting; an option not given is None or ()."""
    for field in reversed(list(settings_fields())):
        if field.name != "references":  # its pictures are files, see `reference_options`
            function = _option(field)(function)
    return function


def some_settings_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a command with the options for these settings alone."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for field in reversed(list(settings_fields())):
            if field.name in names:
                function = _option(field)(function)
        return function

    return decorate


def settings_from_options(base: Settings, options: Mapping[str, Any]) -> Settings:
    """Override the base with every option that was given.

    Raises:
        InpaintError: `bad_message` naming the value out of range.
    """
    given: dict[str, Any] = {
        field.name: field.metadata["none"] if value is _NONE_GIVEN else value
        for field in settings_fields()
        if (value := options.get(field.name)) is not None and value != ()
    }
    changed = replace(base, **given)
    return settings_of_options(settings_to_map(changed))


class _OutputPath(click.Path):
    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(os.fspath(value))
        # Checked here, because a Path drops its trailing slash.
        if str(value).endswith(("/", os.sep)):
            make_folder(path)
        return path


def make_folder(path: Path) -> None:
    """Create a folder for results unless it exists.

    Raises:
        InpaintError: `unwritable`.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InpaintError(
            "unwritable",
            f"The folder {path} cannot be made: {error.strerror}.",
            "Name another with -o.",
        ) from error


def _option(field: Field[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    hint, metadata = _HINTS[field.name], field.metadata
    long = option_name(field.name)
    names = [field.name, long]
    if metadata["flag"]:
        names.append(metadata["flag"])
    if field.name == "text_mask":
        names += ["-tm", "--text"]
    complete = _models if field.name == "model" else None
    if hint is bool:
        names[1] = f"{long}/--no-{long[2:]}"
        return click.option(*names, default=None, help=_help(field))
    if get_origin(hint) is tuple:
        item = Stage if get_args(hint)[0] is SettledStage else get_args(hint)[0]
        return click.option(
            *names, multiple=True, type=_Item(item), metavar=usage_of(item), help=_help(field)
        )
    return click.option(
        *names,
        default=None,
        type=_type(field, hint),
        metavar=_metavar(field, hint),
        help=_help(field),
        shell_complete=complete,
    )


def _models(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    from inpaintd.models.registry import load_registry

    entries = load_registry(home()).entries.values()
    return [
        CompletionItem(entry.name, help=entry.title)
        for entry in entries
        if entry.kind == "model" and entry.name.startswith(typed)
    ]


def _help(field: Field[Any]) -> str:
    metadata = field.metadata
    text: str = metadata["help"].removesuffix(".")
    if get_origin(_HINTS[field.name]) is tuple:
        return f"{text}. Repeatable."
    notes = []
    if metadata["minimum"] is not None:
        notes.append(f"{metadata['minimum']:g} to {metadata['maximum']:.12g}")
    default = metadata["fallback"]
    if default is not None and default != "":
        shown = ("on" if default else "off") if isinstance(default, bool) else default
        notes.append(f"default: {shown}")
    return f"{text}. [{'; '.join(notes)}]" if notes else f"{text}."


def _metavar(field: Field[Any], hint: Any) -> str | None:
    """Placeholder for the value in the help; None leaves it to click."""
    if field.metadata["choices"]:
        return None
    kind = field.metadata["unit"].upper() or ("TEXT" if hint is str else "NUMBER")
    return (
        f"{kind}|none"
        if type(None) in get_args(hint) or field.metadata["none"] is not None
        else kind
    )


def _type(field: Field[Any], hint: Any) -> click.ParamType[Any]:
    metadata = field.metadata
    if metadata["choices"]:
        return click.Choice(metadata["choices"])
    optional = get_origin(hint) in (Union, types.UnionType)
    (kind,) = [a for a in get_args(hint) if a is not types.NoneType] if optional else [hint]
    if kind is str:
        return click.STRING
    # No range here, because the settings check it with a clearer sentence.
    number: click.ParamType[Any] = click.INT if kind is int else click.FLOAT
    return _OrNone(number)


class _NoneGiven:
    """Marks a typed "none", which unsets a recipe's value, unlike an omitted option."""


_NONE_GIVEN = _NoneGiven()


class _OrNone(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """A number, or the word none."""

    def __init__(self, number: click.ParamType[Any]) -> None:
        self._number = number
        self.name = f"{number.name}|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value is _NONE_GIVEN or (isinstance(value, str) and value.lower() == "none"):
            return _NONE_GIVEN
        return self._number.convert(value, param, ctx)


class _Item(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """One of several, such as tile:weight=0.8."""

    name = "item"

    def __init__(self, item: type[Any]) -> None:
        self._item = item

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not is_dataclass(self._item) or not isinstance(value, str):
            return value
        try:
            return parse_item(self._item, value)
        except InpaintError as error:
            self.fail(error.message, param, ctx)
