"""The coarsest levels: first estimates, all sources compared, and the best of several layouts."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from threadpoolctl import ThreadpoolController

from inpaintd.engine import Array
from inpaintd.engines.patches.level import ALIKE, Level, Places
from inpaintd.engines.patches.prices import Prices
from inpaintd.engines.patches.votes import energy, revised
from inpaintd.smooth import extended

_RING_SOURCES = 4000
"""Most sources that a ring of the hole is compared with."""

_PAIRS = 5_000_000
"""Most pairs of patches that are compared at once; beyond, sources are left out evenly."""

_AXES = 24
"""Principal axes by which patches are compared."""

_SAMPLED = 1000
"""Most patches that the axes are taken from."""

_ROUNDS = 6
_EXHAUSTIVE_ROUNDS = 2
_PEELED = 1
"""Number of layouts that are peeled."""

_SETTLED = 1e-3
"""Mean change of a round, of 1, at which no more are done."""


def started(level: Level, prices: Prices, seed: int) -> Places:
    """The sources of the better of two layouts; the level's picture shows it.

    One is peeled from the border inwards and continues structure; the other begins smooth and
    keeps to what is all around.
    """
    # The products are small, and threads that wait for each other cost more than they save.
    with _linear_algebra().limit(limits=1, user_api="blas"):
        return _cheapest(level, prices, seed)


def matched(level: Level) -> Places:
    """The sources most like what the level's picture shows in the hole."""
    with _linear_algebra().limit(limits=1, user_api="blas"):
        return _Comparison(level).best()


def _cheapest(level: Level, prices: Prices, seed: int) -> Places:
    comparison = _Comparison(level)
    rng = np.random.default_rng(seed)
    layouts = []
    for lay_out in (*[peeled] * _PEELED, _smooth):
        prices.shaken(rng)
        lay_out(level)
        sources = _settled(level, prices, comparison, seed)
        prices.without_use()
        layouts.append((energy(level, sources), sources, level.picture[level.places]))
    _, sources, picture = min(layouts, key=lambda layout: layout[0])
    level.picture[level.places] = picture
    return sources


@cache
def _linear_algebra() -> ThreadpoolController:
    return ThreadpoolController()


def _settled(level: Level, prices: Prices, comparison: _Comparison, seed: int) -> Places:
    """Matches and votes in turn, until nothing changes."""
    sources = np.empty(0, np.int32)
    for done in range(_ROUNDS):
        if done:
            prices.with_use(sources)
        if done < _EXHAUSTIVE_ROUNDS:
            sources = comparison.best()
        else:
            around = done == _EXHAUSTIVE_ROUNDS
            sources = level.searched(sources, seed + done, around=around, backwards=done % 2 == 1)
        if revised(level, sources) < _SETTLED:
            break
    return sources


def peeled(level: Level) -> None:
    """Fill the level's picture ring by ring from the border, each pixel by its best source.

    Source: Newson et al., Video Inpainting of Complex Scenes (2014), section 3.4.
    """
    picture, width, radius = level.picture, level.width, level.radius
    known = ~level.unknown.ravel()
    inside = np.zeros((level.height, width), bool)
    inside[level.inner] = True
    at = level.centres[:: 1 + level.centres.size // _RING_SOURCES]
    patches = level.patches_at(at)
    squares, price = patches * patches, level.price[at]
    span = np.arange(-radius, radius + 1)
    shifts = (span[:, None] * width + span).ravel()
    window = np.exp(-(span[:, None] ** 2 + span**2) / 4.0).astype(np.float32).ravel()
    picture[~known] = 0
    cross = np.ones((3, 3), np.uint8)
    while not known.all():
        grown = cv2.dilate(known.reshape(level.height, width).astype(np.uint8), cross)
        ring = ~known & (np.asarray(grown).ravel() > 0)
        if not ring.any():
            break
        middles = np.flatnonzero(ring & inside.ravel())
        if not middles.size:  # only the padding is left
            known |= ring
            continue
        weight = np.repeat(known[middles[:, None] + shifts].astype(np.float32), 4, axis=1)
        own = level.patches_at(middles)
        distance = weight @ squares.T
        distance -= 2 * ((weight * own) @ patches.T)
        distance += price
        best = distance.argmin(axis=1)
        error = distance[np.arange(best.size), best] + (weight * own * own).sum(axis=1)
        error = np.maximum(error, 0) / np.maximum(weight.sum(axis=1), 1)
        voice = np.exp(-error / (2 * np.percentile(error, 75) + 1e-9)).astype(np.float32) + 1e-3
        sums = np.zeros((picture.shape[0], 5), np.float32)
        for shift, share in zip(shifts, window, strict=True):
            # One shift takes different middles to different places, so nothing is lost here.
            v = (voice * share)[:, None]
            sums[middles + shift] += np.concatenate([picture[at[best] + shift] * v, v], axis=1)
        got = ring & (sums[:, 4] > 0)
        picture[got] = sums[got, :4] / sums[got, 4:]
        known |= ring


def _smooth(level: Level) -> None:
    """Fill the level's picture smoothly from its surroundings."""
    known = (~level.unknown).astype(np.float32)
    picture = level.picture.reshape(level.height, level.width, 4)
    level.picture[level.places] = extended(picture, known).reshape(-1, 4)[level.places]


class _Comparison:
    """All sources of a level, to be compared with all targets by their principal axes."""

    def __init__(self, level: Level) -> None:
        step = 1 + level.centres.size * max(1, level.targets.size) // _PAIRS
        self._level = level
        self._at = level.centres[::step]
        count = level.side**2
        some = level.centres[:: 1 + level.centres.size // _SAMPLED]
        patches = level.patches_at(some).reshape(some.size, count, 4)
        free = (patches - patches.mean(axis=1, keepdims=True)).reshape(some.size, -1)
        axes = np.linalg.eigh(free.T @ free)[1][:, ::-1][:, :_AXES].astype(np.float32)
        axes = axes.reshape(count, 4, -1)
        axes = (axes - axes.mean(axis=0)).reshape(count * 4, -1)
        # Means count by themselves, those of the colours less: light may fall off.
        mean = np.zeros((count, 4, 4), np.float32)
        for channel in range(4):
            share = 1 - float(ALIKE) if channel < 3 else 1.0
            mean[:, channel, channel] = np.sqrt(count * share) / count
        self._axes: Array = np.concatenate([axes, mean.reshape(count * 4, 4)], axis=1)
        self._sources: Array = level.patches_at(self._at) @ self._axes
        self._squares: Array = np.einsum("ij,ij->i", self._sources, self._sources)

    def best(self) -> Places:
        """The source of each target, for the level's picture and prices as they are now."""
        level = self._level
        found = np.empty(level.targets.size, np.int32)
        base = self._squares + level.price[self._at]
        for i in range(0, found.size, 512):
            own = level.patches_at(level.targets[i : i + 512]) @ self._axes
            distance = own @ self._sources.T
            distance *= -2
            distance += base
            found[i : i + 512] = self._at[distance.argmin(axis=1)]
        return found
