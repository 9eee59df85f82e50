"""Settings as arguments of GIMP procedures, and back.

Labels, help texts, ranges and defaults all come from `inpaintd_protocol.settings`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from dataclasses import Field, fields
from typing import Any, Union, get_args, get_origin, get_type_hints

from gi.repository import Gimp, GObject

from inpaintd_protocol.codec import settings_from_map
from inpaintd_protocol.settings import Settings, Settled

from .texts import _

NONE = -1
"""Represents None in numbers; below the range of every setting that can be None."""

NOT_IN_GIMP = ("preview",)
"""Always on where somebody is looking, never elsewhere."""

MASK_SETTINGS = ("text_mask", "text_mask_threshold", "invert", "grow_pixels", "feather_pixels")
"""Settings that define a mask by text."""

SHAPE_SETTINGS = ("grow_pixels", "feather_pixels", "invert")
"""Those that shape a mask once it has been found."""

_BEFORE_UNSET = (1, 1)
"""Version of the protocol in which a setting at its default was one that nobody had set."""

_LARGEST_INT = 2**31 - 1


def all_settings() -> tuple[str, ...]:
    """Names of the settings that are a text, number or switch."""
    return tuple(field.name for field, _kind, _optional in _scalar_fields())


def fields_of(names: Iterable[str]) -> Iterator[tuple[Field[Any], type, bool]]:
    """The settings of these names, in their order: (field, its type, whether it may be None)."""
    by_name = {row[0].name: row for row in _scalar_fields()}
    return (by_name[name] for name in names)


def _scalar_fields() -> Iterator[tuple[Field[Any], type, bool]]:
    hints = get_type_hints(Settled)
    for field in fields(Settings):
        hint, optional = hints[field.name], False
        if get_origin(hint) in (Union, types.UnionType):
            (hint,) = [a for a in get_args(hint) if a is not type(None)]
            optional = True
        if hint in (str, int, float, bool) and field.name not in NOT_IN_GIMP:
            yield field, hint, optional


def add_settings_arguments(procedure: Gimp.Procedure, names: Iterable[str]) -> None:
    """Give a procedure one argument for each of these settings."""
    flags = GObject.ParamFlags.READWRITE
    for field, kind, optional in fields_of(names):
        about = field.metadata
        name = argument_name(field.name)
        label, blurb = _(about["label"]), _(about["help"])
        if about["choices"]:
            choice = Gimp.Choice.new()
            for index, value in enumerate(about["choices"]):
                choice.add(value, index, _(value.capitalize()), "")
            procedure.add_choice_argument(name, label, blurb, choice, about["fallback"], flags)
        elif kind is bool:
            procedure.add_boolean_argument(name, label, blurb, about["fallback"], flags)
        elif kind is str:
            procedure.add_string_argument(name, label, blurb, about["fallback"], flags)
        else:
            low, high, default = about["minimum"], about["maximum"], about["fallback"]
            if optional:
                blurb, low = _("{help} ({number}: none)").format(help=blurb, number=NONE), NONE
                default = NONE if default is None else default
            if kind is int and high <= _LARGEST_INT:
                procedure.add_int_argument(name, label, blurb, low, high, default, flags)
            else:  # GIMP's integers end below the largest seed
                procedure.add_double_argument(name, label, blurb, low, high, default, flags)


def settings_from_config(config: Gimp.ProcedureConfig, names: Iterable[str]) -> Settings:
    """The arguments passed by the caller of a procedure.

    Raises:
        InpaintError: `bad_message` when a value is out of range.
    """
    values: dict[str, Any] = {}
    for field, kind, optional in fields_of(names):
        value = config.get_property(argument_name(field.name))
        if optional and value == NONE:
            value = None
        elif kind is str:
            value = value or ""
        else:
            value = kind(value)
        values[field.name] = value
    return settings_of(values)


def settings_of(values: dict[str, Any]) -> Settings:
    """The values of widgets and arguments as settings: one at its default counts as unset.

    Raises:
        InpaintError: `bad_message` when a value is out of range.
    """
    settings: Settings = settings_from_map(Settings, values, _BEFORE_UNSET)
    return settings


def settings_to_config(
    settings: Settings, config: Gimp.ProcedureConfig, names: Iterable[str]
) -> None:
    """Report the choices made in the dialog to GIMP."""
    values = Settled.of(settings)
    for field, _kind, _optional in fields_of(names):
        value = getattr(values, field.name)
        config.set_property(argument_name(field.name), NONE if value is None else value)


def argument_name(field_name: str) -> str:
    return field_name.replace("_", "-")
