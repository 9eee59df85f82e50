"""One resolution of a picture being filled: its patches, their sources, and the votes."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd.engines.patches import kernels
from inpaintd.engines.patches.pyramid import Scaled, centres_of
from inpaintd.geometry import distance_to

Places = NDArray[np.int32]
"""(N,), flat indices into a padded level."""

_STRETCH = 512
"""Minimum number of targets per thread. Results depend on it, so it is the same everywhere."""

_STRETCHES = 16

ALIKE = np.float32(0.8)
"""Factor by which a difference of two patches' means counts less than one of structure."""


class Level:
    """A picture padded by the patches' radius, at one resolution.

    Attributes:
        picture: (H * W, 4) float32, red, green, blue and texture; the estimate inside the hole.
        unknown: (H, W) bool; beyond the picture's edge, the reach of patches in the hole.
        targets: centres of the patches that contain unknown pixels.
        places: the unknown pixels.
        price: (H * W,) cost of a source in itself; infinite where there is none.
    """

    def __init__(self, scaled: Scaled) -> None:
        hole, allowed = scaled.hole, scaled.allowed
        self.radius = radius = scaled.radius
        self.height, self.width = hole.shape[0] + 2 * radius, hole.shape[1] + 2 * radius
        shape, margin = (self.height, self.width), ((radius, radius), (radius, radius))
        patch = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
        self.picture = scaled.padded.reshape(-1, 4)
        self.inner = (slice(radius, -radius), slice(radius, -radius))
        outside = np.ones(shape, bool)
        outside[self.inner] = False
        self.unknown = np.pad(hole, margin)
        reach = np.ones((4 * radius + 1, 4 * radius + 1), np.uint8)
        near = cv2.dilate(np.pad(hole, margin, "edge").astype(np.uint8), reach)
        self.unknown |= outside & (np.asarray(near) > 0)
        touching = np.asarray(cv2.dilate(self.unknown.astype(np.uint8), patch)) > 0
        self.targets = np.flatnonzero(touching & ~outside).astype(np.int32)
        self.number = np.full(self.height * self.width, -1, np.int32)
        self.number[self.targets] = np.arange(self.targets.size, dtype=np.int32)
        self.places = np.flatnonzero(self.unknown).astype(np.int32)
        whole = centres_of(np.pad(allowed & ~hole, margin), radius)
        self.centres = np.flatnonzero(whole).astype(np.int32)
        self.depth = distance_to(~self.unknown, exact=False).ravel()[self.targets]
        self.price = np.full(self.height * self.width, np.inf, np.float32)

    @property
    def colour(self) -> Array:
        """(h, w, 3), the estimate without padding and texture."""
        return self.picture.reshape(self.height, self.width, 4)[self.inner][..., :3]

    @property
    def side(self) -> int:
        return 2 * self.radius + 1

    def patches_at(self, places: NDArray[np.integer]) -> Array:
        """(N, side * side * 4)."""
        span = np.arange(-self.radius, self.radius + 1)
        shifts = (span[:, None] * self.width + span).ravel()
        patches: Array = self.picture[places[:, None] + shifts].reshape(places.size, -1)
        return patches

    def searched(
        self,
        sources: Places,
        seed: int,
        *,
        around: bool = False,
        jumps: tuple[int, ...] = (1,),
        looks: int = 3,
        backwards: bool = False,
    ) -> Places:
        """Find better sources for all targets; arguments as for `kernels.search`."""
        before, found = sources, sources.copy()
        errors = np.empty(sources.size, np.float32)
        steps = np.array(jumps, np.int64)

        def stretch(first: int, last: int) -> None:
            kernels.search(
                *(self.picture, self.price, self.number, self.width, self.radius, ALIKE),
                *(self.targets, before, found, errors, first, last, seed),
                *(around, steps, looks, backwards),
            )

        in_stretches(stretch, sources.size)
        return found

    def judged(self, sources: Places, most: float) -> tuple[Array, Array]:
        """The matches' errors, and how much brighter their targets are, at most `most`."""
        errors = np.empty(sources.size, np.float32)
        shifts = np.empty((sources.size, 3), np.float32)

        def stretch(first: int, last: int) -> None:
            kernels.judge(
                *(self.picture, self.price, self.width, self.radius, ALIKE),
                *(self.targets, sources, errors, shifts, np.float32(most), first, last),
            )

        in_stretches(stretch, sources.size)
        return errors, shifts

    def agreement(self, sources: Places) -> Array:
        """Degree to which each target's neighbours continue its source, (N,) in [0, 4]."""
        agreeing = np.zeros(sources.size, np.float32)

        def stretch(first: int, last: int) -> None:
            kernels.agreement(self.number, self.width, self.targets, sources, agreeing, first, last)

        in_stretches(stretch, sources.size)
        sheet = np.zeros(self.height * self.width, np.float32)
        sheet[self.targets] = agreeing
        blurred = np.asarray(cv2.blur(sheet.reshape(self.height, self.width), (3, 3)))
        return np.asarray(blurred.ravel()[self.targets], np.float32)

    def voted(
        self, sources: Places, loudness: Array, shifts: Array, places: Places, window: Array
    ) -> Array:
        """(N, 5): the colours voted for by the places' patches, and the sum of their weights."""
        voted = np.zeros((places.size, 5), np.float32)

        def stretch(first: int, last: int) -> None:
            kernels.vote(
                *(self.picture, self.number, self.width, self.radius, sources, loudness),
                *(shifts, window, places, voted, first, last),
            )

        in_stretches(stretch, places.size)
        return voted


def in_stretches(work: Callable[[int, int], None], size: int) -> None:
    """Run `work(first, last)` over the whole range, on all cores."""
    count = int(np.clip(size // _STRETCH, 1, _STRETCHES))
    ends = np.linspace(0, size, count + 1).astype(int).tolist()
    if count == 1:
        work(0, size)
        return
    for done in [_threads().submit(work, *pair) for pair in pairwise(ends)]:
        done.result()


@cache
def _threads() -> ThreadPoolExecutor:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return ThreadPoolExecutor(cores or 1, "patches")
