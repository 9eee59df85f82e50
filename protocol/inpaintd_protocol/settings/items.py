"""Items of the settings that are lists."""

from __future__ import annotations

from dataclasses import dataclass

from .declaring import part


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
        help="How strongly this picture influences the fill; some models ignore weights.",
        minimum=0.0,
        maximum=2.0,
    )
