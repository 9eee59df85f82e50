"""The diffusion engine: from tasks to painted regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from inpaintd.engine import Painted, Report, Task
from inpaintd_protocol.settings import Settings

from .adapters import adapted
from .families import SD, SDXL
from .honours import HONOURS
from .job import Job, prepare
from .library import Library
from .model import Model, load
from .paint import paint
from .preview import LatentColours
from .prompts import Notice
from .stages import passes, reporting, tasks_of

Array = NDArray[np.float32]


_NOTHING_TO_DO = (
    "nothing_to_do",
    "A strength of 0 changes nothing.",
    "Raise the strength; 0.5 is a good start.",
)


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
        if settings.strength == 0 and not settings.stages:
            return Painted([task.colour for task in tasks], notices=(_NOTHING_TO_DO,))
        all_passes = [one for one in passes(settings) if one.settings.strength > 0]
        results: list[Array] | None = None
        latents: _Latents | None = None
        steps = 0
        notices: list[Notice] = []
        for index, one in enumerate(all_passes):
            tell = reporting(report, all_passes, index, len(tasks))
            model = self._loaded(one.settings.model, tell)
            tell("preparing")
            with adapted(model, self.library, one.settings):
                jobs = [
                    prepare(model, self.library, task, one.settings)
                    for task in tasks_of(one, tasks, results)
                ]
                if latents is not None:
                    jobs = latents.handed_to(model, jobs)
                results, raw = self._paint(model, jobs, one.settings, tell)
            latents = _Latents(model, raw) if index + 1 < len(all_passes) else None
            steps += jobs[0].steps
            notices += [notice for job in jobs for notice in job.notices]
        assert results is not None
        return Painted(results, steps=steps, notices=tuple(dict.fromkeys(notices)))

    def _paint(
        self, model: Model, jobs: Sequence[Job], settings: Settings, report: Report
    ) -> tuple[list[Array], list[torch.Tensor]]:
        total = sum(job.steps for job in jobs)
        latent_colours = self._latent_colours(model) if settings.preview else None
        painted: list[Array] = []
        latents: list[torch.Tensor] = []
        for index, job in enumerate(jobs):
            place = (index, sum(done.steps for done in jobs[:index]), total)
            colour, raw = paint(model, job, settings, report, place, latent_colours)
            painted.append(colour)
            latents.append(raw)
        return painted, latents

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


class _Latents:
    """What a pass has made, as latents."""

    def __init__(self, model: Model, latents: list[torch.Tensor]) -> None:
        self.latents = latents
        self.vae = model.vae_fingerprint

    def handed_to(self, model: Model, jobs: list[Job]) -> list[Job]:
        """The next jobs, going on from latents where the VAE is the same: nothing is lost then."""
        if model.family not in (SD, SDXL) or model.conditioned or model.vae_fingerprint != self.vae:
            return jobs
        return [
            replace(job, latents=latent) if latent.shape[-2:] == job.cells.shape else job
            for job, latent in zip(jobs, self.latents, strict=True)
        ]
