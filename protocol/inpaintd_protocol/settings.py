"""What a user can set for an inpainting, with its default, range and help, each in one place.

The command line, the editors' dialogs, the documentation and the JavaScript side are made from
`settings_fields()`; nothing else may repeat a default or a help text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any

from . import limits


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
) -> Any:
    """A dataclass field that knows how to present and to check itself.

    Args:
        label: its name in a dialog.
        help: one sentence for a tooltip and for `--help`.
        minimum, maximum: inclusive range of a number.
        choices: the permitted values of a text.
        unit: of a number, as printed after it ("px").
        flag: a short command line option besides the long one ("-p").
        characters: longest text.
        advanced: whether a dialog folds it away.
    """
    metadata = {
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


@dataclass(frozen=True)
class Control:
    """One ControlNet that guides the denoising."""

    kind: str = setting(
        "inpaint",
        label="Kind",
        help="What the ControlNet was trained on.",
        choices=("inpaint", "tile"),
    )
    model: str = setting("", label="Model", help="Name of the ControlNet; empty for the usual one.")
    weight: float = setting(
        1.0, label="Weight", help="How strongly it guides.", minimum=0.0, maximum=2.0
    )
    start: float = setting(
        0.0, label="Start", help="Share of the steps after which it sets in.", minimum=0, maximum=1
    )
    end: float = setting(
        1.0, label="End", help="Share of the steps after which it lets go.", minimum=0, maximum=1
    )
    downsampling_rate: float = setting(
        1.0,
        label="Down-sampling rate",
        help="For kind tile: how much the guide is blurred; higher changes the picture more.",
        minimum=1.0,
        maximum=8.0,
    )


@dataclass(frozen=True)
class Lora:
    """One LoRA and its weight."""

    name: str = setting("", label="Name", help="Name of the installed LoRA.")
    weight: float = setting(1.0, label="Weight", help="How strongly.", minimum=-4.0, maximum=4.0)


@dataclass(frozen=True)
class Settings:
    """One complete, comparable, storable description of how to fill a hole.

    Named as in diffusers where it has a name. A field at its default is "not set".
    """

    prompt: str = setting(
        "",
        label="Prompt",
        help="What to paint into the hole; empty to continue the surroundings.",
        flag="-p",
        characters=limits.PROMPT_CHARACTERS,
    )
    negative_prompt: str = setting(
        "",
        label="Negative prompt",
        help="What to keep out of the picture.",
        flag="-n",
        characters=limits.PROMPT_CHARACTERS,
    )
    model: str = setting(
        "", label="Model", help="Which model fills the hole; empty for the daemon's default."
    )
    strength: float = setting(
        1.0,
        label="Strength",
        help="How much of what was in the hole may change: 0 nothing, 1 everything.",
        minimum=0.0,
        maximum=1.0,
    )
    steps: int = setting(
        30,
        label="Steps",
        help="Denoising steps: more is finer and slower.",
        minimum=1,
        maximum=500,
    )
    guidance_scale: float = setting(
        7.5,
        label="Guidance scale",
        help="How closely the picture follows the prompt.",
        minimum=0.0,
        maximum=50.0,
    )
    seed: int | None = setting(
        None,
        label="Seed",
        help="The same seed gives the same picture; none takes a fresh one and reports it.",
        minimum=0,
        maximum=2**32 - 1,
    )
    count: int = setting(
        1,
        label="Variants",
        help="How many different fills to make, each with the next seed.",
        minimum=1,
        maximum=8,
    )
    area: str = setting(
        "masked",
        label="Area",
        help="Work on a crop round the hole at the model's full resolution, or on the whole layer.",
        choices=("masked", "whole"),
    )
    context_pixels: int = setting(
        64,
        label="Context, at least",
        help="Least margin round the hole that the engine gets to see.",
        minimum=0,
        maximum=4096,
        unit="px",
    )
    context_factor: float = setting(
        0.5,
        label="Context factor",
        help="Margin round the hole as a multiple of the hole's longer side.",
        minimum=0.0,
        maximum=8.0,
        advanced=True,
    )
    infill: str = setting(
        "original",
        label="Infill",
        help="What is put under the hole before denoising (masked content).",
        choices=("original", "fill", "average", "noise", "nothing", "patchmatch"),
    )
    replace: float = setting(
        0.0,
        label="Replace",
        help="How much noise replaces what was under the hole before denoising (inpaint_replace).",
        minimum=0.0,
        maximum=1.0,
        flag="-r",
        advanced=True,
    )
    invert: bool = setting(
        False, label="Invert mask", help="Repaint what is kept, and keep what is repainted."
    )
    grow_pixels: int = setting(
        0,
        label="Grow",
        help="Widen the hole by so much on every side; negative shrinks it.",
        minimum=-512,
        maximum=512,
        unit="px",
    )
    feather_pixels: int = setting(
        0,
        label="Feather",
        help="Let the hole fade out over so much beyond its edge.",
        minimum=0,
        maximum=512,
        unit="px",
    )
    threshold: float | None = setting(
        None,
        label="Threshold",
        help="Make the mask hard: repaint fully where it is at least this, keep the rest.",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
    )
    text_mask: str = setting(
        "",
        label="Mask by text",
        help="Find the hole by what is to be seen there: one or more words, separated by commas.",
        advanced=True,
    )
    text_mask_threshold: float | None = setting(
        0.5,
        label="Text mask threshold",
        help="Least confidence to count as found; none keeps the soft heat map.",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
    )
    text_mask_combine: str = setting(
        "replace",
        label="Text mask and given mask",
        help="What the found mask does to the given one.",
        choices=("replace", "union", "intersect"),
        advanced=True,
    )
    scheduler: str = setting(
        "",
        label="Scheduler",
        help="Sampler by its usual name, such as euler_a or dpmpp_2m; empty for the model's.",
        flag="-A",
        advanced=True,
    )
    width: int | None = setting(
        None,
        label="Work width",
        help="Width at which the engine works; none for the model's own.",
        minimum=8,
        maximum=16384,
        unit="px",
        flag="-W",
        advanced=True,
    )
    height: int | None = setting(
        None,
        label="Work height",
        help="Height at which the engine works; none for the model's own.",
        minimum=8,
        maximum=16384,
        unit="px",
        flag="-H",
        advanced=True,
    )
    match_colour: bool = setting(
        True,
        label="Match colour",
        help="Take off the engine's colour shift, measured on the kept surroundings.",
        advanced=True,
    )
    preview: bool = setting(
        False, label="Live preview", help="Send small pictures while denoising.", advanced=True
    )
    output: str = setting(
        "layer",
        label="Output",
        help="A layer that shows the finished picture, or the whole fill with a layer mask.",
        choices=("layer", "masked"),
    )
    controls: tuple[Control, ...] = setting(
        (), label="ControlNets", help="ControlNets that guide the denoising.", advanced=True
    )
    loras: tuple[Lora, ...] = setting(
        (), label="LoRAs", help="LoRAs laid over the model.", advanced=True
    )
    embeddings: tuple[str, ...] = setting(
        (),
        label="Embeddings",
        help="Textual-inversion embeddings that the prompts may name.",
        advanced=True,
    )
    stages: tuple[Stage, ...] = setting(
        (), label="Stages", help="Further passes over the result.", advanced=True
    )

    def changed(self) -> frozenset[str]:
        """Names of the fields that are not at their default."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) != f.default)


