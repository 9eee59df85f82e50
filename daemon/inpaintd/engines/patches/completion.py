"""Filling a hole with patches of the kept pixels, from coarse to fine.

Sources: Wexler, Shechtman, Irani, Space-Time Completion of Video (2007), for alternating matches
and votes; Barnes et al., PatchMatch (2009), for the search; Darabi et al., Image Melding (2012),
for patches that may be brighter than their source.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inpaintd.engine import Array
from inpaintd.engines.patches.finer import raised_colours, raised_sources
from inpaintd.engines.patches.guide import Guide
from inpaintd.engines.patches.level import Level, Places
from inpaintd.engines.patches.prices import Prices
from inpaintd.engines.patches.pyramid import Pixels, centres_of, pyramid
from inpaintd.engines.patches.seam import finished
from inpaintd.engines.patches.start import matched, started
from inpaintd.engines.patches.votes import energy, revised
from inpaintd.geometry import distance_to
from inpaintd.smooth import extended

Tell = Callable[[float, Level], None]
"""Called after each round with the completed share and the level with its estimate. It may raise
to end the fill."""

_THIN = 5
"""Half the width of a scratch, in pixels: below it smaller patches give the better texture."""

_ROUNDS = (3, 4, 5, 6)
"""Rounds of matches and votes at full resolution, at half of it, and so on."""

_THIN_ROUNDS = (5, 5, 5, 6)
"""The same for thin holes, which have few pixels and are looked at closely."""

_GUIDED_ROUNDS = 3

_SOLVED = 120_000
"""Largest hole whose layout may still change, in pixels; beyond, its matches are only refined."""


def filled(
    colour: Array,
    hole: Pixels,
    allowed: Pixels,
    seed: int,
    tell: Tell,
    guide: Guide | None = None,
) -> Array:
    """The colours of the hole's pixels in reading order, (N, 3) float32.

    Args:
        colour: (h, w, 3) float32; the content of the hole has no influence.
        hole: (h, w) bool.
        allowed: (h, w) bool, kept pixels that may be copied. If not even the smallest patch
            fits into them, the fill is smooth.
        seed: the same seed gives the same fill, on any number of cores.
        guide: decides on the layout; None to find one.
    """
    half_width = half_width_of(hole)
    radius = 2 if half_width <= _THIN else 3
    while radius and not centres_of(allowed & ~hole, radius).any():
        radius -= 1
    if not radius:
        smooth = extended(colour, (allowed & ~hole).astype(np.float32))
        return smooth[hole]
    rounds_at = _THIN_ROUNDS if radius == 2 else _ROUNDS
    scales = pyramid(colour, hole, allowed, radius)
    top = len(scales) - 1
    work = sum(4.0**-k for k in range(top + 1))
    sources: Places = np.empty(0, np.int32)
    low: Level | None = None
    for k in range(top, -1, -1):
        level = Level(scales.pop())
        done = sum(4.0**-j for j in range(k + 1, top + 1)) / work
        own = seed * 1000 + k * 100
        guided = guide is not None and k >= min(guide.finest, top)
        raised = None if low is None else raised_sources(low, level, sources)
        if low is not None and not guided:
            raised_colours(low, level)
        low = None  # its memory is needed
        prices = Prices(level, half_width / 2**k)
        if guide is not None and guided:
            guide.show(level, k)
            sources = _guided(level, prices, matched(level) if raised is None else raised, own)
            if k == min(guide.finest, top):
                revised(level, sources)
        elif raised is None:
            sources = started(level, prices, own + 50)
        else:
            sources = raised
            revised(level, sources)
            rounds = rounds_at[min(k, len(rounds_at) - 1)] if level.places.size <= _SOLVED else 1
            for i in range(rounds):
                prices.with_use(sources)
                jumps = (1,) if i else (1, 2, 4)
                sources = level.searched(
                    sources, own + i, around=i == 0, jumps=jumps, backwards=i % 2 == 1
                )
                if k or i < rounds - 1:
                    revised(level, sources)
                tell(done + (i + 1) / rounds * 4.0**-k / work, level)
            if k == top - 1 and guide is None:
                sources = _better(level, prices, sources, own + 50)
        tell(done + 4.0**-k / work, level)
        low = level.slimmed() if k else None
    return finished(colour, hole, level, sources)


def _guided(level: Level, prices: Prices, sources: Places, seed: int) -> Places:
    """The sources most like the picture that a guide shows in the hole."""
    for i in range(_GUIDED_ROUNDS):
        prices.with_use(sources)
        sources = level.searched(sources, seed + i, around=i == 0, backwards=i % 2 == 1)
    return sources


def _better(level: Level, prices: Prices, sources: Places, seed: int) -> Places:
    """The sources of this layout, or of a new one for this level, whichever costs less.

    The coarsest level continues long edges, but it can mistake small objects for texture.
    """
    prices.without_use()
    picture = level.picture[level.places]
    cost = energy(level, sources)
    others = started(level, prices, seed)
    if energy(level, others) < cost:
        return others
    level.picture[level.places] = picture
    return sources


def half_width_of(hole: Pixels) -> float:
    """Radius of the largest disc inside the hole; pixels beyond the picture count as kept."""
    return float(distance_to(~np.pad(hole, 1), exact=False).max())
