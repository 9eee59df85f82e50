"""The diffusion engine: from tasks to painted regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inpaintd.engine import FatalEngineError, Painted, Report, Task
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings

from . import detail
from .adapters import adapted
from .check import check
from .hand_over import SoFar, empty_latents, fits, goes_over_all, hands_over, takes_latents
from .honours import HONOURS
from .job import Job, prepare
from .library import Library
from .memory import climb, is_out_of_memory
from .model import Model, best_type, load
from .paint import paint
from .preview import LatentColours
from .prompts import Notice
from .sharing import same_vae, shared_components
from .source import Source
from .stages import Pass, passes, reporting
from .watch import BrokenNumbersError

Array = NDArray[np.float32]


_NOTHING_TO_DO = (
    "nothing_to_do",
    "A strength of 0 changes nothing.",
    "Raise the strength; 0.5 is a good start.",
)


_RAISED = (
    "precision_raised",
    "The model broke down in 16 bits, so it was run again with more.",
    "Install a VAE or a variant that is made for 16 bits to have it faster.",
)
_SMALLER = (
    "smaller_for_memory",
    "Memory was short, so the work was done at a smaller size and scaled up.",
    "Close other programs that use the GPU, or ask for a smaller work size yourself.",
)


def _made_for_inpainting(name: str) -> Notice:
    return (
        "made_for_inpainting",
        f"{name} is made for inpainting; whole pictures it paints less well.",
        "Take the model that it was made from for text-to-image.",
    )


@dataclass(frozen=True)
class _Done:
    """What a pass has made of its tasks.

    Attributes:
        colours: for each task its picture; None where the next pass goes on from latents.
    """

    so_far: list[SoFar]
    colours: list[Array | None]
    steps: int
    notices: list[Notice]


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
        self._wider: dict[Source, torch.dtype] = {}

    def paint(self, tasks: Sequence[Task], settings: Settings, report: Report) -> Painted:
        """Fill each task's region; one after the other, so that each equals a run of its own."""
        all_passes = [one for one in passes(settings) if one.settings.strength > 0]
        if not all_passes:
            return Painted([task.colour for task in tasks], notices=(_NOTHING_TO_DO,))
        try:
            return self._passes(all_passes, tasks, report)
        except torch.AcceleratorError as error:
            raise FatalEngineError(
                "engine_failed",
                f"The device failed: {str(error).splitlines()[0][:200]}.",
                "The request is tried again; if it keeps failing, look at the device's driver.",
            ) from error

    def _passes(self, all_passes: Sequence[Pass], tasks: Sequence[Task], report: Report) -> Painted:
        for one in all_passes:
            check(self.library, one.settings)
        so_far = [SoFar.start(task) for task in tasks]
        results: list[Array] = []
        steps = 0
        notices: list[Notice] = []
        for index, one in enumerate(all_passes):
            tell = reporting(report, all_passes, index, len(tasks))
            following = next(iter(all_passes[index + 1 :]), None)
            done = self._pass(one, so_far, tell, following)
            so_far = done.so_far
            steps += done.steps
            notices += done.notices
        for last, colour in zip(so_far, done.colours, strict=True):
            assert colour is not None
            results.append(last.result(colour))
        if len(all_passes) == 1:
            results, more = self._with_detail(tasks, results, all_passes[0].settings, report)
            steps += more
        return Painted(results, steps=steps, notices=tuple(dict.fromkeys(notices)))

    def _pass(
        self,
        one: Pass,
        so_far: Sequence[SoFar],
        report: Report,
        following: Pass | None = None,
    ) -> _Done:
        """One pass, on whatever rung of the memory ladder and in whatever type it works.

        Args:
            following: the pass after it, which may go on from latents.
        """
        raised = False
        while True:
            try:
                done, rungs = self._climb(one, so_far, report, following)
                break
            except BrokenNumbersError:
                raised = True
            self._raise_precision(one.settings.model)
        if raised:
            done.notices.append(_RAISED)
        if "work at a smaller size" in rungs:
            done.notices.append(_SMALLER)
        return done

    def _climb(
        self, one: Pass, so_far: Sequence[SoFar], report: Report, following: Pass | None
    ) -> tuple[_Done, tuple[str, ...]]:
        model = self._loaded(one.settings.model, report)
        as_latents = (
            following is not None
            and hands_over(model.family)
            and same_vae(model.source, self.library.model(following.settings.model))
        )
        return climb(
            model, lambda scale: self._attempt(model, one, so_far, report, scale, as_latents)
        )

    def _attempt(
        self,
        model: Model,
        one: Pass,
        so_far: Sequence[SoFar],
        report: Report,
        scale: float,
        as_latents: bool,
    ) -> _Done:
        settings = one.settings
        report("preparing")
        latent_colours = self._latent_colours(model) if settings.preview else None
        with adapted(model, self.library, settings):
            ready = [self._ready(model, one, each, scale) for each in so_far]
            jobs = [job for _, job in ready]
            total = sum(job.steps for job in jobs)
            after: list[SoFar] = []
            colours: list[Array | None] = []
            for index, (before, job) in enumerate(ready):
                place = (index, sum(done.steps for done in jobs[:index]), total)
                colour, latents = paint(
                    model, job, settings, report, place, latent_colours, as_latents=as_latents
                )
                after.append(before.after(one, model, colour, latents))
                colours.append(colour)
        notices = [notice for job in jobs for notice in job.notices]
        return _Done(after, colours, jobs[0].steps, notices)

    def _ready(self, model: Model, one: Pass, so_far: SoFar, scale: float) -> tuple[SoFar, Job]:
        """A task's job, going on from latents where that is possible."""
        settings = one.settings
        job = prepare(model, self.library, so_far.task_of(one), settings, scale)
        usable = takes_latents(model, job)
        if so_far.latents is not None:
            if usable and fits(so_far, job):
                return so_far, replace(job, latents=so_far.latents)
            so_far = so_far.as_picture(model)
            job = prepare(model, self.library, so_far.task_of(one), settings, scale)
        if settings.strength == 1 and goes_over_all(job):
            if usable:
                return so_far, replace(job, latents=empty_latents(model, job))
            if model.conditioned:
                job.notices.append(_made_for_inpainting(model.source.name))
        return so_far, job

    def _with_detail(
        self, tasks: Sequence[Task], results: list[Array], settings: Settings, report: Report
    ) -> tuple[list[Array], int]:
        """The results, those larger than the model's area painted over tile by tile."""
        if settings.width or settings.height or self._model is None:
            return results, 0
        side = self._model.native_side
        strength = max(min(settings.strength, detail.STRENGTH), 1 / settings.steps)
        finer = replace(settings, strength=strength, infill="original", replace=0.0)
        detailed: list[Array] = []
        steps = 0
        for task, result in zip(tasks, results, strict=True):
            height, width = task.mask.shape
            if not detail.needs_detail(height, width, side):
                detailed.append(result)
                continue
            current = np.where(task.mask[..., None] > 0, result, task.colour)
            for tile in detail.tiles(task.mask, side):
                mask = detail.mask_of(tile, task.mask)
                part = replace(task, colour=current[tile.window], mask=mask, source=None)
                done = self._pass(Pass(finer), [SoFar.start(part)], report)
                (colour,) = done.colours
                assert colour is not None
                window = current[tile.window]
                window[mask > 0] = colour[mask > 0]
                steps += done.steps
            detailed.append(current)
        return detailed, steps

    def _raise_precision(self, name: str) -> None:
        """Have a model loaded in a type of wider range from now on."""
        source = self.library.model(name)
        now = self._model.dtype if self._model else torch.float32
        if now == torch.float32:
            raise InpaintError(
                "engine_failed",
                f"{source.name} gave numbers that are no picture, even at full precision.",
                "Try another scheduler or a lower guidance scale; its files may be damaged.",
            )
        can_bfloat = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        wider = torch.bfloat16 if can_bfloat and now == torch.float16 else torch.float32
        self._wider[source] = wider
        self._model = self._colours = None

    def _loaded(self, name: str, report: Report) -> Model:
        source = self.library.model(name)
        if self._model is None or self._model.source != source:
            report("loading")
            dtype = self._wider.get(source) or self.dtype or best_type(source, self.device)
            shared = shared_components(self._model, source, dtype) if self._model else {}
            # Two models at once rarely fit.
            self._model = self._colours = None
            self._model = self._load(source, dtype, shared)
        return self._model

    def _load(self, source: Source, dtype: torch.dtype, shared: Mapping[str, Any]) -> Model:
        try:
            return load(source, self.device, dtype, shared=shared)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        # Out of the except block: its traceback holds what was loaded so far.
        return load(source, self.device, dtype, offloaded=self.device.type != "cpu", shared=shared)

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
