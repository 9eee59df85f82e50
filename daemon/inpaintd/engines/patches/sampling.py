"""The sampling area: the kept pixels that the user allows to be copied."""

from __future__ import annotations

import numpy as np

from inpaintd.engines.patches.pyramid import Pixels
from inpaintd.geometry import distance_to
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import SAMPLING_SIDES, Settled


def sampling_area(shown: Pixels, hole: Pixels, settings: Settled) -> Pixels:
    """The shown pixels within the set distance and on the set sides.

    A pixel is on the side of the hole's bounding box beyond which it is farthest.

    Args:
        shown: (H, W) bool, kept pixels that may be copied at all.
        hole: (H, W) bool, a part of the hole.

    Raises:
        InpaintError: `unsupported` when there is nothing left to copy.
    """
    area = shown
    if settings.sampling_pixels is not None:
        area = area & (distance_to(hole, exact=False) <= settings.sampling_pixels)
    if settings.sampling_sides != "around":
        area = area & _on(hole, SAMPLING_SIDES[settings.sampling_sides])
    if shown.any() and not area.any():
        raise nothing_to_copy()
    return area


def nothing_to_copy() -> InpaintError:
    """The error for a sampling area without kept pixels."""
    return InpaintError(
        "unsupported",
        "The sampling area contains no pixels to copy.",
        "Set a larger sampling area, a larger sampling distance, or other sides.",
    )


def _on(hole: Pixels, sides: tuple[str, ...]) -> Pixels:
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    y, x = np.ogrid[: hole.shape[0], : hole.shape[1]]
    beyond = {
        "left": columns[0] - x,
        "right": x - columns[-1],
        "above": rows[0] - y,
        "below": y - rows[-1],
    }
    across = np.maximum(beyond["left"], beyond["right"])
    along = np.maximum(beyond["above"], beyond["below"])
    area = np.zeros_like(hole)
    for side in sides:
        other = along if side in ("left", "right") else across
        area |= (beyond[side] > 0) & (beyond[side] >= other)
    return area
