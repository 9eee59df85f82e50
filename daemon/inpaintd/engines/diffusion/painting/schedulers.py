"""Schedulers by their common names, and how many steps they run."""

from __future__ import annotations

import difflib
import math
from typing import Any

import diffusers

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings

from ..families import KANDINSKY, Family

_KARRAS = {"use_karras_sigmas": True}
_SDE = {"algorithm_type": "sde-dpmsolver++"}

SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ddim": ("DDIMScheduler", {}),
    "ddpm": ("DDPMScheduler", {}),
    "deis": ("DEISMultistepScheduler", {}),
    "dpm_2": ("KDPM2DiscreteScheduler", {}),
    "dpm_2_a": ("KDPM2AncestralDiscreteScheduler", {}),
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {}),
    "dpmpp_2m_karras": ("DPMSolverMultistepScheduler", _KARRAS),
    "dpmpp_2m_sde": ("DPMSolverMultistepScheduler", _SDE),
    "dpmpp_2m_sde_karras": ("DPMSolverMultistepScheduler", _SDE | _KARRAS),
    "dpmpp_2s": ("DPMSolverSinglestepScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "euler_karras": ("EulerDiscreteScheduler", _KARRAS),
    "heun": ("HeunDiscreteScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "lms": ("LMSDiscreteScheduler", {}),
    "lms_karras": ("LMSDiscreteScheduler", _KARRAS),
    "pndm": ("PNDMScheduler", {"skip_prk_steps": True}),
    "tcd": ("TCDScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
}

FLOW_SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "euler": ("FlowMatchEulerDiscreteScheduler", {}),
    "euler_karras": ("FlowMatchEulerDiscreteScheduler", _KARRAS),
    "heun": ("FlowMatchHeunDiscreteScheduler", {}),
    "lcm": ("FlowMatchLCMScheduler", {}),
}

LEARNED_VARIANCE_SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ddpm": ("DDPMScheduler", {}),
}
"""Kandinsky's decoder predicts the variance as well, which only this one accepts."""

_ALIASES = {
    "dpmpp_2": "dpmpp_2s",
    "euler_ancestral": "euler_a",
    "plms": "pndm",
}


def usual_name(name: str) -> str:
    """The table's name of a scheduler, given any of its common names.

    `k_lms`, `DPM++ 2M Karras`, `Euler a` and `euler-ancestral` are all in use.
    """
    plain = name.strip().lower().replace("++", "pp").replace(" ", "_").replace("-", "_")
    plain = plain.removeprefix("k_")
    return _ALIASES.get(plain, plain)


def schedulers_of(family: Family) -> dict[str, tuple[str, dict[str, Any]]]:
    """The schedulers that a family supports: name, class, and changed configuration."""
    if family is KANDINSKY:
        return LEARNED_VARIANCE_SCHEDULERS
    return FLOW_SCHEDULERS if family.flow else SCHEDULERS


def make_scheduler(name: str, own: Any, family: Family) -> Any:
    """Create a fresh scheduler, so that no request sees the state of another.

    Args:
        name: a common name; empty for the model's default.
        own: the model's scheduler as loaded; only its configuration is read.

    Raises:
        InpaintError: as `check_scheduler`.
    """
    if not name:
        return type(own).from_config(own.config)
    check_scheduler(name, family)
    class_name, changes = schedulers_of(family)[usual_name(name)]
    return getattr(diffusers, class_name).from_config(own.config, **changes)


def check_scheduler(name: str, family: Family) -> None:
    """Check that a family supports the scheduler of this name; empty for its default.

    Raises:
        InpaintError: `unsupported`, naming the nearest names.
    """
    table = schedulers_of(family)
    if not name or usual_name(name) in table:
        return
    near = difflib.get_close_matches(usual_name(name), table, n=3, cutoff=0.5)
    reason = (
        f"This model cannot use the scheduler {name!r}."
        if usual_name(name) in SCHEDULERS
        else f"There is no scheduler named {name[:80]!r}."
    )
    raise InpaintError("unsupported", reason, f"Try one of: {', '.join(near or table)}.")


def steps_to_run(steps: int, strength: float, scheduler: Any, family: Family) -> int:
    """Denoising steps that a pipeline runs, by its own count.

    Second-order schedulers run nearly twice as many as requested, PNDM one more.

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
    """Number of steps that a strength leaves.

    Raises:
        InpaintError: `unsupported` when it leaves none.
    """
    kept = min(int(steps * strength), steps)
    if kept < 1:
        raise InpaintError(
            "unsupported",
            f"At strength {strength:g}, none of the {steps} steps would run.",
            f"Raise the strength to at least {_round_up(1 / steps):g}{_or_steps(strength)}.",
        )
    return kept


def _or_steps(strength: float) -> str:
    """Advice on a sufficient number of steps, if it is within the limit."""
    needed = math.ceil(1 / strength)
    most: int = Settings.__dataclass_fields__["steps"].metadata["maximum"]
    return f", or the number of steps to at least {needed}" if needed <= most else ""


def _round_up(strength: float) -> float:
    return math.ceil(strength * 1000) / 1000
