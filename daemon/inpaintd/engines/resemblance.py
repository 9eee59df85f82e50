"""Transfer of a coarse fill to full resolution, in the source's own pixels and depth.

For each hole pixel of a low-resolution fill, the source pixel with the most similar
surroundings is found; at full resolution the hole takes the colours found there.

Source: Barnes et al., PatchMatch (2009), for the propagation; Wexler, Shechtman, Irani, Space-Time
Completion of Video (2007), for averaging good matches; Orchard, Sullivan, Overlapped
Block Motion Compensation (1994), for windows that avoid blocks. The field starts from an
exhaustive search at a scale so coarse that it is cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array

Pixels = NDArray[np.bool_]
Indices = NDArray[np.intp]

_RADIUS = 2
"""Radius of the patches searched for, in pixels; refining needs only their centres."""

_EXHAUSTIVE = 60_000_000
"""Maximum pairs of patches for an exhaustive comparison."""

_PASSES = 2
_JITTER = 4
"""Radius of a random search around the best match so far, in pixels."""

_ROUND = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1))
"""Steps to the eight neighbours, rows and columns."""


@dataclass(frozen=True)
class Matches:
    """For each hole pixel, in reading order: the position of its source, and their difference."""

    rows: Indices
    columns: Indices
    error: Array


@dataclass(frozen=True)
class Scale:
    """A picture at one resolution.

    Attributes:
        picture: (H, W, 3) float32.
        hole: (H, W) bool.
        sources: (H, W) bool, kept pixels that may be copied.
    """

    picture: Array
    hole: Pixels
    sources: Pixels

    @cached_property
    def centres(self) -> Pixels:
        """Centres of patches that consist of source pixels."""
        patch = np.ones((2 * _RADIUS + 1, 2 * _RADIUS + 1), np.uint8)
        sources = self.sources.astype(np.uint8)
        eroded = cv2.erode(sources, patch, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        return np.asarray(eroded) > 0

    def filled(self, picture: Array) -> Scale:
        """The same with other colours in the hole."""
        return Scale(picture, self.hole, self.sources)

    def halved(self) -> Scale:
        """The scale at half the resolution: hole where partly hole, source where all source."""
        height, width = self.hole.shape
        even = ((0, height % 2), (0, width % 2))
        size = ((width + 1) // 2, (height + 1) // 2)

        def mean(values: Array) -> Array:
            padded = np.pad(values, (*even, (0, 0))[: values.ndim], "edge")
            return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float32)

        return Scale(
            mean(self.picture),
            mean(self.hole.astype(np.float32)) > 0,
            mean(self.sources.astype(np.float32)) == 1,
        )


def resembling(scale: Scale, rng: np.random.Generator) -> Matches:
    """The source of each hole pixel of a filled picture. There must be at least one centre."""
    comparison = _Comparison(scale, _RADIUS)
    pairs = comparison.rows.size * np.count_nonzero(scale.centres)
    coarse = scale.halved() if pairs > _EXHAUSTIVE else scale
    if coarse is not scale and coarse.centres.any():
        rows, columns = _expanded(resembling(coarse, rng), coarse.hole, scale.hole, 2)
    else:
        rows, columns = _exhaustive(comparison, scale)
    return _propagated(comparison, rows, columns, rng)


def refined(
    scale: Scale,
    matches: Matches,
    coarse_hole: Pixels,
    factor: int,
    rng: np.random.Generator,
    *,
    radius: int = 1,
) -> Matches:
    """The matches for a picture `factor` times larger, refined to the pixel.

    Args:
        scale: the larger picture, filled; its hole lies within that of the matches.
        coarse_hole: the hole of the matches.
        radius: that of the patches compared, in pixels.
    """
    rows, columns = _expanded(matches, coarse_hole, scale.hole, factor)
    return _propagated(_Comparison(scale, radius), rows, columns, rng)


def carried(
    colour: Array, hole: Pixels, matches: Matches, coarse_hole: Pixels, factor: int
) -> Array:
    """The colours with the hole filled from the matches of a picture `factor` times smaller.

    Each match covers a soft window, a quadratic B-spline, around its pixel; good ones weigh more.
    So neighbours with different sources blend into each other, without visible blocks.
    """
    height, width = hole.shape
    own = np.nonzero(coarse_hole)
    loudness = np.exp(-matches.error / (2 * np.percentile(matches.error, 75) + 1e-9)) + 1e-6
    away = np.zeros((2, coarse_hole.shape[0] + 2, coarse_hole.shape[1] + 2), np.int32)
    weight = np.zeros(away.shape[1:], np.float32)
    inside = (own[0] + 1, own[1] + 1)
    away[0][inside] = (matches.rows - own[0]) * factor
    away[1][inside] = (matches.columns - own[1]) * factor
    weight[inside] = loudness
    window = _spline_window(factor)
    rows, columns = np.nonzero(hole)
    total = np.zeros((rows.size, 4), np.float32)
    known = np.dstack([colour, np.ones((height, width), np.float32)]).reshape(-1, 4)
    for i in range(3):
        for j in range(3):
            cell = (rows // factor + i, columns // factor + j)
            # Near the picture's edge a source may reach beyond it; the nearest pixel is used.
            y = np.clip(rows + away[0][cell], 0, height - 1)
            x = np.clip(columns + away[1][cell], 0, width - 1)
            share = window[rows % factor, i] * window[columns % factor, j] * weight[cell]
            total += known[y * width + x] * share[:, None]
    filled = colour.copy()
    filled[rows, columns] = total[:, :3] / total[:, 3:]
    return filled


def _spline_window(factor: int) -> Array:
    """Weights of the previous, the own and the next cell for each pixel, (factor, 3)."""
    at = (np.arange(factor) + 0.5) / factor - 0.5
    shares = np.stack([0.5 * (0.5 - at) ** 2, 0.75 - at**2, 0.5 * (0.5 + at) ** 2], axis=1)
    return shares.astype(np.float32)


class _Comparison:
    """The patches around all hole pixels, to be compared with source patches."""

    def __init__(self, scale: Scale, radius: int) -> None:
        self.height, self.width = scale.hole.shape
        self._centres = scale.centres
        self._radius = radius
        padded = np.pad(scale.picture, ((radius, radius), (radius, radius), (0, 0)), "edge")
        self._stride = padded.shape[1]
        self._flat = padded.reshape(-1, 3)
        span = np.arange(-radius, radius + 1)
        self._shifts = (span[:, None] * self._stride + span).ravel()
        self.rows, self.columns = np.nonzero(scale.hole)
        self.number = np.full(scale.hole.shape, -1, np.int32)
        self.number[self.rows, self.columns] = np.arange(self.rows.size)
        self.patches = self.patches_at(self.rows, self.columns)

    def patches_at(self, rows: Indices, columns: Indices) -> Array:
        """(N, 3 * side * side)."""
        middle = (rows + self._radius) * self._stride + columns + self._radius
        patches: Array = self._flat[middle[:, None] + self._shifts].reshape(rows.size, -1)
        return patches

    def error(self, rows: Indices, columns: Indices) -> Array:
        """Squared difference of each hole pixel's patch from the one there; infinite if no source.

        Rows and columns may lie outside the picture.
        """
        y, x = np.clip(rows, 0, self.height - 1), np.clip(columns, 0, self.width - 1)
        difference = self.patches_at(y, x) - self.patches
        error = np.einsum("ij,ij->i", difference, difference)
        usable = (y == rows) & (x == columns) & self._centres[y, x]
        return np.where(usable, error, np.float32(np.inf))


def _exhaustive(comparison: _Comparison, scale: Scale) -> tuple[Indices, Indices]:
    """The best source for each hole pixel, of all centres or an even selection of them."""
    rows, columns = np.nonzero(scale.centres)
    step = 1 + rows.size * comparison.rows.size // _EXHAUSTIVE
    rows, columns = rows[::step], columns[::step]
    sources = comparison.patches_at(rows, columns)
    squares = np.einsum("ij,ij->i", sources, sources)
    best = [
        np.argmin(squares - 2 * (comparison.patches[start : start + 1024] @ sources.T), axis=1)
        for start in range(0, len(comparison.patches), 1024)
    ]
    chosen = np.concatenate(best)
    return rows[chosen], columns[chosen]


def _propagated(
    comparison: _Comparison, rows: Indices, columns: Indices, rng: np.random.Generator
) -> Matches:
    """Improve matches: next to those of the neighbours, and at a random offset."""
    error = comparison.error(rows, columns)
    height, width = comparison.height, comparison.width

    def consider(other_rows: Indices, other_columns: Indices) -> None:
        nonlocal rows, columns, error
        other = comparison.error(other_rows, other_columns)
        better = other < error
        rows, columns = np.where(better, other_rows, rows), np.where(better, other_columns, columns)
        error = np.where(better, other, error)

    # A match found at half the resolution is off by up to a pixel.
    for dy, dx in _ROUND:
        consider(rows + dy, columns + dx)
    for _ in range(_PASSES):
        for dy, dx in _ROUND[:4]:
            y = np.clip(comparison.rows - dy, 0, height - 1)
            x = np.clip(comparison.columns - dx, 0, width - 1)
            neighbour = comparison.number[y, x]
            inside = neighbour >= 0
            consider(
                np.where(inside, rows[neighbour] + dy, rows),
                np.where(inside, columns[neighbour] + dx, columns),
            )
        jitter = rng.integers(-_JITTER, _JITTER + 1, (2, rows.size))
        consider(rows + jitter[0], columns + jitter[1])
    return Matches(rows, columns, error)


def _expanded(
    matches: Matches, coarse_hole: Pixels, hole: Pixels, factor: int
) -> tuple[Indices, Indices]:
    """Rows and columns of the matches for the hole's pixels at `factor` times the size."""
    number = np.zeros(coarse_hole.shape, np.int32)
    number[coarse_hole] = np.arange(matches.rows.size)
    rows, columns = np.nonzero(hole)
    parent = number[rows // factor, columns // factor]
    return (
        matches.rows[parent] * factor + rows % factor,
        matches.columns[parent] * factor + columns % factor,
    )
