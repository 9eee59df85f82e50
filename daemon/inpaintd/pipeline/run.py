"""A worker's handling of one request, from the pixels on the wire to the finished layers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from inpaintd.engine import SAMPLING, Array, Detailer, Engine, Task
from inpaintd.geometry import bounds
from inpaintd.pipeline.detail import with_detail
from inpaintd.pipeline.infill import Completion, Pixels
from inpaintd.pipeline.layer import (
    Samples,
    check_answer,
    cut,
    plane_of,
    samples_of,
    to_samples,
)
from inpaintd.pipeline.mask import (
    Masks,
    TextMasker,
    found_by_words,
    mask_of,
    sampling_of,
    with_stages,
)
from inpaintd.pipeline.notices import (
    MODELS_HINT,
    colour_lost,
    not_honoured,
    partial_mask,
    sampling_ignored,
)
from inpaintd.pipeline.objects import ObjectMasker, found_by_prompt
from inpaintd.pipeline.pace import Pace
from inpaintd.pipeline.paste import Pasted, pasted
from inpaintd.pipeline.plan import WorkSizes
from inpaintd.pipeline.prepare import Region, prepared
from inpaintd.pipeline.references import references_of
from inpaintd.pipeline.region import regions_of
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import (
    Finished,
    Inpaint,
    MakeMask,
    Notice,
    Preview,
    Progress,
    ResultLayer,
)
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings, Settled, settings_fields

Tell = Callable[[Progress | Preview], None]
"""Receives progress and pictures. It may raise `CancelledError`, which `run` passes on."""

_PREPARED, _PAINTED = 0.05, 0.95
"""Fractions of the whole request at which painting starts and ends."""

_SEEDS = 2**32

_LONG = {
    "prompt",
    "negative_prompt",
    "text_mask",
    "controls",
    "loras",
    "embeddings",
    "stages",
    "references",
}
"""Settings that the answer does not repeat, to keep its header within the limit."""


def run(
    request: Inpaint | MakeMask,
    engine: Engine,
    report: Tell,
    *,
    settings: Settled | None = None,
    sizes: WorkSizes | None = None,
    model: str = "",
    prefill: Engine | None = None,
    detailer: Detailer | None = None,
    text_masker: TextMasker | None = None,
    object_masker: ObjectMasker | None = None,
) -> Finished:
    """Fill the hole of the request's layer, or only make its mask.

    Args:
        settings: the request's, completed by the model's defaults; None uses the fields' defaults.
        sizes: sizes that the engine's model works at; None when it has no such sizes.
        model: name of the model, as reported in the answer.
        prefill: fills the hole for `infill = "patchmatch"`; None uses `engine`.
        detailer: adds detail to holes that `engine` filled at a lower resolution; None for none.
        text_masker: for `text_mask`.
        object_masker: for the `object` of a `MakeMask`.

    Returns:
        `Finished`; for `MakeMask` with a mask as large as the layer, else cropped to the hole.

    Raises:
        InpaintError: its message is a sentence for the user.
        CancelledError: passed on from `report`.
    """
    settings = settings or Settled.of(request.settings)
    if settings.stages and "stages" not in engine.honours:
        raise InpaintError(
            "unsupported",
            f"{model or 'This model'} cannot do the further passes that were asked for.",
            f"Leave them out, or choose another model. {MODELS_HINT}",
        )
    report(Progress(request.request_id, phase="preparing", fraction=0.0))
    layer = samples_of(request.layer)
    plane = samples_of(request.mask) if request.mask is not None else None
    if settings.text_mask:
        plane = found_by_words(layer, plane, settings, text_masker)
    if isinstance(request, MakeMask) and request.object is not None:
        plane = found_by_prompt(layer, plane, request.object, request.offset, object_masker)
    masks = Masks(*mask_of(layer, plane, settings))
    if isinstance(request, MakeMask):
        return _mask_alone(request, layer, masks, model or settings.model)
    if settings.stages:
        masks = with_stages(layer, masks, _stage_planes(request))
    hole, mask = masks.hole, masks.together
    check_answer(hole, layer.dtype, settings)

    extent = Rectangle(0, 0, layer.shape[1], layer.shape[0])
    boxes = regions_of(mask > 0, (hole.x, hole.y), extent, settings, sizes or WorkSizes())
    sampling = None
    if request.sampling is not None and SAMPLING in engine.honours:
        sampling = sampling_of(layer, samples_of(request.sampling))
        boxes = [reduce(Rectangle.union, boxes, bounds(sampling))]
    complete = _completion(prefill or engine, settings)
    # Others do not look under the hole, so filling it first would take time for nothing.
    infill = settings.infill if "infill" in engine.honours else "original"
    regions = [prepared(layer, box, masks, infill, complete, sampling) for box in boxes]
    warnings = [
        *not_honoured(request.settings, engine.honours, model),
        *sampling_ignored(request, engine.honours),
        *partial_mask(mask, engine),
        *(colour_lost((r.lost, r.mask) for r in regions) if _sees_hole(engine, settings) else ()),
    ]
    painting = _Painting(request, settings, engine, detailer, report, layer, hole, regions)
    layers = painting.layers()
    warnings += [Notice(*notice) for notice in dict.fromkeys(painting.notices)]
    return Finished(
        request.request_id,
        layers=layers,
        mask=plane_of(to_samples(mask, layer.dtype)),
        mask_offset=(hole.x + request.offset[0], hole.y + request.offset[1]),
        model=model or settings.model,
        warnings=tuple(warnings),
        steps=painting.steps,
        settings=_used(settings, engine),
        engine_seconds=painting.seconds,
    )


class _Painting:
    """All variants of one request, and the measurements made while painting them."""

    def __init__(
        self,
        request: Inpaint,
        settings: Settled,
        engine: Engine,
        detailer: Detailer | None,
        report: Tell,
        layer: Samples,
        hole: Rectangle,
        regions: list[Region],
    ) -> None:
        self._request = request
        self._settings = settings
        self._engine = engine
        self._detailer = detailer
        self._report = report
        self._layer = layer
        self._hole = hole
        self._regions = regions
        first = self._settings.seed
        first = secrets.randbelow(_SEEDS) if first is None else first
        self._seeds = [(first + k) % _SEEDS for k in range(self._settings.count)]
        self._pace = Pace()
        self._references = references_of(request, settings, layer)
        self.notices: list[tuple[str, str, str]] = []
        self.steps = 0
        self.seconds = 0.0

    def layers(self) -> tuple[ResultLayer, ...]:
        variants = list(range(self._settings.count))
        if not self._shows_variants:
            # One call lets the engine run all variants as a batch.
            return tuple(self._paint(variants))
        # One call per variant lets the user look at the first while the others are painted.
        return tuple(layer for variant in variants for layer in self._paint([variant]))

    @property
    def _shows_variants(self) -> bool:
        return self._settings.preview and self._settings.count > 1

    def _paint(self, variants: list[int]) -> list[ResultLayer]:
        tasks = [
            Task(
                region.infilled,
                region.masks.own,
                self._seeds[variant],
                variant,
                region.shown,
                region.masks.stages,
                self._references.pictures,
                self._references.masks_within(region.box),
                region.sampling,
            )
            for variant in variants
            for region in self._regions
        ]
        telling = _Telling(
            self._request,
            self._settings,
            self._report,
            self._regions,
            variants,
            self._pace,
            counts_steps="steps" in self._engine.honours,
        )
        began = time.perf_counter()
        painted = self._engine.paint(tasks, self._settings, telling)
        colours = with_detail(painted, tasks, self._settings, self._detailer, telling)
        self.seconds += time.perf_counter() - began
        self.steps = painted.steps
        self.notices += painted.notices
        telling("finishing", 1, 1, task=len(tasks) - 1)
        layers = []
        for index, variant in enumerate(variants):
            start = index * len(self._regions)
            result = pasted(
                self._layer,
                self._hole,
                self._regions,
                colours[start : start + len(self._regions)],
                soft=self._engine.soft,
                match_colour=self._settings.match_colour,
                masked=self._settings.output == "masked",
            )
            layers.append(self._layer_of(result, variant))
        return layers

    def _layer_of(self, result: Pasted, variant: int) -> ResultLayer:
        x, y = self._request.offset
        layer = ResultLayer(
            pixels=plane_of(result.pixels),
            offset=(result.box.x + x, result.box.y + y),
            seed=self._seeds[variant],
            mask=plane_of(result.weight) if self._settings.output == "masked" else None,
        )
        if self._shows_variants:
            self._report(
                Preview(
                    self._request.request_id,
                    variant=variant,
                    offset=layer.offset,
                    size=(result.box.width, result.box.height),
                    pixels=layer.pixels,
                    final=True,
                )
            )
        return layer


@dataclass(frozen=True)
class _Telling:
    """The engine's `Report`: turns its steps into messages about the whole request."""

    request: Inpaint
    settings: Settled
    report: Tell
    regions: list[Region]
    variants: list[int]
    pace: Pace
    counts_steps: bool
    """True when the engine's steps mean something to the user; else only the fraction is sent."""

    def __call__(
        self,
        phase: str,
        step: int = 0,
        steps: int = 0,
        *,
        task: int = 0,
        preview: Array | None = None,
    ) -> None:
        settings = self.settings
        variant = self.variants[task // len(self.regions)]
        share = min(step / steps, 1.0) if steps else 0.0
        done = (self.variants[0] + share * len(self.variants)) / settings.count
        self.report(
            Progress(
                self.request.request_id,
                phase=phase,
                fraction=_PREPARED + (_PAINTED - _PREPARED) * done,
                step=step if self.counts_steps else 0,
                steps=steps if self.counts_steps else 0,
                variant=variant,
                remaining_seconds=self.pace.remaining_seconds(done, time.monotonic()),
            )
        )
        if preview is None or not settings.preview:
            return
        box = self.regions[task % len(self.regions)].box
        self.report(
            Preview(
                self.request.request_id,
                variant=variant,
                offset=(box.x + self.request.offset[0], box.y + self.request.offset[1]),
                size=(box.width, box.height),
                pixels=plane_of(to_samples(preview, np.dtype(np.uint8))),
            )
        )


def _sees_hole(engine: Engine, settings: Settled) -> bool:
    """Return whether the colours under the hole affect the result, so that lost ones matter.

    At strength 1 a model that honours strength starts from pure noise.
    """
    starts_from_noise = "strength" in engine.honours and settings.strength >= 1
    return "infill" in engine.honours and not starts_from_noise


def _used(settings: Settled, engine: Engine) -> Settings:
    """Keep the settings that had an effect, and unset the others."""
    by_engine = {f.name for f in settings_fields() if f.metadata["done_by"] == "engine"}
    left_out = (by_engine - engine.honours) | _LONG
    return Settings(**{k: v for k, v in settings.given().items() if k not in left_out})


def _stage_planes(request: Inpaint) -> list[Samples | None]:
    count, stages = len(request.stage_masks), len(request.settings.stages or ())
    if count not in (0, stages):
        raise InpaintError(
            "size_mismatch",
            f"There are {count} masks for {stages} stages.",
            "Send one for each stage, or nil for those without one.",
        )
    return [None if plane is None else samples_of(plane) for plane in request.stage_masks]


def _mask_alone(request: MakeMask, layer: Samples, masks: Masks, model: str) -> Finished:
    whole = np.zeros(layer.shape[:2], layer.dtype)
    cut(whole, masks.hole)[:] = to_samples(masks.own, layer.dtype)
    return Finished(
        request.request_id,
        layers=(),
        mask=plane_of(whole),
        mask_offset=request.offset,
        model=model,
    )


def _completion(engine: Engine, settings: Settled) -> Completion:
    """Fills a region with an engine, for the infill `patchmatch`."""

    def complete(colour: Array, mask: Array, shown: Pixels) -> Array:
        task = Task(colour, mask, settings.seed or 0, source=shown)
        return engine.paint([task], settings, lambda *_, **__: None).colours[0]

    return complete
