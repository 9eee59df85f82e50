"""What a worker does with one request, from the pixels on the wire to the finished layers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array, Engine, Painted, Task
from inpaintd.pipeline.composite import colour_shift, composed, paste_weight
from inpaintd.pipeline.infill import infilled, lost_colours, restored
from inpaintd.pipeline.layer import Samples, plane_of, samples_of, to_float, to_samples
from inpaintd.pipeline.mask import mask_of
from inpaintd.pipeline.notices import colour_lost, not_honoured, partial_mask
from inpaintd.pipeline.plan import WorkSizes
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
from inpaintd_protocol.settings import Settings

Tell = Callable[[Progress | Preview], None]
"""Where progress and pictures go. It may raise `CancelledError`, which `run` lets pass."""

TextMasker = Callable[[Array, Settings], Array]
"""Finds `Settings.text_mask` in (H, W, 3) float32 colour; (H, W) float32 in [0, 1], 1 = found."""

_PREPARED, _PAINTED = 0.05, 0.95
"""Shares of the whole at which painting starts and ends."""

_SEEDS = 2**32


@dataclass(frozen=True)
class _Region:
    """One rectangle of the layer, in the layer's own coordinates, and what is known there."""

    box: Rectangle
    colour: Array
    """(H, W, 3) the source, lost colours replaced."""
    infilled: Array
    """(H, W, 3) what the engine sees."""
    mask: Array
    lost: NDArray[np.bool_]
    shown: NDArray[np.bool_]
    """Kept pixels that are not transparent."""


def run(
    request: Inpaint | MakeMask,
    engine: Engine,
    report: Tell,
    *,
    sizes: WorkSizes | None = None,
    model: str = "",
    prefill: Engine | None = None,
    text_masker: TextMasker | None = None,
) -> Finished:
    """Fill the hole of the request's layer, or only make its mask.

    Args:
        sizes: at which sizes the engine's model works; None when it has no such sizes.
        model: the name that the answer gives to what was used.
        prefill: fills the hole for `infill = "patchmatch"`; None takes `engine`.
        text_masker: for `text_mask`.

    Raises:
        InpaintError: with a sentence for the user.
        CancelledError: passed on from `report`.
    """
    settings = request.settings
    report(Progress(request.request_id, phase="preparing", fraction=0.0))
    layer = samples_of(request.layer)
    plane = samples_of(request.mask) if request.mask is not None else None
    if settings.text_mask and text_masker is None:
        raise InpaintError(
            "unsupported",
            "Finding the hole by words is not installed in this daemon.",
            "Select the hole in the editor, or install the extra: pip install inpaintd[diffusion]",
        )
    hole, mask = mask_of(layer, plane, settings)
    if isinstance(request, MakeMask):
        return _mask_alone(request, layer, hole, mask, model)
    sizes = sizes or WorkSizes()
    extent = Rectangle(0, 0, layer.shape[1], layer.shape[0])
    boxes = regions_of(mask > 0, (hole.x, hole.y), extent, settings, sizes)
    complete = _completion(prefill or engine, settings)
    regions = [_region(box, layer, plane is None, hole, mask, settings, complete) for box in boxes]
    warnings = [
        *not_honoured(settings, engine.honours),
        *partial_mask(mask, engine),
        *colour_lost([(r.lost, r.mask) for r in regions]),
    ]
    seed = secrets.randbelow(_SEEDS) if settings.seed is None else settings.seed
    layers, painted, seconds = _paint(request, engine, report, layer, hole, mask, regions, seed)
    warnings += [Notice(*notice) for notice in dict.fromkeys(painted.notices)]
    x, y = request.offset
    return Finished(
        request.request_id,
        layers=layers,
        mask=plane_of(to_samples(mask, layer.dtype)),
        mask_offset=(hole.x + x, hole.y + y),
        model=model or settings.model,
        warnings=tuple(warnings),
        steps=painted.steps,
        engine_seconds=seconds,
    )


def _region(
    box: Rectangle,
    layer: Samples,
    alpha_is_mask: bool,
    hole: Rectangle,
    mask: Array,
    settings: Settings,
    complete: Callable[[Array, Array], Array],
) -> _Region:
    crop = to_float(_cut(layer, box))
    colour = np.ascontiguousarray(crop[..., :3])
    alpha = np.clip(crop[..., 3], 0, 1) if crop.shape[2] == 4 else np.ones(crop.shape[:2], "f4")
    local = np.zeros(crop.shape[:2], np.float32)
    common = box.intersection(hole)
    _cut(local, common.moved(-box.x, -box.y))[:] = _cut(mask, common.moved(-hole.x, -hole.y))
    lost = lost_colours(colour, alpha)
    colour = restored(colour, lost)
    return _Region(
        box=box,
        colour=colour,
        infilled=infilled(colour, local, settings.infill, complete),
        mask=local,
        lost=lost,
        shown=(local == 0) & (alpha > 0),
    )


