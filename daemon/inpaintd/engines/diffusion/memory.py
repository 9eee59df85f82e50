"""The ladder that is climbed when memory runs out, one rung at a time."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from inpaintd_protocol.errors import InpaintError

from .model import Model

Result = TypeVar("Result")

SMALLER = 0.75
"""By how much the last rung shortens the sides of the work area."""


@dataclass(frozen=True)
class Rung:
    """One measure.

    Attributes:
        name: what it does, as told to the user when it did not help.
        take: takes the measure; False where it does not apply.
        release: undoes what would change the next request's picture.
    """

    name: str
    take: Callable[[Model], bool]
    release: Callable[[Model], None] = lambda _: None


def _free_caches(model: Model) -> bool:
    model.reuse.clear()
    model.controlnets.clear()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return True


def _tile_vae(model: Model) -> bool:
    vae = model.vae
    if not hasattr(vae, "enable_tiling"):
        return False
    vae.enable_tiling()
    vae.enable_slicing()
    return True


def _untile_vae(model: Model) -> None:
    if hasattr(model.vae, "disable_tiling"):
        model.vae.disable_tiling()
        model.vae.disable_slicing()


def _offload(model: Model) -> bool:
    """Keeps only the component on the device that works; it stays so, as it changes no picture."""
    if model.device.type == "cpu" or model.offloaded:
        return False
    model.pipe.enable_model_cpu_offload(device=model.device)
    if model.prior is not None:
        model.prior.enable_model_cpu_offload(device=model.device)
    return True


LADDER = (
    Rung("free caches", _free_caches),
    Rung("decode in tiles", _tile_vae, _untile_vae),
    Rung("keep idle parts of the model in main memory", _offload),
)


def climb(model: Model, attempt: Callable[[float], Result]) -> tuple[Result, tuple[str, ...]]:
    """Run `attempt` until it fits, taking one rung more after each time that memory ran out.

    Args:
        attempt: is given the scale of the work area: 1, on the last rung `SMALLER`.

    Returns:
        What it returned, and the names of the rungs taken.

    Raises:
        InpaintError: `out_of_memory`, saying what was tried.
    """
    taken: list[Rung] = []
    left = list(LADDER)
    try:
        while True:
            fitted, result = _fits(lambda: attempt(1.0))
            if fitted:
                return result, tuple(rung.name for rung in taken)
            while left and not left[0].take(model):
                left.pop(0)
            if not left:
                break
            taken.append(left.pop(0))
        fitted, result = _fits(lambda: attempt(SMALLER))
        names = (*(rung.name for rung in taken), "work at a smaller size")
        if fitted:
            return result, names
    finally:
        for rung in taken:
            rung.release(model)
    raise InpaintError(
        "out_of_memory",
        f"{model.source.name} does not fit into memory. Tried: {', '.join(names)}.",
        "Ask for a smaller work size, close other programs that use the GPU, or take a smaller"
        " model.",
    )


def _fits(attempt: Callable[[], Result]) -> tuple[bool, Any]:
    """Whether it ran without memory running out, and its result.

    The traceback ends here: while it lives it holds the very tensors that are in the way.
    """
    try:
        return True, attempt()
    except (torch.OutOfMemoryError, MemoryError):
        return False, None
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return False, None


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error means that memory ran out, however it was raised."""
    text = str(error).lower()
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(
        words in text for words in ("out of memory", "not enough memory", "can't allocate memory")
    )
