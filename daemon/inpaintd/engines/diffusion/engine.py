"""The diffusion engine: from tasks to painted regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch

from inpaintd.engine import Array, FatalEngineError, Painted, Report, Task
from inpaintd.engines.catalogue import ENGINES
from inpaintd.engines.device import best_device
from inpaintd.models.registry import Registry
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settled

from .loading.adapters import adapted, lora_names
from .loading.device_memory import DeviceMemory
from .loading.failures import fitting, give_back_memory, is_device_failure
from .loading.files import best_type, family_of_source
from .loading.ladder import DECODE_IN_TILES, WORK_SMALLER, Rung, climb
from .loading.library import Library, Source
from .loading.model import Model, load
from .loading.plan import Placement, Plan
from .loading.sharing import shared_components
from .loading.watching import watched
from .painting.after_step import BrokenNumbersError
from .painting.attempt import Attempt, Done, Work
from .painting.hand_over import SoFar
from .painting.job import check
from .painting.passes import Pass, passes, reporting
from .painting.previews import Previews
from .painting.tiles import finer, going_on, needs_detail
from .painting.work_area import work_pixels
from .prompts.encoding import Notice

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
_EIGHT_BITS = (
    "eight_bits_for_memory",
    "Memory was short, so the model's weights were stored in 8 bits, which changes fine detail.",
    "Close other programs that use the GPU to have it in 16 bits.",
)
_STREAMED = (
    "streamed_for_memory",
    "Memory was short, so the model was brought to the device layer by layer, which is slow.",
    "Close other programs that use the GPU, or choose a smaller model.",
)


def make(_name: str, registry: Callable[[], Registry]) -> DiffusionEngine:
    """The engine for the models that are installed."""
    return DiffusionEngine(Library(registry))


class DiffusionEngine:
    """Fills regions with the models of a library, each loaded on first use."""

    honours = ENGINES["diffusion"].honours
    soft = ENGINES["diffusion"].soft
    interruptible = ENGINES["diffusion"].interruptible

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
        self._previews: Previews | None = None
        self._wider: dict[Source, torch.dtype] = {}
        self._memory = DeviceMemory(self.device, library.registry.home)
        self.plan: Plan | None = None
        """A description of how the last request was run."""

    def paint(self, tasks: Sequence[Task], settings: Settled, report: Report) -> Painted:
        """Fill each task's region, one after the other, so that each equals a separate run."""
        all_passes = [one for one in passes(settings) if one.settings.strength > 0]
        if not all_passes:
            return Painted([task.colour for task in tasks], notices=(_NOTHING_TO_DO,))
        try:
            return self._passes(all_passes, tasks, report)
        except RuntimeError as error:
            if not is_device_failure(error):
                raise
            raise FatalEngineError(
                "engine_failed",
                f"The device failed: {str(error).splitlines()[0][:200]}.",
                "The request is tried again; if it keeps failing, look at the device's driver.",
            ) from error

    def _passes(self, all_passes: Sequence[Pass], tasks: Sequence[Task], report: Report) -> Painted:
        for one in all_passes:
            check(self.library, one.settings)
        so_far = [SoFar.start(task) for task in tasks]
        steps = 0
        notices: list[Notice] = []
        for index, one in enumerate(all_passes):
            following = next(iter(all_passes[index + 1 :]), None)
            done = self._pass(
                one.settings,
                tasks,
                reporting(report, all_passes, index, len(tasks)),
                partial(Attempt.paint, one=one, so_far=so_far, following=following),
            )
            so_far = done.so_far
            steps += done.steps
            notices += done.notices
        results = [last.result(colour) for last, colour in zip(so_far, done.colours, strict=True)]
        detailed = self._detailed(all_passes[-1], tasks, results, report, steps)
        return Painted(
            detailed.colours,
            steps=steps + detailed.steps,
            notices=tuple(dict.fromkeys(notices + detailed.notices)),
        )

    def _detailed(
        self,
        last: Pass,
        tasks: Sequence[Task],
        results: list[Array],
        report: Report,
        steps_before: int,
    ) -> Done:
        """The results, with those larger than the model's area repainted in tiles."""
        side = self._model.native_side if self._model else 0
        large = any(needs_detail(task.mask, side) for task in tasks)
        if last.settings.width or last.settings.height or not large:
            return Done(results)
        return self._pass(
            finer(last.settings),
            [],
            going_on(report, steps_before * len(tasks)),
            partial(
                Attempt.paint_over,
                tasks=tasks,
                masks=[last.painted(task) for task in tasks],
                results=results,
            ),
        )

    def _pass(self, settings: Settled, tasks: Sequence[Task], report: Report, work: Work) -> Done:
        """Run one pass, on whatever rung of the memory ladder and in whatever type works.

        Args:
            tasks: those whose regions are painted in one piece; none for a pass in tiles.
        """
        raised = False
        while True:
            try:
                done, rungs = self._climb(settings, tasks, report, work)
                break
            except BrokenNumbersError:
                raised = True
            self._raise_precision(settings.model)
        if raised:
            done.notices.append(_RAISED)
        if WORK_SMALLER in rungs:
            done.notices.append(_SMALLER)
        lossless = self.plan is not None and self.plan.lossless
        if self._model is not None and self._model.eight_bits and not lossless:
            done.notices.append(_EIGHT_BITS)
        if self._model is not None and self._model.placement is Placement.STREAMED:
            done.notices.append(_STREAMED)
        return done

    def _climb(
        self, settings: Settled, tasks: Sequence[Task], report: Report, work: Work
    ) -> tuple[Done, tuple[Rung, ...]]:
        source = self.library.model(settings.model)
        family = family_of_source(source)
        side = source.native_side or family.native_side
        shapes = ((task.mask.shape[0], task.mask.shape[1]) for task in tasks)
        pixels = work_pixels(shapes, side, family.multiple, (settings.width, settings.height))
        by_adapter = bool(settings.references) and not family.references
        adapters = by_adapter or bool(lora_names(settings))
        model, planned = self._loaded(source, pixels, report, adapters=adapters)
        with watched(self.device) as peak:
            done, rungs = climb(
                model, lambda scale: self._attempt(model, settings, report, work, scale), planned
            )
        if rungs == planned and WORK_SMALLER not in rungs:
            self._memory.learn(model, pixels, peak.bytes, tiled=DECODE_IN_TILES in rungs)
        return done, rungs

    def _attempt(
        self, model: Model, settings: Settled, report: Report, work: Work, scale: float
    ) -> Done:
        report("preparing")
        try:
            previews = self._previews_of(model) if settings.preview else None
            with adapted(model, self.library, settings):
                done = work(Attempt(model, self.library, settings, report, scale, previews))
            done.notices.extend(previews.notices if previews else ())
            return done
        finally:
            model.settle()

    def _raise_precision(self, name: str) -> None:
        """Load a model in a type of wider range from now on."""
        source = self.library.model(name)
        now = self._model.dtype if self._model else torch.float32
        if now == torch.float32:
            raise InpaintError(
                "engine_failed",
                f"{source.name} gave numbers that are no picture, even at full precision.",
                "Try another scheduler or a lower guidance scale; its files may be damaged.",
            )
        can_bfloat = self.device.type == "cuda" and torch.cuda.is_bf16_supported(False)
        wider = torch.bfloat16 if can_bfloat and now == torch.float16 else torch.float32
        self._wider[source] = wider
        self._drop_model()

    def _loaded(
        self, source: Source, pixels: int, report: Report, *, adapters: bool
    ) -> tuple[Model, tuple[Rung, ...]]:
        """The model of this source, and the rungs that its plan takes from the start.

        Args:
            pixels: area of the work area.
            adapters: whether LoRAs or IP-Adapters are applied to it.
        """
        dtype = self._wider.get(source) or self.dtype or best_type(source, self.device)
        loaded = self._model if self._model and self._model.source == source else None
        plan, planned = self._memory.plan(source, dtype, pixels, loaded, adapters=adapters)
        self.plan = plan
        if loaded is None or (loaded.placement, loaded.eight_bits) != (
            plan.placement,
            plan.eight_bits,
        ):
            report("loading")
            shared = shared_components(self._model, source, dtype) if self._model else {}
            # Two models at once rarely fit.
            self._drop_model()
            loaded = self._model = self._load(source, dtype, plan, shared)
        return loaded, planned

    def _drop_model(self) -> None:
        if self._model is not None:
            self._model.forget()
        self._model = self._previews = None
        give_back_memory()

    def _load(
        self, source: Source, dtype: torch.dtype, plan: Plan, shared: Mapping[str, Any]
    ) -> Model:
        # Free memory may have been taken since the plan was made.
        placements = list(dict.fromkeys((plan.placement, Placement.OFFLOADED)))
        for placement in placements if self.device.type != "cpu" else placements[:1]:
            loaded = fitting(
                partial(
                    load,
                    source,
                    self.device,
                    dtype,
                    placement=placement,
                    eight_bits=plan.eight_bits,
                    shared=shared if placement is Placement.RESIDENT else {},
                )
            )
            if loaded:
                return loaded[0]
            give_back_memory()
        raise InpaintError(
            "out_of_memory",
            f"{source.name} does not fit into memory.",
            "Close other programs, or take a smaller model.",
        )

    def _previews_of(self, model: Model) -> Previews:
        if self._previews is None:
            self._previews = Previews(model)
        self._previews.prepare(model, self.library)
        return self._previews
