"""Content-aware fill: PatchMatch copies texture from around the hole. Needs no model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array, Engine, Painted, Report, Task, nothing_kept
from inpaintd.engines.catalogue import ENGINES
from inpaintd.engines.eight_bit import from_bytes, to_bytes
from inpaintd.engines.opencv import Diffused
from inpaintd.engines.resemblance import Matches, Scale, carried, refined, resembling
from inpaintd.geometry import distance_to
from inpaintd_protocol.settings import Settled

Pixels = NDArray[np.bool_]
"""(H, W), a set of pixels."""

_THIN = 5
"""Half the width of a scratch, in pixels: below it smaller patches give the better texture."""

_LEAST_REACH = 24
"""Distance from the hole within which sources are always allowed, in pixels."""

_REACH = 1.5
"""The same as a multiple of half the hole's width. With less, smooth skies get darker spots."""

_SOLVED_AT_ONCE = 40_000
"""Largest hole that is solved at its own resolution, in pixels; beyond, it gets slow."""

_REFINED = 300_000
"""Largest hole whose sources are searched pixel by pixel, in pixels."""

_BAND = 8
"""Width of the border that is always searched at full resolution, in pixels."""

_BAND_ROUNDS = 2
"""Number of further searches for the border's sources after it has taken their colours."""

_LEAST_SIDE = 40
"""Minimum side of a picture that PyPatchMatch fills well, in pixels."""

_WIDE = 3
"""Factor by which sources may be farther away when the surroundings are uniform."""

_ALIKE = 0.02
"""Largest difference between near and far surroundings, of 1, that counts as uniform."""


_NOT_INSTALLED = (
    "no_patchmatch",
    "Content-aware fill (PyPatchMatch) is not installed here, so the hole was filled smoothly.",
    "Install it where there is a wheel for the system: pip install PyPatchMatch",
)


def make(_name: str, _registry: object) -> Engine:
    """Create PatchMatch, or a smooth fill with a notice if there is none for the system."""
    return made()


def made(notices: tuple[tuple[str, str, str], ...] = ()) -> Engine:
    """Create it as `make` does, with these (code, message, remedy) warnings for every result."""
    try:
        from patchmatch import patchmatch_available
    except ImportError:
        patchmatch_available = False
    if patchmatch_available:
        return PatchMatch(notices)
    return Diffused("telea", notices=(*notices, _NOT_INSTALLED))


class PatchMatch:
    """Fills with PyPatchMatch. Works on 8 bits; only the hole's own pixels are quantized."""

    honours = ENGINES["patchmatch"].honours
    soft = ENGINES["patchmatch"].soft
    interruptible = ENGINES["patchmatch"].interruptible

    def __init__(self, notices: tuple[tuple[str, str, str], ...] = ()) -> None:
        """Args: notices: (code, message, remedy) of each warning to add to every result."""
        self._notices = notices

    def paint(self, tasks: Sequence[Task], settings: Settled, report: Report) -> Painted:
        """Paint as described in `Engine.paint`; the colours under the hole have no influence.

        Raises:
            InpaintError: `nothing_kept` when nothing is kept to continue from.
        """
        colours = []
        for index, task in enumerate(tasks):
            report("denoising", index, len(tasks), task=index)
            colours.append(completed(task))
        report("denoising", len(tasks), len(tasks), task=len(tasks) - 1)
        return Painted(colours, notices=self._notices)


def completed(task: Task) -> Array:
    """The task's colours with the hole filled, (H, W, 3) float32; kept pixels are unchanged.

    Raises:
        InpaintError: `nothing_kept` when nothing is kept to continue from.
    """
    hole = task.mask > 0
    shown = ~hole if task.source is None else task.source
    if not shown.any():
        raise nothing_kept()
    half_width = _half_width(hole)
    sources = sources_near(
        to_bytes(task.colour), hole, shown, max(_LEAST_REACH, _REACH * half_width)
    )
    near = _around(hole | sources)
    scale = Scale(task.colour[near], hole[near], sources[near])
    if half_width <= _THIN:
        filled = _solved(scale, 2, task.seed)
    else:
        filled = _solved_coarse_to_fine(scale, task.seed)
    colour = task.colour.copy()
    colour[near][scale.hole] = filled[scale.hole]
    return colour