def _paint(
    request: Inpaint,
    engine: Engine,
    report: Tell,
    layer: Samples,
    hole: Rectangle,
    mask: Array,
    regions: list[_Region],
    first_seed: int,
) -> tuple[tuple[ResultLayer, ...], Painted, float]:
    settings = request.settings
    x, y = request.offset
    seeds = [(first_seed + k) % _SEEDS for k in range(settings.count)]
    tasks = [
        Task(r.infilled, r.mask, seed, variant, r.shown)
        for variant, seed in enumerate(seeds)
        for r in regions
    ]
    # One call lets the engine batch; one call for each variant lets the first be shown early.
    per_call = len(regions) if settings.preview and settings.count > 1 else len(tasks)
    layers: list[ResultLayer] = []
    seconds, last = 0.0, Painted([])
    notices: tuple[tuple[str, str, str], ...] = ()
    for start in range(0, len(tasks), per_call):
        batch = tasks[start : start + per_call]

        def tell(
            phase: str,
            step: int = 0,
            steps: int = 0,
            *,
            task: int = 0,
            preview: Array | None = None,
            start: int = start,
            batch: list[Task] = batch,
        ) -> None:
            done = (start + len(batch) * step / max(steps, 1)) / len(tasks)
            variant = batch[task].variant
            report(
                Progress(
                    request.request_id,
                    phase=phase,
                    fraction=_PREPARED + (_PAINTED - _PREPARED) * min(done, 1.0),
                    step=step,
                    steps=steps,
                    variant=variant,
                )
            )
            if preview is not None and settings.preview:
                box = regions[(start + task) % len(regions)].box
                report(
                    Preview(
                        request.request_id,
                        variant=variant,
                        offset=(box.x + x, box.y + y),
                        size=(box.width, box.height),
                        pixels=plane_of(to_samples(preview, np.dtype("u1"))),
                    )
                )

        began = time.perf_counter()
        last = engine.paint(batch, settings, tell)
        seconds += time.perf_counter() - began
        notices += last.notices
        report(
            Progress(
                request.request_id,
                phase="finishing",
                fraction=_PREPARED + (_PAINTED - _PREPARED) * (start + len(batch)) / len(tasks),
                variant=batch[-1].variant,
            )
        )
        for i in range(0, len(batch), len(regions)):
            colours = last.colours[i : i + len(regions)]
            result = _result(layer, hole, mask, regions, colours, engine.soft, settings)
            pixels, weight, box = result
            variant = batch[i].variant
            layers.append(
                ResultLayer(
                    pixels=plane_of(pixels),
                    offset=(box.x + x, box.y + y),
                    seed=seeds[variant],
                    mask=plane_of(weight) if settings.output == "masked" else None,
                )
            )
            if settings.preview and settings.count > 1:
                report(
                    Preview(
                        request.request_id,
                        variant=variant,
                        offset=layers[-1].offset,
                        size=(box.width, box.height),
                        pixels=layers[-1].pixels,
                        final=True,
                    )
                )
    return tuple(layers), Painted([], last.steps, notices), seconds


def _result(
    layer: Samples,
    hole: Rectangle,
    mask: Array,
    regions: list[_Region],
    colours: list[Array],
    soft: bool,
    settings: Settings,
) -> tuple[Samples, Samples, Rectangle]:
    """The new layer's RGBA samples, its layer mask, and its rectangle in the source layer."""
    masked = settings.output == "masked"
    box = hole
    if masked:
        for region in regions:
            box = box.union(region.box)
    source = _cut(layer, box)
    full = to_samples(np.ones((), np.float32), layer.dtype)
    pixels = np.zeros((box.height, box.width, 4), layer.dtype)
    pixels[..., :3] = source[..., :3]
    weights = np.zeros((box.height, box.width), layer.dtype)
    for region, painted in zip(regions, colours, strict=True):
        if settings.match_colour:
            painted = painted - colour_shift(painted, region.colour, region.shown & ~region.lost)
        weight = paste_weight(region.mask, region.lost, soft=soft)
        mixed = painted if masked else composed(region.colour, painted, weight)
        changed = np.ones_like(region.lost) if masked else region.mask > 0
        common = region.box.intersection(box)
        inner = common.moved(-region.box.x, -region.box.y)
        outer = common.moved(-box.x, -box.y)
        here = _cut(changed, inner)
        target = _cut(pixels, outer)
        target[here, :3] = to_samples(_cut(mixed, inner)[here], layer.dtype)
        target[here, 3] = full
        _cut(weights, outer)[:] = to_samples(_cut(weight, inner), layer.dtype)
    return pixels, weights, box


def _mask_alone(
    request: MakeMask, layer: Samples, hole: Rectangle, mask: Array, model: str
) -> Finished:
    whole = np.zeros(layer.shape[:2], layer.dtype)
    _cut(whole, hole)[:] = to_samples(mask, layer.dtype)
    return Finished(
        request.request_id,
        layers=(),
        mask=plane_of(whole),
        mask_offset=request.offset,
        model=model or request.settings.model,
    )


def _completion(engine: Engine, settings: Settings) -> Callable[[Array, Array], Array]:
    def complete(colour: Array, mask: Array) -> Array:
        task = Task(colour, mask, settings.seed or 0)
        return engine.paint([task], settings, lambda *_, **__: None).colours[0]

    return complete


def _cut(pixels: NDArray[np.generic], box: Rectangle) -> NDArray[np.generic]:
    return pixels[box.y : box.bottom, box.x : box.right]
