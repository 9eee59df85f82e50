"""The cost of a source besides its dissimilarity: its distance from the hole, and its use.

Nearby things belong together: a face two hole-widths away has no business in a wall. Yet if
only something far away continues the structure, it may be copied. A hard limit would forbid that;
a price does not.
"""

from __future__ import annotations

import cv2
import numpy as np

from inpaintd.engines.patches.level import Level, Places
from inpaintd.geometry import distance_to

_DISTANCE = 0.006
"""Price of a source one reach away from the hole, as a squared difference of each sample."""

_FARTHEST = 3.0
"""Number of reaches beyond which the price of a source stops rising."""

_USE = 0.001
"""Price of each use of a source beyond its fair share, as a squared difference of each sample."""

_MOST_USES = 10

_SHAKE = 0.003
"""Largest random price of a source, as a squared difference of each sample."""

_REACH = 1.5
"""Distance within which things belong together, as a multiple of half the hole's width."""

_LEAST_REACH = 12.0
"""Minimum reach, in pixels of the level."""


class Prices:
    """The prices of a level's sources, written into the level.

    Source: Kaspar et al., Self Tuning Texture Optimization (2015), for the balanced use.
    """

    def __init__(self, level: Level, half_width: float) -> None:
        """Args: half_width: that of the hole, in pixels of this level."""
        self._level = level
        self._samples = 3 * level.side**2
        reach = max(_LEAST_REACH, _REACH * half_width)
        far = distance_to(level.unknown, exact=False).ravel()
        far /= np.float32(reach)
        np.minimum(far, np.float32(_FARTHEST), out=far)
        far *= far
        far *= np.float32(_DISTANCE * self._samples)
        # In place: at full resolution every copy counts.
        np.copyto(far, np.float32(np.inf), where=~level.usable)
        self._base = far
        self._usable = np.count_nonzero(level.usable)
        level.price = far.copy()

    def without_use(self) -> None:
        """Price the sources by their distance alone."""
        self._level.price[:] = self._base

    def shaken(self, rng: np.random.Generator) -> None:
        """Price the sources so that a different layout of the same quality may result."""
        centres = self._level.centres
        noise = rng.random(centres.size, np.float32)
        price = self._base[centres] * (np.float32(0.5) + noise)
        self._level.price[centres] = price + np.float32(_SHAKE * self._samples) * noise

    def with_use(self, sources: Places) -> None:
        """Raise the price of sources that these matches use more than their fair share."""
        level = self._level
        price = level.price
        price[:] = 0
        np.add.at(price, sources, np.float32(1))
        uses = price.reshape(level.height, level.width)
        cv2.blur(uses, (level.side, level.side), dst=uses)
        price /= np.float32(max(level.targets.size / self._usable, 1.0))
        price -= np.float32(1)
        np.clip(price, 0, _MOST_USES, out=price)
        price *= np.float32(_USE * self._samples)
        price += self._base
