"""Bounds of sets of pixels, and distances to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd_protocol.rectangle import Rectangle


def bounds(pixels: NDArray[np.bool_]) -> Rectangle:
    """The smallest rectangle that holds all true pixels of (H, W); empty when there are none."""
    rows = np.flatnonzero(pixels.any(axis=1))
    if not rows.size:
        return Rectangle(0, 0, 0, 0)
    y, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(pixels[y:bottom].any(axis=0))
    x, right = int(columns[0]), int(columns[-1]) + 1
    return Rectangle(x, y, right - x, bottom - y)


def distance_to(pixels: NDArray[np.bool_], *, exact: bool = True) -> Array:
    """Euclidean distance of each pixel to the nearest true one, (H, W) float32.

    Infinite where no pixel is true. OpenCV leaves that case undefined: it gives 65536, 1.8e19 or
    3.4e38, depending on the processor's libraries.

    Args:
        exact: else within 2 %, in a third of the time. Source: Borgefors 1986, 5 x 5 chamfer.
    """
    if not pixels.any():
        return np.full(pixels.shape, np.inf, np.float32)
    import cv2  # 20 MB that whoever needs the bounds alone can do without

    mask = cv2.DIST_MASK_PRECISE if exact else cv2.DIST_MASK_5
    others = (~pixels).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(others, cv2.DIST_L2, mask), np.float32)
