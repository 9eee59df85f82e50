"""From matches to colours: each pixel is the mean of what its patches' sources show there."""

from __future__ import annotations

import numpy as np

from inpaintd.engine import Array
from inpaintd.engines.patches.level import Level, Places

_BRIGHTER = 0.3
"""How much brighter or darker than its source a patch may be, of 1."""

_SHARPNESS = 0.3
"""Share of the errors' upper quartile at which a match's voice is quiet. Less is sharper."""

_LEAST_VOICE = np.float32(1e-4)

_INWARDS = np.float32(1.3)
"""How much quieter a patch is for each pixel that its middle lies deeper in the hole."""

_DEEPEST = 30

_TOGETHER = np.float32(1.5)
"""How much louder, as a power of e, each neighbour makes a patch that shows the same place."""


def weights(level: Level, sources: Places, errors: Array, sharpness: float = _SHARPNESS) -> Array:
    """How much each match has to say, (N,): likeness, nearness to the border, agreement."""
    spread = max(float(np.percentile(errors, 75)) * sharpness, 1e-6)
    voice = np.exp(-np.minimum(errors / np.float32(2 * spread), np.float32(60))) + _LEAST_VOICE
    voice *= _INWARDS ** -np.minimum(level.depth, np.float32(_DEEPEST))
    voice *= np.exp(_TOGETHER * level.agreement(sources))
    return np.asarray(voice, np.float32)


def window(level: Level, sigma: float | None = None) -> Array:
    """(side, side), how much a patch says about each of its pixels; all alike without `sigma`."""
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
    level.picture[at] = voted[good, :4]
    return change


def energy(level: Level, sources: Places) -> float:
    """Mean error of the matches, their prices included; of two fills the lower is better."""
    errors, _ = level.judged(sources, _BRIGHTER)
    return float(errors.mean())


def last_vote(level: Level, sources: Places, places: Places) -> Array:
    """(N, 5) colours of these places, each nearly from one source, so that texture stays sharp."""
    errors, shifts = level.judged(sources, _BRIGHTER)
    voices = weights(level, sources, errors, sharpness=0.5)
    return level.voted(sources, voices, shifts, places, window(level, 0.5))
