"""The settings of an inpainting: default, range and help of each, in this one place.

The command line, the editors' dialogs, the documentation and the JavaScript side are generated from
`settings_fields()`; nothing else may repeat a default or a help text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

from . import limits

_NO_VALUE = object()

_DEFAULT: Any = None
"""Placeholder for a field of `Settled` that is filled in on construction."""


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


@dataclass(frozen=True)
class Control:
    """One ControlNet that guides the denoising."""

    kind: str = part(
        "inpaint",
        label="Kind",
        help="What the ControlNet was trained for.",
        choices=("inpaint", "tile"),
    )
    model: str = part("", label="Model", help="Name of the ControlNet; empty for the usual one.")
    weight: float = part(
        1.0,
        label="Weight",
        help="How strongly it guides; diffusers' own default is 0.5.",
        minimum=0.0,
        maximum=2.0,
    )
    start: float = part(
        0.0, label="Start", help="Share of the steps after which it starts.", minimum=0, maximum=1
    )
    end: float = part(
        1.0, label="End", help="Share of the steps after which it ends.", minimum=0, maximum=1
    )
    downsampling_rate: float = part(
        1.0,
        label="Down-sampling rate",
        help="Of a tile ControlNet: how much its picture is blurred; more blur changes more.",
        minimum=1.0,
        maximum=8.0,
    )


@dataclass(frozen=True)
class Lora:
    """One LoRA and its weight."""

    name: str = part("", label="Name", help="Name of the installed LoRA.")
    weight: float = part(
        1.0, label="Weight", help="How strongly it acts.", minimum=-4.0, maximum=4.0
    )


@dataclass(frozen=True)
class Reference:
    """Use of one of the request's pictures as a reference."""

    weight: float = part(
        1.0,
        label="Weight",
        help="How strongly the picture counts; some models ignore weights.",
        minimum=0.0,
        maximum=2.0,
    )


