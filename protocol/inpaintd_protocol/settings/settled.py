"""The settings as used: every one has a value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from .items import Control, Lora, Reference
from .requested import Settings, Stage

_DEFAULT: Any = None
"""Placeholder for a field of `Settled` that is filled in on construction."""


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
    speed: str = _DEFAULT
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
