"""How many denoising steps a request really runs."""

from __future__ import annotations

import math
from typing import Any

from inpaintd_protocol.errors import InpaintError

from .families import Family
from .schedulers import make_scheduler


def steps_to_run(steps: int, strength: float, scheduler: Any, family: Family) -> int:
    """Denoising steps that a pipeline runs, as it counts them itself.

    Second-order schedulers run nearly twice as many as asked for, PNDM one more.

    Args:
        scheduler: only its configuration is used.

    Raises:
        InpaintError: as `kept_steps`.
    """
    kept = kept_steps(steps, strength)
    if family.flow:
        # These need the picture's size to set their time steps, and run one step for each.
        return kept
    trial = make_scheduler("", scheduler, family)
    trial.set_timesteps(steps)
    return len(trial.timesteps[(steps - kept) * trial.order :])


def kept_steps(steps: int, strength: float) -> int:
    """How many of the steps a strength leaves.

    Raises:
        InpaintError: `unsupported` when it leaves none.
    """
    kept = min(int(steps * strength), steps)
    if kept < 1:
        raise InpaintError(
            "unsupported",
            f"A strength of {strength:g} leaves none of {steps} steps to run.",
            f"Raise the strength to {_round_up(1 / steps):g} or more,"
            f" or the steps to {math.ceil(1 / strength)} or more.",
        )
    return kept


def _round_up(strength: float) -> float:
    return math.ceil(strength * 1000) / 1000