@dataclass(frozen=True)
class Settings:
    """Settings of a fill as requested: comparable and storable. None means "unset".

    Names follow diffusers where it has one. Unset fields take the model's defaults, then their own:
    see `Settled`.
    """

    prompt: str | None = setting(
        "",
        label="Prompt",
        help="What to paint in the hole; leave it empty to continue the surroundings.",
        flag="-p",
        characters=limits.PROMPT_CHARACTERS,
        done_by="engine",
        group="paint",
    )
    negative_prompt: str | None = setting(
        "",
        label="Negative prompt",
        help="What to keep out of the picture.",
        flag="-n",
        characters=limits.PROMPT_CHARACTERS,
        done_by="engine",
        group="paint",
    )
    model: str | None = setting(
        "",
        label="Model",
        help="Model that fills the hole; empty for the daemon's default.",
        group="paint",
    )
    intent: str | None = setting(
        "",
        label="Intent",
        help="Preset for a purpose: fill, add, remove, replace-background, expand or refine.",
        group="paint",
    )
    strength: float | None = setting(
        1.0,
        label="Strength",
        help="How much the content of the hole may change, from 0 to 1; 0.5 is a good start.",
        minimum=0.0,
        maximum=1.0,
        done_by="engine",
        group="paint",
    )
    steps: int | None = setting(
        30,
        label="Steps",
        help="Number of denoising steps: more is finer and slower.",
        minimum=1,
        maximum=500,
        done_by="engine",
        neutral=None,
        group="paint",
    )
    guidance_scale: float | None = setting(
        7.5,
        label="Guidance scale",
        help="How closely the picture follows the prompt.",
        minimum=0.0,
        maximum=50.0,
        done_by="engine",
        neutral=None,
        group="paint",
    )
    seed: int | None = setting(
        None,
        label="Seed",
        help="The same seed gives the same picture; without one, a new seed is drawn and reported.",
        minimum=0,
        maximum=2**32 - 1,
        done_by="engine",
        group="paint",
    )
    count: int | None = setting(
        1,
        label="Variants",
        help="Number of different fills, each with the next seed.",
        minimum=1,
        maximum=8,
        done_by="engine",
        group="paint",
    )
    area: str | None = setting(
        "masked",
        label="Area",
        help="Work on a crop around the hole, at full resolution, or on the whole layer.",
        choices=("masked", "whole"),
        group="paint",
    )
    context_pixels: int | None = setting(
        64,
        label="Minimum context",
        help="Minimum context around the hole.",
        minimum=0,
        maximum=4096,
        unit="px",
        group="paint",
    )
    context_factor: float | None = setting(
        0.5,
        label="Context factor",
        help="Context around the hole, as a multiple of the hole's longer side.",
        minimum=0.0,
        maximum=8.0,
        advanced=True,
        group="paint",
    )
    sampling_pixels: int | None = setting(
        None,
        label="Sampling distance",
        help="Copy only from within this many pixels of the hole.",
        minimum=8,
        maximum=16384,
        unit="px",
        advanced=True,
        done_by="engine",
        group="paint",
    )
    sampling_sides: str | None = setting(
        "around",
        label="Sampling sides",
        help="Copy only from these sides of the hole.",
        choices=("around", "sides", "above-below", "left", "right", "above", "below"),
        advanced=True,
        done_by="engine",
        group="paint",
    )
    infill: str | None = setting(
        "original",
        label="Infill",
        help="What to put under the hole before denoising (“masked content”).",
        choices=("original", "fill", "average", "noise", "nothing", "patchmatch"),
        about={
            "original": "what was there",
            "fill": "the surroundings, blurred",
            "average": "the mean colour of the hole",
            "noise": "noise alone, which seldom ends well",
            "nothing": "an empty latent, which seldom ends well",
            "patchmatch": "texture copied from the surroundings",
        },
        done_by="engine",
        group="paint",
    )
    replace: float | None = setting(
        0.0,
        label="Replace",
        help="Share of noise to put over the hole's content before denoising (inpaint_replace).",
        minimum=0.0,
        maximum=1.0,
        flag="-r",
        advanced=True,
        done_by="engine",
        group="paint",
    )
    invert: bool | None = setting(
        False, label="Invert mask", help="Swap what is repainted and what is kept.", group="hole"
    )
    grow_pixels: int | None = setting(
        0,
        label="Grow",
        help="Grow the hole by this many pixels; a negative number shrinks it.",
        minimum=-512,
        maximum=512,
        unit="px",
        group="hole",
    )
    feather_pixels: int | None = setting(
        0,
        label="Feather",
        help="Soften the edge of the hole over this many pixels, outwards.",
        minimum=0,
        maximum=512,
        unit="px",
        group="hole",
    )
    threshold: float | None = setting(
        None,
        label="Threshold",
        help="Make the mask hard: repaint wherever it is at least this, keep the rest.",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
        group="hole",
    )
    text_mask: str | None = setting(
        "",
        label="Mask by text",
        help="Select the hole by describing it: one or more words, separated by commas.",
        advanced=True,
        group="hole",
    )
    text_mask_threshold: float | None = setting(
        0.5,
        label="Text mask threshold",
        help="Confidence from which a pixel is selected; 0 keeps the soft heat map.",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
        none=0.0,
        group="hole",
    )
    text_mask_combine: str | None = setting(
        "replace",
        label="Combine masks",
        help="How to combine the two masks, the one found by text and the given one.",
        choices=("replace", "union", "intersect"),
        advanced=True,
        group="hole",
    )
    scheduler: str | None = setting(
        "",
        label="Scheduler",
        help="Sampler, by its usual name, such as euler_a or dpmpp_2m; empty for the model's own.",
        flag="-A",
        advanced=True,
        done_by="engine",
        group="paint",
    )
    width: int | None = setting(
        None,
        label="Work width",
        help="Width at which the engine works; by default the model's own.",
        minimum=8,
        maximum=16384,
        unit="px",
        flag="-W",
        advanced=True,
        done_by="engine",
        group="more",
    )
    height: int | None = setting(
        None,
        label="Work height",
        help="Height at which the engine works; by default the model's own.",
        minimum=8,
        maximum=16384,
        unit="px",
        flag="-H",
        advanced=True,
        done_by="engine",
        group="more",
    )
    match_colour: bool | None = setting(
        True,
        label="Match colour",
        help="Correct the engine's colour shift, as measured in the kept surroundings.",
        advanced=True,
        group="more",
    )
    preview: bool | None = setting(
        False,
        label="Live preview",
        help="Send sketches while denoising.",
        advanced=True,
        group="running",
    )
    output: str | None = setting(
        "layer",
        label="Output",
        help="A layer that shows the finished picture, or the whole fill with a layer mask.",
        choices=("layer", "masked"),
        group="result",
    )
    controls: tuple[Control, ...] | None = setting(
        (),
        label="ControlNets",
        help="ControlNets to guide the denoising.",
        advanced=True,
        done_by="engine",
        group="more",
    )
    loras: tuple[Lora, ...] | None = setting(
        (),
        label="LoRAs",
        help="LoRAs to apply to the model.",
        advanced=True,
        done_by="engine",
        group="more",
    )
    embeddings: tuple[str, ...] | None = setting(
        (),
        label="Embeddings",
        help="Textual-inversion embeddings that the prompts may use.",
        advanced=True,
        done_by="engine",
        group="more",
    )
    stages: tuple[Stage, ...] | None = setting(
        (),
        label="Stages",
        help="Further passes over the result.",
        advanced=True,
        done_by="engine",
        group="more",
    )
    references: tuple[Reference, ...] | None = setting(
        (),
        label="References",
        help="Pictures that show what to paint, in the order in which they are sent.",
        advanced=True,
        done_by="engine",
        group="more",
    )
    exact_diffusers: bool | None = setting(
        False,
        label="Exactly as diffusers",
        help="Treat masks exactly as diffusers does: sampled at the nearest pixel and cut at one "
        "half, and the hole's content seen even at full strength.",
        advanced=True,
        done_by="engine",
        group="more",
    )

    def given(self) -> dict[str, Any]:
        """Collect the values that are set, by the names of their fields."""
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) is not None}

    def over(self, base: Settings) -> Settings:
        """Complete unset settings from those of the base."""
        return replace(base, **self.given())