def _solved_coarse_to_fine(scale: Scale, seed: int) -> Array:
    """(H, W, 3) colours with the hole filled; for large ones the time grows with their area.

    A large hole is laid out at a lower resolution, which also gives better shapes, and then takes
    its colours from the sources at full resolution. Sources next to the border are searched once
    more, so that no seam is left.
    """
    scales = [scale]
    while np.count_nonzero(scales[-1].hole) > _SOLVED_AT_ONCE:
        halved = scales[-1].halved()
        if not halved.centres.any():
            break
        scales.append(halved)
    coarse = scales.pop()
    laid_out = _solved(coarse, 3, seed)
    if coarse is scale:
        return laid_out
    rng = np.random.default_rng(seed)
    matches = resembling(coarse.filled(laid_out), rng)
    while scales and np.count_nonzero(scales[-1].hole) <= _REFINED:
        finer = scales.pop()
        guess = carried(finer.picture, finer.hole, matches, coarse.hole, 2)
        matches = refined(finer.filled(guess), matches, coarse.hole, 2, rng)
        coarse = finer
    factor = 2 ** len(scales)
    colour = carried(scale.picture, scale.hole, matches, coarse.hole, factor)
    return _joined(scale.filled(colour), matches, coarse.hole, factor, rng)


def _joined(
    scale: Scale, matches: Matches, coarse_hole: Pixels, factor: int, rng: np.random.Generator
) -> Array:
    """The filled colours with a border that continues the kept pixels, (H, W, 3)."""
    depth = distance_to(~scale.hole, exact=False)
    band = scale.hole & (depth <= _BAND)
    border = Scale(scale.picture, band, scale.sources)
    matches = refined(border, matches, coarse_hole, factor, rng, radius=2)
    for _ in range(_BAND_ROUNDS):
        border = border.filled(carried(border.picture, band, matches, band, 1))
        matches = refined(border, matches, band, 1, rng, radius=2)
    return carried(border.picture, band, matches, band, 1)


def _solved(scale: Scale, patch_size: int, seed: int) -> Array:
    """(H, W, 3) colours with the hole filled by PyPatchMatch."""
    filled = _inpainted(to_bytes(scale.picture), scale.hole, scale.sources, patch_size, seed)
    return np.where(scale.hole[..., None], from_bytes(filled), scale.picture)


def _inpainted(
    pixels: NDArray[np.uint8], hole: Pixels, sources: Pixels, patch_size: int, seed: int
) -> NDArray[np.uint8]:
    """(H, W, 3) pixels with the hole filled from the sources, by PyPatchMatch."""
    from patchmatch import patch_match

    # Pictures hardly larger than a patch come back with black holes, so they are mirrored.
    height, width = hole.shape
    above, left = (max(0, _LEAST_SIDE - side + 1) // 2 for side in (height, width))
    margins = ((above, above), (left, left))
    padded_hole = np.pad(hole, margins, "symmetric")
    excluded = ~(padded_hole | np.pad(sources, margins, "symmetric"))
    patch_match.set_random_seed(seed)
    filled = patch_match.inpaint(
        np.pad(pixels, (*margins, (0, 0)), "symmetric"),
        padded_hole,
        global_mask=excluded if excluded.any() else None,
        patch_size=patch_size,
    )[above : above + height, left : left + width]
    known = pixels[sources]
    return np.asarray(np.clip(filled, known.min(axis=0), known.max(axis=0)), np.uint8)


def sources_near(pixels: NDArray[np.uint8], hole: Pixels, shown: Pixels, reach: float) -> Pixels:
    """The kept pixels that may be copied into the hole.

    Nearby things belong together: a face two hole-widths away has no business in a wall. Only in
    uniform surroundings, such as gravel, do farther sources reduce repetition.

    Args:
        pixels: (H, W, 3).
        shown: kept pixels that may be copied at all.
        reach: distance from the hole within which things belong together, in pixels.
    """
    away = distance_to(hole, exact=False)
    near = shown & (away <= reach)
    far = shown & (away > reach) & (away <= _WIDE * reach)
    if not near.any():
        return shown
    if not far.any():
        return near
    tenths = np.linspace(0.05, 0.95, 10)
    near_tones, far_tones = (np.quantile(pixels[part], tenths, axis=0) for part in (near, far))
    difference = np.abs(near_tones - far_tones).mean(axis=0).max() / 255
    return near | far if difference < _ALIKE else near


def _half_width(hole: Pixels) -> float:
    """Radius of the largest disc inside the hole; pixels beyond the picture count as hole."""
    return float(distance_to(~hole, exact=False).max())


def _around(pixels: Pixels) -> tuple[slice, slice]:
    """Rows and columns that contain all of these pixels."""
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
