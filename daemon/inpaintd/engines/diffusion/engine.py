"""The diffusion engine: from tasks to painted regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from inpaintd.engine import Painted, Report, Task
from inpaintd_protocol.settings import Settings

from .adapters import adapted
from .honours import HONOURS
from .library import Library
from .model import Model, load
from .paint import paint, prepare
from .preview import LatentColours

Array = NDArray[np.float32]


class DiffusionEngine:
    """Fills regions with the models of a library, each loaded when it is first needed."""

    honours = HONOURS
    soft = True
    interruptible = True

    def __init__(
        self,
        library: Library,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.library = library
        self.device = device or best_device()
        self.dtype = dtype
        self._model: Model | None = None
        self._colours: LatentColours | None = None

    def paint(self, tasks: Sequence[Task], settings: Settings, report: Report) -> Painted:
        """Fill each task's region; one after the other, so that each equals a run of its own."""
        if settings.strength == 0:
            return Painted(
                [task.colour for task in tasks],
                notices=(
                    (
                        "nothing_to_do",
                        "A strength of 0 changes nothing.",
                        "Raise the strength; 0.5 is a good start.",
                    ),
                ),
            )
        model = self._loaded(settings.model, report)
        report("preparing")
        with adapted(model, self.library, settings):
            return self._paint(model, tasks, settings, report)

    def _paint(
        self, model: Model, tasks: Sequence[Task], settings: Settings, report: Report
    ) -> Painted:
        jobs = [prepare(model, task, settings) for task in tasks]
        total = sum(job.steps for job in jobs)
        latent_colours = self._latent_colours(model) if settings.preview else None
        painted: list[Array] = []
        for index, job in enumerate(jobs):
            place = (index, sum(done.steps for done in jobs[:index]), total)
            painted.append(paint(model, job, settings, report, place, latent_colours))
        notices = tuple(dict.fromkeys(notice for job in jobs for notice in job.notices))
        return Painted(painted, steps=jobs[0].steps if jobs else 0, notices=notices)

    def _loaded(self, name: str, report: Report) -> Model:
        source = self.library.model(name)
        if self._model is None or self._model.source != source:
            report("loading")
            # Two models at once rarely fit.
            self._model = self._colours = None
            self._model = load(source, self.device, self.dtype)
        return self._model

    def _latent_colours(self, model: Model) -> LatentColours:
        if self._colours is None:
            self._colours = LatentColours(model)
        return self._colours


def best_device() -> torch.device:
    """The fastest device of this machine."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
