"""The settings as requested: default, range and help of each, in this one place.

The command line, the editors' dialogs, the documentation and the JavaScript side are generated from
`settings_fields()`; nothing else may repeat a default or a help text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

from .. import limits
from .declaring import part, setting
from .items import Control, Lora, Reference

SAMPLING_SIDES = {
    "sides": ("left", "right"),
    "above-below": ("above", "below"),
    "left": ("left",),
    "right": ("right",),
    "above": ("above",),
    "below": ("below",),
}
"""The sides of the hole that each value of `sampling_sides` allows, but for `around`: all."""


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
        choices=("around", *SAMPLING_SIDES),
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
        dialog_only=True,
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
        dialog_only=True,
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
        dialog_only=True,
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
        dialog_only=True,
        done_by="engine",
        group="more",
    )
    match_colour: bool | None = setting(
        True,
        label="Match colour",
        help="Correct the engine's colour shift, as measured in the kept surroundings.",
        advanced=True,
        dialog_only=True,
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
        dialog_only=True,
        done_by="engine",
        group="more",
    )
    loras: tuple[Lora, ...] | None = setting(
        (),
        label="LoRAs",
        help="LoRAs to apply to the model.",
        advanced=True,
        dialog_only=True,
        done_by="engine",
        group="more",
    )
    embeddings: tuple[str, ...] | None = setting(
        (),
        label="Embeddings",
        help="Textual-inversion embeddings that the prompts may use.",
        advanced=True,
        dialog_only=True,
        done_by="engine",
        group="more",
    )
    stages: tuple[Stage, ...] | None = setting(
        (),
        label="Stages",
        help="Further passes over the result.",
        advanced=True,
        dialog_only=True,
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
    speed: str | None = setting(
        "exact",
        label="Speed",
        help="What a diffusion model may change for speed.",
        choices=("exact", "balanced", "fast"),
        about={
            "exact": "nothing",
            "balanced": "fine detail: steps that would change little are not computed in full",
            "fast": "the picture: a few steps with an installed adapter that was made for them",
        },
        done_by="engine",
        group="paint",
    )
    exact_diffusers: bool | None = setting(
        False,
        label="Exactly as diffusers",
        help="Treat masks exactly as diffusers does: sampled at the nearest pixel and cut at one "
        "half, and the hole's content seen even at full strength.",
        advanced=True,
        dialog_only=True,
        done_by="engine",
        group="more",
    )

    def given(self) -> dict[str, Any]:
        """Collect the values that are set, by the names of their fields."""
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) is not None}

    def over(self, base: Settings) -> Settings:
        """Complete unset settings from those of the base."""
        return replace(base, **self.given())


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


def settings_fields() -> Iterator[Field[Any]]:
    """Return the fields of `Settings` in the order in which to present them."""
    yield from fields(Settings)


def fallback_of(name: str) -> Any:
    """Return the value of a setting that neither the user nor the model has set."""
    return Settings.__dataclass_fields__[name].metadata["fallback"]
