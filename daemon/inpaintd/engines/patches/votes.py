"""Colours from matches: each pixel is the mean of its patches' sources at that place."""

from __future__ import annotations

import numpy as np

from inpaintd.engine import Array
from inpaintd.engines.patches.level import Level, Places

_BRIGHTER = 0.3
"""Maximum difference in brightness between a patch and its source, of 1."""

_SHARPNESS = 0.3
"""Share of the errors' upper quartile at which a match's weight is low. Less is sharper."""

_EXPECTED = np.float32(0.3)
"""Share of the surroundings' texture in the texture of each estimate: votes average it away, and
then the search takes smooth sources for more and more of the hole."""

_LAID_OUT = 60_000
"""Largest hole whose texture is drawn to that of its surroundings, in pixels."""

_LEAST_VOICE = np.float32(1e-4)

_INWARDS = np.float32(1.3)
"""Reduction of a patch's weight for each pixel that its centre is deeper in the hole."""

_DEEPEST = 30

_TOGETHER = np.float32(1.5)
"""Increase of a patch's weight, as a power of e, for each neighbour that shows the same place."""


def weights(level: Level, sources: Places, errors: Array, sharpness: float = _SHARPNESS) -> Array:
    """The weight of each match, (N,): likeness, nearness to the border, agreement."""
    spread = max(float(np.percentile(errors, 75)) * sharpness, 1e-6)
    voice = np.exp(-np.minimum(errors / np.float32(2 * spread), np.float32(60))) + _LEAST_VOICE
    voice *= _INWARDS ** -np.minimum(level.depth, np.float32(_DEEPEST))
    voice *= np.exp(_TOGETHER * level.agreement_around(sources))
    return np.asarray(voice, np.float32)


def window(level: Level, sigma: float | None = None) -> Array:
    """(side, side), the weight of a patch for each of its pixels; uniform without `sigma`."""
    if sigma is None:
        return np.ones((level.side, level.side), np.float32)
    span = np.arange(-level.radius, level.radius + 1)
    bell = np.exp(-(span[:, None] ** 2 + span**2) / (2 * sigma * sigma)).astype(np.float32)
    return np.where(bell < 0.02, np.float32(0), bell)


def revised(level: Level, sources: Places) -> float:
    """Write the colours that the matches vote for into the hole; returns the mean change."""
    errors, shifts = level.judged(sources, _BRIGHTER)
    voices = weights(level, sources, errors)
    voted = level.voted(sources, voices, shifts, level.places, window(level))
    good = voted[:, 4] > 0
    at = level.places[good]
    change = float(np.abs(level.picture[at] - voted[good, :4]).mean()) if at.size else 0.0
    if level.places.size <= _LAID_OUT:
        voted[:, 3] += _EXPECTED * (level.expected_texture - voted[:, 3])
    level.picture[at] = voted[good, :4]
    return change


def energy(level: Level, sources: Places) -> float:
    """Mean error of the matches, including prices; of two fills the lower is better."""
    errors, _ = level.judged(sources, _BRIGHTER)
    # Without the price of joints, the smoother of two fills would win.
    return float((errors + level.apart * (4 - level.agreement(sources))).mean())


def last_vote(level: Level, sources: Places, places: Places) -> Array:
    """(N, 5) colours of these places, each mostly from one source, so that texture stays sharp."""
    errors, shifts = level.judged(sources, _BRIGHTER)
    voices = weights(level, sources, errors, sharpness=0.5)
    return level.voted(sources, voices, shifts, places, window(level, 0.5))
