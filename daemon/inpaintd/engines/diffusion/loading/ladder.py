"""The ladder of measures taken one by one when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from inpaintd_protocol.errors import InpaintError

from .failures import fitting, give_back_memory
from .model import Model
from .plan import SMALLER, Placement

Result = TypeVar("Result")


@dataclass(frozen=True)
class Rung:
    """One measure.

    Attributes:
        name: its effect, as told to the user when it did not help.
        take: takes the measure; returns False if it does not apply.
        release: reverts whatever would change the next request's picture.
    """

    name: str
    take: Callable[[Model], bool]
    release: Callable[[Model], None] = lambda _: None


def _free_caches(model: Model) -> bool:
    model.reuse.clear()
    model.controlnets.clear()
    give_back_memory()
    return True


def _tile_vae(model: Model) -> bool:
    vae = model.vae
    if not hasattr(vae, "use_tiling"):  # Kandinsky's has the method, but it raises
        return False
    vae.enable_tiling()
    vae.enable_slicing()
    # Tiles as large as a model's native area would not help at that size.
    for attribute in _TILE_SIDES:
        if hasattr(vae, attribute):
            setattr(vae, attribute, getattr(vae, attribute) // 2)
    return True


def _untile_vae(model: Model) -> None:
    vae = model.vae
    for attribute in _TILE_SIDES:
        if hasattr(vae, attribute):
            setattr(vae, attribute, getattr(vae, attribute) * 2)
    vae.disable_tiling()
    vae.disable_slicing()


_TILE_SIDES = ("tile_sample_min_size", "tile_latent_min_size")
"""Disable tiling of `AutoencoderKL`; Qwen's has tiles of 256 pixels by default."""


def _offload(model: Model) -> bool:
    """Keep only the active component on the device; it stays so, as it changes no picture."""
    if model.device.type == "cpu" or model.placement not in (
        Placement.RESIDENT,
        Placement.ENCODERS_AWAY,
    ):
        return False
    model.offload()
    return True


DECODE_IN_TILES = Rung("decode in tiles", _tile_vae, _untile_vae)

LADDER = (
    Rung("free caches", _free_caches),
    DECODE_IN_TILES,
    Rung("keep idle parts of the model in main memory", _offload),
)


WORK_SMALLER = Rung("work at a smaller size", lambda _: True)
"""The last one, since it alone changes the picture's composition."""


def climb(
    model: Model, attempt: Callable[[float], Result], planned: Sequence[Rung] = ()
) -> tuple[Result, tuple[Rung, ...]]:
    """Run `attempt` until it fits, taking one more rung each time memory runs out.

    Args:
        attempt: receives the scale of the work area: 1, on the last rung `SMALLER`.
        planned: rungs that are taken from the start.

    Returns:
        The attempt's result, and the rungs taken.

    Raises:
        InpaintError: `out_of_memory`, listing the rungs that were tried.
    """
    taken: list[Rung] = []
    left = [rung for rung in LADDER if rung not in planned]
    try:
        taken += [rung for rung in planned if rung is not WORK_SMALLER and rung.take(model)]
        while WORK_SMALLER not in planned:
            done = fitting(lambda: attempt(1.0))
            if done:
                return done[0], tuple(taken)
            while left and not left[0].take(model):
                left.pop(0)
            if not left:
                break
            taken.append(left.pop(0))
        done = fitting(lambda: attempt(SMALLER))
        if done:
            return done[0], (*taken, WORK_SMALLER)
    finally:
        for rung in taken:
            rung.release(model)
    tried = ", ".join(rung.name for rung in (*taken, WORK_SMALLER))
    raise InpaintError(
        "out_of_memory",
        f"{model.source.name} does not fit into memory. Tried: {tried}.",
        "Set a smaller work size, close other programs that use the GPU, or choose a smaller "
        "model.",
    )
