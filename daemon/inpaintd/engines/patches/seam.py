"""The finished colours: the last vote, without a step at the hole's border."""

from __future__ import annotations

import cv2
import numpy as np

from inpaintd.engine import Array
from inpaintd.engines.patches.level import Level, Places
from inpaintd.engines.patches.pyramid import Pixels
from inpaintd.engines.patches.votes import last_vote
from inpaintd.geometry import distance_to
from inpaintd.smooth import extended

_RIM_PIXELS = 1.5
"""Width of the kept rim whose votes are compared with its actual colours."""

_LARGEST_STEP = np.float32(0.12)
"""Largest step that is corrected, of 1; a larger one is an edge and not a seam."""


def finished(colour: Array, hole: Pixels, level: Level, sources: Places) -> Array:
    """The colours of the hole's pixels in reading order, (N, 3) float32.

    The difference between the votes for the kept rim and its actual colours is extended into the
    hole and subtracted there.

    Source: Pérez, Gangnet, Blake, Poisson Image Editing (2003), with `inpaintd.smooth` for the
    membrane.
    """
    r, width = level.radius, level.width
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    around = tuple(slice(max(0, x[0] - 2), x[-1] + 3) for x in (rows, columns))
    # The same rectangle of the padded level, with all patches that reach into it.
    padded = tuple(slice(side.start, side.stop + 2 * r) for side in around)
    held = (level.number.reshape(level.height, width)[padded] >= 0).astype(np.uint8)
    unknown = level.unknown[padded]
    near = np.asarray(cv2.dilate(held, np.ones((level.side, level.side), np.uint8))) > 0
    beside = np.asarray(cv2.dilate(unknown.astype(np.uint8), np.ones((3, 3), np.uint8))) > 0
    y, x = np.nonzero(unknown | (beside & near))
    places = ((y + padded[0].start) * width + x + padded[1].start).astype(np.int32)
    voted = last_vote(level, sources, places)
    good = voted[:, 4] > 0
    level.picture[places[good]] = voted[good, :4]
    inside, votes = hole[around], level.colour[around]
    away = distance_to(inside, exact=False)
    kept_rim = (~inside & (away <= _RIM_PIXELS)).astype(np.float32)
    step = np.clip(colour[around] - votes, -_LARGEST_STEP, _LARGEST_STEP)
    filled: Array = (votes + extended(step, kept_rim))[inside]
    return filled
