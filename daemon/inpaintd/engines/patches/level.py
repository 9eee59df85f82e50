"""One resolution of a picture being filled: its patches, their sources, and the votes."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd.engines.patches import kernels
from inpaintd.engines.patches.pyramid import Pixels, Scaled, centres_of
from inpaintd.geometry import distance_to
from inpaintd.smooth import extended

Places = NDArray[np.int32]
"""(N,), flat indices into a padded level."""

_STRETCH = 512
"""Minimum number of targets per thread. Results depend on it, so it is the same everywhere."""

_STRETCHES = 16

_RIM = 4
"""Width of the kept rim that the expected texture is taken from, in pixels."""

_APART = {3: 0.001}
"""By the patches' radius: price of each neighbour whose source is not beside a patch's own, as a
squared difference of each sample. It makes pieces be copied whole, with their texture. The smaller
patches of thin holes have none: there it costs more likeness than it gains sharpness."""

ALIKE = np.float32(0.5)
"""Factor by which a difference of two patches' means counts less than one of structure."""


class Level:
    """A picture padded by the patches' radius, at one resolution.

    Attributes:
        picture: (H * W, 4) float32, red, green, blue and texture; the estimate inside the hole.
        unknown: (H, W) bool; beyond the picture's edge, the reach of patches in the hole.
        targets: centres of the patches that contain unknown pixels.
        places: the unknown pixels.
        usable: (H * W,) bool, centres of the patches that may be copied.
        apart: price of each neighbour whose source is not beside a patch's own.
        price: (H * W,) cost of a source in itself; infinite where there is none. Set by `Prices`.
    """

    def __init__(self, scaled: Scaled) -> None:
        hole, allowed = scaled.hole, scaled.allowed
        self.radius = radius = scaled.radius
        self.height, self.width = hole.shape[0] + 2 * radius, hole.shape[1] + 2 * radius
        self.picture = scaled.padded.reshape(-1, 4)
        self.inner = (slice(radius, -radius), slice(radius, -radius))
        self.unknown, self.targets = _unknown_and_targets(hole, radius)
        self.depth = distance_to(~self.unknown, exact=False).ravel()[self.targets]
        self.number = np.full(self.height * self.width, -1, np.int32)
        self.number[self.targets] = np.arange(self.targets.size, dtype=np.int32)
        self.places = np.flatnonzero(self.unknown).astype(np.int32)
        self.usable = centres_of(np.pad(allowed & ~hole, radius), radius).ravel()
        self.apart = np.float32(_APART.get(radius, 0.0) * 3 * self.side**2)
        self.price = np.empty(0, np.float32)

    def slimmed(self) -> Level:
        """Give back the memory of all but the estimate and the targets."""
        self.price, self.usable = np.empty(0, np.float32), np.empty(0, bool)
        return self

    @property
    def centres(self) -> Places:
        """The usable places; computed anew each time, because it is as large as the picture."""
        return np.flatnonzero(self.usable).astype(np.int32)

    @cached_property
    def expected_texture(self) -> Array:
        """The surroundings' texture, extended smoothly to the unknown pixels, (N,)."""
        rows, columns, around = self._within(self.places, _RIM)
        known = (~self.unknown[around]).astype(np.float32)
        texture = self.picture.reshape(self.height, self.width, 4)[around][..., 3:]
        return np.asarray(extended(texture, known)[rows, columns, 0], np.float32)

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
                *(around, steps, looks, backwards, self.apart),
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
        """Number of each target's neighbours whose source is beside its own, (N,), 0 to 4."""
        agreeing = np.zeros(sources.size, np.float32)

        def stretch(first: int, last: int) -> None:
            kernels.agreement(self.number, self.width, self.targets, sources, agreeing, first, last)

        in_stretches(stretch, sources.size)
        return agreeing

    def agreement_around(self, sources: Places) -> Array:
        """`agreement`, averaged over the eight neighbours."""
        rows, columns, around = self._within(self.targets)
        sheet = np.zeros(self.number.reshape(self.height, self.width)[around].shape, np.float32)
        sheet[rows, columns] = self.agreement(sources)
        return np.asarray(np.asarray(cv2.blur(sheet, (3, 3)))[rows, columns], np.float32)

    def _within(
        self, places: Places, margin: int = 0
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], tuple[slice, slice]]:
        """Rows and columns of these places in the rectangle around them, and the rectangle."""
        rows, columns = places // self.width, places % self.width
        top, left = (max(0, int(axis.min()) - margin) for axis in (rows, columns))
        bottom, right = (int(axis.max()) + margin + 1 for axis in (rows, columns))
        return rows - top, columns - left, (slice(top, bottom), slice(left, right))

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


def _unknown_and_targets(hole: Pixels, radius: int) -> tuple[Pixels, Places]:
    """The unknown pixels of the padded level, and the centres of the patches that contain any."""
    unknown = np.pad(hole, radius)
    outside = np.ones_like(unknown)
    outside[radius:-radius, radius:-radius] = False
    reach = np.ones((4 * radius + 1, 4 * radius + 1), np.uint8)
    near = cv2.dilate(np.pad(hole, radius, "edge").astype(np.uint8), reach)
    unknown |= outside & (np.asarray(near) > 0)
    patch = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    touching = np.asarray(cv2.dilate(unknown.astype(np.uint8), patch)) > 0
    return unknown, np.flatnonzero(touching & ~outside).astype(np.int32)


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
