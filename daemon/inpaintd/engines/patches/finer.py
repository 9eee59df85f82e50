"""The step from a level to the one at twice its size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engines.patches.level import Level, Places


def raised_colours(low: Level, level: Level) -> None:
    """Fill the level's hole with the lower level's picture, enlarged."""
    radius = level.radius
    y = np.clip(level.places // level.width - radius, 0, level.height - 2 * radius - 1)
    x = np.clip(level.places % level.width - radius, 0, level.width - 2 * radius - 1)
    # Only around the hole: at full resolution every copy counts.
    top, left = max(0, y.min() // 2 - 2), max(0, x.min() // 2 - 2)
    small = low.picture.reshape(low.height, low.width, 4)[low.inner]
    small = small[top : y.max() // 2 + 3, left : x.max() // 2 + 3]
    size = (2 * small.shape[1], 2 * small.shape[0])
    large = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR))
    level.picture[level.places] = large[y - 2 * top, x - 2 * left]


def raised_sources(low: Level, level: Level, sources: Places) -> Places:
    """The same offsets, doubled, so that blocks of four stay together."""
    radius = level.radius
    rows, columns = np.divmod(level.targets, level.width)
    y = np.clip((rows - radius) // 2 + low.radius, 0, low.height - 1)
    x = np.clip((columns - radius) // 2 + low.radius, 0, low.width - 1)
    match = low.number[y * low.width + x]
    lost = match < 0
    if lost.any():
        match[lost] = _nearest(low, low.targets, (y * low.width + x)[lost], low.number)
    from_y, from_x = np.divmod(sources[match], low.width)
    at_y, at_x = np.divmod(low.targets[match], low.width)
    y = np.clip(rows + 2 * (from_y - at_y), radius, level.height - radius - 1)
    x = np.clip(columns + 2 * (from_x - at_x), radius, level.width - radius - 1)
    found = (y * level.width + x).astype(np.int32)
    bad = ~level.usable[found]
    if bad.any():
        found[bad] = _nearest(level, level.centres, found[bad], None)
    return np.asarray(found, np.int32)


def _nearest(
    level: Level, among: Places, places: NDArray[np.integer], values: NDArray[np.int32] | None
) -> NDArray[np.int32]:
    """For each of these places, the value at the nearest of the others; None for its index."""
    others = np.ones(level.height * level.width, np.uint8)
    others[among] = 0
    _, nearest = cv2.distanceTransformWithLabels(
        others.reshape(level.height, level.width),
        cv2.DIST_L2,
        cv2.DIST_MASK_5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    label = np.asarray(nearest).ravel()
    of = np.zeros(int(label.max()) + 1, np.int32)
    of[label[among]] = among if values is None else values[among]
    found: NDArray[np.int32] = of[label[places]]
    return found
