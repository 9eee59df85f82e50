"""Pictures, masks and short ways to paint, for the tests of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from numpy.typing import NDArray

from inpaintd.engine import Painted, Task
from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.engines.diffusion.loading.library import Library
from inpaintd.engines.diffusion.painting import paint as painting
from inpaintd.engines.diffusion.painting.after_step import Watch
from inpaintd.engines.diffusion.painting.latents import unpacked
from inpaintd.models.registry import Entry, Registry
from inpaintd_protocol.settings import Settled

Array = NDArray[np.float32]


def photograph(height: int = 64, width: int = 64) -> Array:
    """A detail of a real photograph, (H, W, 3) float32 in [0, 1]."""
    whole = skimage.data.astronaut()[60 : 60 + height, 180 : 180 + width]
    return np.asarray(whole, np.float32) / 255


def hole(height: int = 64, width: int = 64) -> Array:
    """A hard hole that does not lie on the latent grid."""
    mask = np.zeros((height, width), np.float32)
    mask[height // 4 + 3 : 3 * height // 4, width // 4 - 2 : 3 * width // 4 + 1] = 1
    return mask


def task(mask: Array | None = None, *, seed: int = 7, variant: int = 0) -> Task:
    if mask is None:
        mask = hole()
    return Task(colour=photograph(*mask.shape), mask=mask, seed=seed, variant=variant)


def settings(**changes: Any) -> Settled:
    values = {"prompt": "a cat", "steps": 4, "guidance_scale": 3.0, "strength": 0.75}
    return Settled(**values | changes)


def quiet(*_: Any, **__: Any) -> None:
    """A report that nobody reads."""


def library(folder: Path, **more: Entry) -> Library:
    """A library with the tiny model in this folder, and its prior if it has one."""
    name = folder.name
    prior = folder.with_name(f"{name}-prior")
    entry = Entry(
        name,
        name,
        "diffusion",
        native_side=64,
        source=str(folder),
        prior=str(prior) if prior.exists() else "",
    )
    registry = Registry({name: entry, **more}, own_default=name, home=folder.parent)
    return Library(lambda: registry)


def controlnet(folder: Path, control: str) -> Entry:
    """An entry for the ControlNet in this folder."""
    return Entry(
        folder.name, control, "diffusion", kind="controlnet", control=control, source=str(folder)
    )


def model(folder: Path) -> Entry:
    """An entry for the model in this folder."""
    return Entry(folder.name, folder.name, "diffusion", native_side=64, source=str(folder))


def engine(folder: Path, **more: Entry) -> DiffusionEngine:
    """A fresh engine, for tests that change it or count what it does."""
    return DiffusionEngine(library(folder, **more), torch.device("cpu"))


def shared(folder: Path, **more: Entry) -> DiffusionEngine:
    """The engine of all tests that only look at its pictures: loading takes far more than painting.

    test_independence.py shows that no request leaves a trace in the next one.
    """
    return engine(folder, **more) if more else _shared(folder)


@cache
def _shared(folder: Path) -> DiffusionEngine:
    return engine(folder)


def paint(
    engine: DiffusionEngine, tasks: Sequence[Task] | Task | None = None, **changes: Any
) -> Painted:
    if tasks is None:
        tasks = task()
    return engine.paint([tasks] if isinstance(tasks, Task) else tasks, settings(**changes), quiet)


def inside(painted: Painted, mask: Array | None = None) -> Array:
    """The colours in the hole of the first task."""
    return painted.colours[0][(hole() if mask is None else mask) == 1]


def distance(a: Array, b: Array) -> float:
    return float(np.abs(a - b).mean())


def latents_of_each_step(
    engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch
) -> list[torch.Tensor]:
    """The latents of the next request (64 x 64 pixels), added to this list after each step."""
    seen: list[torch.Tensor] = []

    class Recording(Watch):
        def __call__(self, pipe: Any, step: int, time: Any, tensors: dict[str, Any]) -> Any:
            answer = super().__call__(pipe, step, time, tensors)
            seen.append(unpacked(engine._model, answer["latents"], 64, 64).clone())
            return answer

    monkeypatch.setattr(painting, "Watch", Recording)
    return seen
