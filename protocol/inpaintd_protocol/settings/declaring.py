"""Declaration of a setting: default, range, label and help, as metadata of a dataclass field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from .. import limits

_NO_VALUE = object()


def setting(
    default: Any,
    *,
    label: str,
    help: str,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] | None = None,
    unit: str = "",
    flag: str = "",
    characters: int = limits.TEXT_CHARACTERS,
    advanced: bool = False,
    dialog_only: bool = False,
    group: str,
    about: Mapping[str, str] | None = None,
    neutral: Any = _NO_VALUE,
    none: Any = None,
    done_by: str = "pipeline",
) -> Any:
    """Declare a field of `Settings`, unset by default, with what it takes to present and check it.

    Args:
        default: the value when neither the user nor the model has set one.
        label: its name in a dialog.
        help: one sentence for a tooltip and for `--help`.
        minimum, maximum: inclusive range of a number.
        choices: the permitted values of a string.
        unit: unit printed after a number ("px").
        flag: a short command-line option in addition to the long one ("-p").
        characters: longest text.
        advanced: whether dialogs hide it in a folded section.
        dialog_only: left to large dialogs: a small panel, as in Photoshop, has no place for it.
        group: heading under which help lists it: "hole", "paint", "result", "more" or "running".
        about: effect of each choice.
        neutral: the value without effect, which needs no notice when an engine ignores it; by
            default the default. None when every value has an effect.
        none: the value that the word "none" stands for on the command line; None unsets it.
        done_by: "pipeline" when it works with every engine, "engine" when only some honour it.
    """
    made = part(
        default,
        label=label,
        help=help,
        minimum=minimum,
        maximum=maximum,
        choices=choices,
        unit=unit,
        flag=flag,
        characters=characters,
        advanced=advanced,
        dialog_only=dialog_only,
        group=group,
        about=dict(about) if about else None,
        neutral=default if neutral is _NO_VALUE else neutral,
        none=none,
        done_by=done_by,
    )
    made.default = None
    return made


def part(
    default: Any,
    *,
    label: str,
    help: str,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] | None = None,
    unit: str = "",
    flag: str = "",
    characters: int = limits.TEXT_CHARACTERS,
    advanced: bool = False,
    **more: Any,
) -> Any:
    """Declare a field of a setting's item, such as a ControlNet; it always has a value."""
    metadata = {
        **more,
        "fallback": default,
        "label": label,
        "help": help,
        "minimum": minimum,
        "maximum": maximum,
        "choices": tuple(choices) if choices else None,
        "unit": unit,
        "flag": flag,
        "characters": characters,
        "advanced": advanced,
    }
    return field(default=default, metadata=metadata)
