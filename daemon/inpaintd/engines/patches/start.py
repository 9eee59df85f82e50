"""The coarsest level: a first estimate, and all sources compared."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd.engines.patches.level import Level, Places, Pixels

_ONION_SOURCES = 12_000
"""Sources that a ring of the hole is compared with."""

_PAIRS = 40_000_000
"""Pairs of patches that are compared at once; beyond, sources are left out evenly."""

_AXES = 24
"""Principal axes of the patches that are compared."""

_MEAN_SHARE = 0.5
"""As `level._ALIKE`."""


def peeled(level: Level) -> None:
    """Fill the level's picture ring by ring from the hole's border, each by its best sources.

    Source: Newson et al. (2014), section 3.4.
    """
    picture, width, radius = level.picture, level.width, level.radius
    known = ~level.unknown.ravel()
    inside = np.zeros((level.height, width), bool)
    inside[level.inner] = True
    inside = inside.ravel()
    at = level.centres[:: 1 + level.centres.size // _ONION_SOURCES]
    patches = level.patches_at(at)
    squares, price = patches * patches, level.price[at]
    span = np.arange(-radius, radius + 1)
    shifts = (span[:, None] * width + span).ravel()
    window = np.exp(-(span[:, None] ** 2 + span**2) / 4.0).astype(np.float32).ravel()
    picture[~known] = 0
    cross = np.ones((3, 3), np.uint8)
    while True:
        grown = cv2.dilate(known.reshape(level.height, width).astype(np.uint8), cross)
        ring = ~known & (np.asarray(grown).ravel() > 0)
        if not ring.any():
            break
        middles = np.flatnonzero(ring & inside)
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
        loud = np.exp(-error / (2 * np.percentile(error, 75) + 1e-9)).astype(np.float32) + 1e-3
        sums = np.zeros((picture.shape[0], 5), np.float32)
        for shift, share in zip(shifts, window, strict=True):
            # A shift takes different middles to different places, so nothing is lost here.
            where = middles + shift
            w = (loud * share)[:, None]
            sums[where] += np.concatenate([picture[at[best] + shift] * w, w], axis=1)
        got = ring & (sums[:, 4] > 0)
        picture[got] = sums[got, :4] / sums[got, 4:]
        known = known | ring


class Comparison:
    """All sources of a level by their patches' principal axes, to be compared with all targets."""

    def __init__(self, level: Level) -> None:
        targets = max(1, level.targets.size)
        step = 1 + level.centres.size * targets // _PAIRS
        self._level = level
        self._at = level.centres[::step]
        count = level.side**2
        some = level.centres[:: 1 + level.centres.size // 2500]
        patches = level.patches_at(some).reshape(some.size, count, 4)
        free = (patches - patches.mean(axis=1, keepdims=True)).reshape(some.size, -1)
        axes = np.linalg.eigh(free.T @ free)[1][:, ::-1][:, :_AXES].astype(np.float32)
        axes = axes.reshape(count, 4, -1)
        axes = (axes - axes.mean(axis=0)).reshape(count * 4, -1)
        mean = np.zeros((count, 4, 4), np.float32)
        for channel in range(4):
            share = _MEAN_SHARE if channel < 3 else 1.0
            mean[:, channel, channel] = np.sqrt(count * share) / count
        self._axes = np.concatenate([axes, mean.reshape(count * 4, 4)], axis=1)
        self._sources = level.patches_at(self._at) @ self._axes
        self._squares = np.einsum("ij,ij->i", self._sources, self._sources)

    def best(self) -> Places:
        """The source of each target as the level's picture is now."""
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


def nearest_source(level: Level, places: NDArray[np.integer]) -> Places:
    """For each place the nearest that is a source."""
    none: Pixels = ~np.isfinite(level.price)
    _, nearest = cv2.distanceTransformWithLabels(
        none.reshape(level.height, level.width).astype(np.uint8),
        cv2.DIST_L2,
        cv2.DIST_MASK_5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    label = np.asarray(nearest).ravel()
    of = np.zeros(int(label.max()) + 1, np.int32)
    of[label[level.centres]] = level.centres
    return of[label[places]]


def smooth(level: Level, extended: Array) -> None:
    """Fill the level's picture smoothly; `extended` is (H, W, 4)."""
    level.picture[level.places] = extended.reshape(-1, 4)[level.places]
