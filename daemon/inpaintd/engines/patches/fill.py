"""Filling a hole with patches of what is kept, from coarse to fine.

Source: Wexler, Shechtman, Irani, Space-Time Completion of Video (2007), for the alternation of
matches and votes; Barnes et al., PatchMatch (2009), for the search; Darabi et al., Image Melding
(2012), for patches that may be brighter; Kaspar et al., Self Tuning Texture Optimization (2015),
for the balanced use of sources.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from inpaintd.engine import Array
from inpaintd.engines.patches.level import Level, Pixels, Places
from inpaintd.engines.patches.pyramid import Scaled, pyramid
from inpaintd.engines.patches.start import Comparison, nearest_source, peeled, smooth
from inpaintd.smooth import extended

Step = Callable[[int, int, Array], None]
"""Told after each level: levels done, levels in all, the (h, w, 3) estimate."""


@dataclass
class Tuning:
    radius: int = 3
    radius_fine: int = 3
    rounds: tuple = (3, 4, 5, 6)
    start_rounds: int = 8
    start_exhaustive: int = 3
    looks: int = 3
    away: float = .0006
    uniform: float = .1
    bias: float = .1
    border: float = 1.3
    sharp: float = .3
    coherent: float = 6.0
    final: float = .5
    final_sharp: float = .5
    window: float = 0.0
    both: bool = False
    solved: int = 120_000
    band_width: float = 1.5
    band_clip: float = .12
    context: float = 1.0


def filled(colour: Array, hole: Pixels, allowed: Pixels, seed: int, p=None, step=None) -> Array:
    """The colours with the hole filled, (h, w, 3) float32; kept pixels as they were.

    Args:
        colour: (h, w, 3) float32.
        allowed: kept pixels that may be copied; at least one.
    """
    p = p or Tuning()
    scales = pyramid(colour, hole, allowed, p.radius)
    depth = cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    half_width = float(np.max(depth))
    lower = None
    for k in range(len(scales) - 1, -1, -1):
        scale = scales.pop()
        level = Level(scale.picture, scale.hole, scale.allowed, p.radius if k else p.radius_fine)
        reach = max(12.0, 1.5 * half_width / 2**k)
        base = priced(level, reach, p)
        if lower is None:
            sources = start(level, base, seed, p)
        else:
            sources = finer(lower, level, sources)
            up = cv2.resize(lower.colour4, (2 * (lower.width - 2 * lower.radius), 2 * (lower.height - 2 * lower.radius)), interpolation=cv2.INTER_LINEAR)
            up = np.pad(up[: level.height - 2 * level.radius, : level.width - 2 * level.radius], ((level.radius,) * 2, (level.radius,) * 2, (0, 0)), "edge")
            level.picture[level.places] = up.reshape(-1, 4)[level.places]
            window = gauss(level, p.window if k < 2 else 0.0)
            put(level, sources, p, window)
            rounds = p.rounds[min(k, len(p.rounds) - 1)] if level.places.size <= p.solved else 1
            for i in range(rounds):
                used(level, base, sources, p)
                sources, errors = level.searched(sources, seed * 1000 + k * 100 + i, around=i == 0, jumps=(1, 2, 4) if i == 0 else (1,), looks=p.looks, backwards=i % 2 == 1)
                if i < rounds - 1 or k:
                    put(level, sources, p, window)
        lower = level
        if step:
            step(level)
    return finished(colour, hole, level, sources, p)


def priced(level: Level, reach: float, p) -> Array:
    away = level.away[level.centres]
    base = (p.away * 3 * level.side**2 * np.minimum(away / reach, 3) ** 2).astype(np.float32)
    level.price[level.centres] = base
    return base


def used(level: Level, base: Array, sources: Places, p) -> None:
    counts = np.zeros(level.height * level.width, np.float32)
    np.add.at(counts, sources, np.float32(1))
    blurred = cv2.blur(counts.reshape(level.height, level.width), (level.side, level.side)).ravel()[level.centres]
    blurred /= max(level.targets.size / level.centres.size, 1.0)
    level.price[level.centres] = base + np.float32(p.uniform * .01 * level.side**2 * 3) * np.clip(blurred - 1, 0, 10)


def gauss(level: Level, sigma: float) -> Array:
    span = np.arange(-level.radius, level.radius + 1)
    if not sigma:
        return np.ones((level.side, level.side), np.float32)
    g = np.exp(-(span[:, None] ** 2 + span**2) / (2 * sigma * sigma)).astype(np.float32)
    g[g < .02] = 0
    return g


def loudness(level: Level, sources: Places, errors: Array, sharp, p) -> Array:
    spread = max(float(np.percentile(errors, 75)) * sharp, 1e-6)
    loud = np.exp(-np.minimum(errors / (2 * spread), 60)) + np.float32(1e-4)
    loud *= np.float32(p.border) ** -np.minimum(level.depth, 30)
    if p.coherent:
        loud *= np.exp(np.float32(p.coherent / 4) * level.agreement(sources))
    return loud.astype(np.float32)


def put(level: Level, sources: Places, p, window) -> float:
    errors, shifts = level.judged(sources, p.bias)
    voted = level.voted(sources, loudness(level, sources, errors, p.sharp, p), shifts, level.places, window)
    good = voted[:, 4] > 0
    at = level.places[good]
    change = float(np.abs(level.picture[at] - voted[good, :4]).mean())
    level.picture[at] = voted[good, :4]
    return change


def start(level: Level, base, seed: int, p) -> Places:
    comparison = Comparison(level)
    best = None
    for kind in ("onion", "smooth") if p.both else ("onion",):
        level.price[level.centres] = base
        if kind == "onion":
            peeled(level)
        else:
            known = (~level.unknown).astype(np.float32)
            smooth(level, extended(level.picture.reshape(level.height, level.width, 4), known))
        ones = gauss(level, 0)
        sources = None
        for i in range(p.start_rounds):
            if sources is not None:
                used(level, base, sources, p)
            if i < p.start_exhaustive:
                sources = comparison.best()
                if i == p.start_exhaustive - 1:
                    sources, errors = level.searched(sources, seed * 1000 + 900 + i, around=True, looks=p.looks)
            else:
                sources, errors = level.searched(sources, seed * 1000 + 900 + i, looks=p.looks, backwards=i % 2 == 1)
            if put(level, sources, p, ones) < 1e-3:
                break
        errors, _ = level.judged(sources, p.bias)
        energy = float(errors.mean())
        if best is None or energy < best[0]:
            best = energy, sources, level.picture[level.places].copy()
    _, sources, picture = best
    level.picture[level.places] = picture
    return sources


def finer(low: Level, level: Level, sources: Places) -> Places:
    """The sources of a level at twice the size: the same offsets, doubled."""
    r, lr = level.radius, low.radius
    rows, columns = level.targets // level.width, level.targets % level.width
    y = np.clip((rows - r) // 2 + lr, 0, low.height - 1)
    x = np.clip((columns - r) // 2 + lr, 0, low.width - 1)
    n = low.number[y * low.width + x]
    lost = n < 0
    if lost.any():
        _, lab = cv2.distanceTransformWithLabels((low.number.reshape(low.height, low.width) < 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
        of = np.zeros(int(lab.max()) + 1, np.int32)
        of[lab.ravel()[low.targets]] = low.number[low.targets]
        n[lost] = of[lab[y[lost], x[lost]]]
    s, t = sources[n], low.targets[n]
    dy, dx = 2 * (s // low.width - t // low.width), 2 * (s % low.width - t % low.width)
    y = np.clip(rows + dy, r, level.height - r - 1)
    x = np.clip(columns + dx, r, level.width - r - 1)
    found = (y * level.width + x).astype(np.int32)
    bad = ~np.isfinite(level.price[found])
    if bad.any():
        found[bad] = nearest_source(level, found[bad])
    return found


def finished(colour: Array, hole: Pixels, level: Level, sources: Places, p) -> Array:
    ring = level.unknown.ravel() | (level.away <= p.band_width)
    near = cv2.dilate((level.number >= 0).reshape(level.height, level.width).astype(np.uint8), np.ones((level.side, level.side), np.uint8)).ravel() > 0
    places = np.flatnonzero(ring & near).astype(np.int32)
    errors, shifts = level.judged(sources, p.bias)
    voted = level.voted(sources, loudness(level, sources, errors, p.final_sharp, p), shifts, places, gauss(level, p.final))
    out = level.picture.copy()
    good = voted[:, 4] > 0
    out[places[good]] = voted[good, :4]
    out = out.reshape(level.height, level.width, 4)[level.inner][..., :3]
    d = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    band = ~hole & (d <= p.band_width)
    if band.any():
        w = band.astype(np.float32)
        out = out + extended(np.clip((colour - out) * w[..., None], -p.band_clip, p.band_clip).astype(np.float32), w)
    result = colour.copy()
    result[hole] = out[hole]
    return result