def _of_settings(name: str, help: str = "", default: Any = ...) -> Any:
    """A field like that of `Settings`, but for what is said here."""
    (like,) = (f for f in fields(Settings) if f.name == name)
    return field(
        default=like.default if default is ... else default,
        metadata={**like.metadata, "help": help or like.metadata["help"], "flag": ""},
    )


@dataclass(frozen=True)
class Stage:
    """One more pass over the result, with the same or another model."""

    kind: str = setting(
        "image-to-image",
        label="Kind",
        help="What this pass does.",
        choices=("text-to-image", "inpaint", "image-to-image"),
    )
    model: str = _of_settings("model", "Model of this pass; empty for the same one.")
    prompt: str = _of_settings("prompt", "Prompt of this pass; empty for the same one.")
    negative_prompt: str = _of_settings(
        "negative_prompt", "Negative prompt of this pass; empty for the same one."
    )
    strength: float = _of_settings("strength", "How much this pass changes.", 0.3)
    steps: int = _of_settings("steps")
    guidance_scale: float | None = _of_settings(
        "guidance_scale",
        "How closely this pass follows its prompt; none for the same, or what another model wants.",
        None,
    )
    scheduler: str = _of_settings(
        "scheduler", "Sampler of this pass; empty for the same one, or another model's own."
    )
    seed: int | None = _of_settings("seed", "Seed of this pass; none for the same one.")


def settings_fields() -> Iterator[Field[Any]]:
    """The fields of `Settings` in the order in which they are presented."""
    yield from fields(Settings)