@dataclass(frozen=True)
class Settled(Settings):
    """Settings as used, with defaults for everything that was left unset.

    The narrower types reflect that: only a field for which None is meaningful can be None here.
    """

    prompt: str = _DEFAULT
    negative_prompt: str = _DEFAULT
    model: str = _DEFAULT
    intent: str = _DEFAULT
    strength: float = _DEFAULT
    steps: int = _DEFAULT
    guidance_scale: float = _DEFAULT
    seed: int | None = _DEFAULT
    count: int = _DEFAULT
    area: str = _DEFAULT
    context_pixels: int = _DEFAULT
    context_factor: float = _DEFAULT
    sampling_pixels: int | None = _DEFAULT
    sampling_sides: str = _DEFAULT
    infill: str = _DEFAULT
    replace: float = _DEFAULT
    invert: bool = _DEFAULT
    grow_pixels: int = _DEFAULT
    feather_pixels: int = _DEFAULT
    threshold: float | None = _DEFAULT
    text_mask: str = _DEFAULT
    text_mask_threshold: float = _DEFAULT
    text_mask_combine: str = _DEFAULT
    scheduler: str = _DEFAULT
    width: int | None = _DEFAULT
    height: int | None = _DEFAULT
    match_colour: bool = _DEFAULT
    preview: bool = _DEFAULT
    output: str = _DEFAULT
    controls: tuple[Control, ...] = _DEFAULT
    loras: tuple[Lora, ...] = _DEFAULT
    embeddings: tuple[str, ...] = _DEFAULT
    stages: tuple[SettledStage, ...] = _DEFAULT
    references: tuple[Reference, ...] = _DEFAULT
    exact_diffusers: bool = _DEFAULT

    def __post_init__(self) -> None:
        for asked in fields(Settings):
            if getattr(self, asked.name) is None:
                object.__setattr__(self, asked.name, asked.metadata["fallback"])
        stages = tuple(SettledStage.of(stage) for stage in self.stages)
        object.__setattr__(self, "stages", stages)

    @classmethod
    def of(cls, settings: Settings) -> Settled:
        """Complete unset settings with the fields' defaults."""
        return settings if isinstance(settings, Settled) else cls(**settings.given())


def _like(name: str, help: str = "", default: Any = None) -> Any:
    """Declare a field of `Stage` like that of `Settings`, with the differences given here."""
    (like,) = (f for f in fields(Settings) if f.name == name)
    metadata = {**like.metadata, "help": help or like.metadata["help"], "flag": ""}
    metadata["fallback"] = like.metadata["fallback"] if default is None else default
    return field(default="" if metadata["fallback"] == "" else None, metadata=metadata)


@dataclass(frozen=True)
class Stage:
    """A further pass over the result, with the same or another model. None means "unset"."""

    kind: str = part(
        "image-to-image",
        label="Kind",
        help="What the pass does.",
        choices=("text-to-image", "inpaint", "image-to-image"),
    )
    model: str = _like("model", "Model of this pass; empty for the same one.")
    prompt: str = _like("prompt", "Prompt of this pass; empty for the same one.")
    negative_prompt: str = _like(
        "negative_prompt", "Negative prompt of this pass; empty for the same one."
    )
    strength: float | None = _like("strength", "How much this pass may change.", 0.3)
    steps: int | None = _like("steps")
    guidance_scale: float | None = _like(
        "guidance_scale",
        "How closely this pass follows its prompt; unset for the same, or another model's own.",
    )
    scheduler: str = _like(
        "scheduler", "Sampler of this pass; empty for the same one, or another model's own."
    )
    seed: int | None = _like("seed", "Seed of this pass; unset for the same one.")


@dataclass(frozen=True)
class SettledStage(Stage):
    """A stage as used; guidance and seed of None mean those of the request."""

    strength: float = _DEFAULT
    steps: int = _DEFAULT

    def __post_init__(self) -> None:
        for name in ("strength", "steps"):
            if getattr(self, name) is None:
                default = Stage.__dataclass_fields__[name].metadata["fallback"]
                object.__setattr__(self, name, default)

    @classmethod
    def of(cls, stage: Stage) -> SettledStage:
        """Complete unset values with the fields' defaults."""
        values = {f.name: getattr(stage, f.name) for f in fields(Stage)}
        return stage if isinstance(stage, SettledStage) else cls(**values)


def settings_fields() -> Iterator[Field[Any]]:
    """Return the fields of `Settings` in the order in which to present them."""
    yield from fields(Settings)


def fallback_of(name: str) -> Any:
    """Return the value of a setting that neither the user nor the model has set."""
    return Settings.__dataclass_fields__[name].metadata["fallback"]
