"""Shift and zoom of a whole picture, measured on the kept pixels, and undone. Pure functions.

Models that edit by instruction repaint the whole picture, and some move all of it by a few
per cent. The content painted into the hole moves as well, so it has to be brought back before it
is composited.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array

_ZOOMS = np.geomspace(0.8, 1.25, 19)
"""Candidates, 2.5 % apart; the refinement covers the values between them."""

_MEASURED_SIDE = 512
"""Longer sides are scaled down to this for measuring, which is still accurate to half a pixel."""

_LEAST_LIKENESS = 0.5
"""Correlation of the kept pixels from which a measurement is trusted."""

_LEAST_GAIN = 0.02
"""Increase in correlation above which a movement is more than chance."""


@dataclass(frozen=True)
class Movement:
    """A similarity without rotation: a point p of the source is at `zoom * p + shift`.

    Attributes:
        zoom: 1 for none.
        shift: x, y in pixels.
        likeness: correlation of the kept pixels when it is undone, up to 1.
    """

    zoom: float
    shift: tuple[float, float]
    likeness: float

    def largest(self, height: int, width: int) -> float:
        """The largest distance that any pixel of a picture of this size has moved, in pixels."""
        corners = [(x, y) for x in (0, width) for y in (0, height)]
        dx, dy = self.shift
        grown = self.zoom - 1
        return max(float(np.hypot(grown * x + dx, grown * y + dy)) for x, y in corners)

    @property
    def matrix(self) -> NDArray[np.float32]:
        """The matrix from the source's coordinates to the moved picture's, (2, 3) float32."""
        return np.array([[self.zoom, 0, self.shift[0]], [0, self.zoom, self.shift[1]]], np.float32)


def movement(moved: Array, source: Array, keep: Array) -> Movement | None:
    """Estimate how a picture was moved as a whole, from the part it shares with its source.

    Phase correlation (Kuglin and Hines, 1975) at several zooms gives a guess that the enhanced
    correlation coefficient (Evangelidis and Psarakis, 2008) refines on the kept pixels alone.

    Args:
        moved, source: (H, W, 3) float32.
        keep: (H, W) float32, 1 = kept, where both show the same.

    Returns:
        None when the two are too different to tell.
    """
    height, width = keep.shape
    factor = max(1.0, max(height, width) / _MEASURED_SIDE)
    size = (round(width / factor), round(height / factor))
    before, after = (_scaled(_grey(picture), size) for picture in (source, moved))
    known = (_scaled(keep, size) >= 1).astype(np.uint8)
    if not known.any():
        return None
    found = _measured(after, before, known)
    if found is None:
        return None
    dx, dy = found.shift
    return replace(found, shift=(dx * width / size[0], dy * height / size[1]))


def _measured(after: Array, before: Array, known: NDArray[np.uint8]) -> Movement | None:
    still = Movement(1.0, (0.0, 0.0), likeness(after, before, known))
    best = still
    for zoom in _ZOOMS:
        guess = _refined(_guess(after, before, known, float(zoom)), after, before, known)
        if guess.likeness > best.likeness:
            best = guess
    if best.likeness < _LEAST_LIKENESS:
        return None
    return best if best.likeness > still.likeness + _LEAST_GAIN else still


def _scaled(plane: Array, size: tuple[int, int]) -> Array:
    if plane.shape == (size[1], size[0]):
        return plane
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def undone(moved: Array, found: Movement) -> tuple[Array, Array]:
    """The picture moved back, and the area it covers.

    Args:
        moved: (H, W, 3) float32.

    Returns:
        (H, W, 3) float32, and (H, W) float32, 1 where the picture reaches.
    """
    height, width = moved.shape[:2]
    back = cv2.warpAffine(
        moved,
        found.matrix,
        (width, height),
        flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    x, y = np.arange(width) * found.zoom + found.shift[0], np.arange(height) * found.zoom
    y = y + found.shift[1]
    inside = ((y >= 0) & (y <= height - 1))[:, None] & ((x >= 0) & (x <= width - 1))[None]
    return np.asarray(back, np.float32), inside.astype(np.float32)


def likeness(one: Array, other: Array, where: NDArray[np.uint8]) -> float:
    """Correlation of two (H, W) pictures where a mask is set, from -1 to 1; 0 for flat ones."""
    a, b = one[where > 0], other[where > 0]
    if a.size < _FEWEST_PIXELS or a.std() < _FLAT or b.std() < _FLAT:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


_FEWEST_PIXELS = 64
_FLAT = 1e-4


def _grey(picture: Array) -> Array:
    return np.ascontiguousarray(picture.mean(axis=2), np.float32)


def _guess(after: Array, before: Array, known: NDArray[np.uint8], zoom: float) -> Movement:
    height, width = before.shape
    centre = np.array([width / 2, height / 2])
    about_centre = (1 - zoom) * centre
    scaled = Movement(zoom, (float(about_centre[0]), float(about_centre[1])), 0.0)
    unzoomed, _ = undone(after[..., None].repeat(3, axis=2), scaled)
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    level = before[known > 0].mean()
    flat = np.where(known > 0, before - level, 0).astype(np.float32)
    (dx, dy), _ = cv2.phaseCorrelate(flat, unzoomed[..., 0] - unzoomed[..., 0].mean(), window)
    shift = about_centre + zoom * np.array([dx, dy])
    found = Movement(zoom, (float(shift[0]), float(shift[1])), 0.0)
    return _judged(found, after, before, known)


def _judged(found: Movement, after: Array, before: Array, known: NDArray[np.uint8]) -> Movement:
    back, inside = undone(after[..., None].repeat(3, axis=2), found)
    shared = known * (inside > 0).astype(np.uint8)
    # A match of a narrow strip is weak evidence.
    if shared.sum() < known.sum() / 3:
        return Movement(found.zoom, found.shift, -1.0)
    return Movement(found.zoom, found.shift, likeness(back[..., 0], before, shared))


def _refined(guess: Movement, after: Array, before: Array, known: NDArray[np.uint8]) -> Movement:
    if guess.likeness < _LEAST_LIKENESS / 2:
        return guess
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-5)
    try:
        _, matrix = cv2.findTransformECC(
            before, after, guess.matrix.copy(), cv2.MOTION_AFFINE, criteria, known * 255, 3
        )
    except cv2.error:  # it does not converge
        return guess
    zoom = float(matrix[0, 0] + matrix[1, 1]) / 2
    height, width = before.shape
    # The affine map at the centre, where omitting its shear and rotation changes nothing.
    centre = np.array([width / 2, height / 2], np.float32)
    shift = matrix[:, :2] @ centre + matrix[:, 2] - zoom * centre
    found = Movement(zoom, (float(shift[0]), float(shift[1])), 0.0)
    judged = _judged(found, after, before, known)
    return judged if judged.likeness > guess.likeness else guess
