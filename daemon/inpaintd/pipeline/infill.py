"""Content under the hole before denoising ("masked content"), and colours erased by editors.

The kinds `noise` and `nothing` concern latents and are left to latent engines; here they keep the
source's colours, like `original`.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd.geometry import bounds
from inpaintd.pipeline.layer import cut
from inpaintd.smooth import extended
from inpaintd_protocol.rectangle import Rectangle

_FILL_PASSES = ((256, 1), (64, 1), (16, 2), (4, 4), (2, 2), (0, 1))
"""Blur radii, each with the number of times its picture is laid over the wider ones."""

_RING_PIXELS = 8
"""Width in pixels of the ring around erased pixels that they are compared with."""

Pixels = NDArray[np.bool_]
"""(H, W) bool, a set of pixels."""

Completion = Callable[[Array, Array, Pixels], Array]
"""Fills (H, W, 3) colour where the (H, W) mask is above 0, from a set of kept pixels."""


def infilled(colour: Array, mask: Array, shown: Pixels, kind: str, complete: Completion) -> Array:
    """Compute the engine's input colours, (H, W, 3) float32; kept pixels are unchanged.

    Args:
        colour: (H, W, 3) float32 source, lost colours already replaced.
        mask: (H, W) float32, 1 = repaint; greys blend in the infill by their value.
        shown: kept pixels that are not transparent.
        kind: as in `Settings.infill`.
        complete: for kind `patchmatch`.
    """
    match kind:
        case "fill":
            under = _blurred_surroundings(colour, 1 - mask)
        case "average":
            under = np.average(colour.reshape(-1, 3), axis=0, weights=mask.ravel())
        case "patchmatch":
            under = complete(colour, mask, shown)
        case _:
            return colour
    mixed = colour + mask[..., None] * (np.asarray(under, np.float32) - colour)
    return np.where(mask[..., None] > 0, mixed, colour)


def lost_colours(colour: Array, alpha: Array) -> Pixels:
    """Detect pixels whose colour an editor erased under full transparency.

    These are fully transparent areas of flat black, white or grey amid other colours: nearly all
    their pixels have exactly that colour, and more than a tenth of the ring around them has not.

    Args:
        colour: (H, W, 3) float32.
        alpha: (H, W) float32 in [0, 1].

    Returns:
        (H, W) bool.
    """
    clear = alpha <= 1.5 / 255
    under = colour[clear]
    nothing = np.zeros_like(clear)
    if not under.size or clear.all():
        return nothing
    values = (0.0, 1.0, _usual_grey(under))
    flat_in_area = [_near(under, value, 0.002) for value in values]
    if not any(flat.any() for flat in flat_in_area):
        return nothing
    # Label every pixel with the number of the nearest clear area.
    away, nearest = cv2.distanceTransformWithLabels(
        (~clear).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_CCOMP
    )
    area = np.asarray(nearest, np.int32)
    areas = int(area.max()) + 1
    ring = ~clear & (np.asarray(away) <= _RING_PIXELS)
    area_of_clear, area_of_ring, around = area[clear], area[ring], colour[ring]
    lost = np.zeros(areas, bool)
    for value, flat in zip(values, flat_in_area, strict=True):
        flats = np.bincount(area_of_clear[flat], minlength=areas)
        alike = np.bincount(area_of_ring[_near(around, value, 0.03)], minlength=areas)
        mostly_flat = flats >= 0.99 * np.bincount(area_of_clear, minlength=areas)
        lost |= (
            (flats > 0) & mostly_flat & (alike < 0.9 * np.bincount(area_of_ring, minlength=areas))
        )
    return np.asarray(clear & lost[area])


def _usual_grey(colours: Array) -> float:
    """The median grey of (N, 3) colours, which an editor may erase to; black without greys."""
    greys = colours[(colours[:, 0] == colours[:, 1]) & (colours[:, 1] == colours[:, 2]), 0]
    return float(np.partition(greys, greys.size // 2)[greys.size // 2]) if greys.size else 0.0


def _near(colours: Array, value: float, distance: float) -> Pixels:
    """Test (N, 3) colours for all channels within `distance` of `value`, as (N,) bool."""
    close = np.abs(colours - np.float32(value)) < distance
    return np.asarray(close[:, 0] & close[:, 1] & close[:, 2])


def restored(colour: Array, unusable: Pixels) -> Array:
    """Replace unusable colours by a smooth extension of those around them."""
    if not unusable.any() or unusable.all():
        return colour
    whole = Rectangle(0, 0, unusable.shape[1], unusable.shape[0])
    near = bounds(unusable).grown(_RING_PIXELS).intersection(whole)
    here, replaced = cut(unusable, near), colour.copy()
    smooth = extended(cut(colour, near), (~here).astype(np.float32))
    cut(replaced, near)[here] = smooth[here]
    return replaced


def _blurred_surroundings(colour: Array, keep: Array) -> Array:
    """Blur kept pixels with ever smaller radii, each result laid over the wider ones.

    Source: AUTOMATIC1111's stable-diffusion-webui, modules/masking.py, `fill`, here in float.
    """
    source = np.dstack([colour * keep[..., None], keep]).astype(np.float32)
    result = np.zeros_like(source)
    for radius, repeats in _FILL_PASSES:
        blurred = _gaussian(source, radius)
        for _ in range(repeats):
            result = blurred + result * (1 - blurred[..., 3:])
    alpha = result[..., 3:]
    mean = colour.reshape(-1, 3).mean(axis=0)
    return np.where(alpha > 1e-6, result[..., :3] / np.maximum(alpha, np.float32(1e-6)), mean)


def _gaussian(values: Array, sigma: float) -> Array:
    """Gaussian blur by three box blurs, whose cost does not grow with sigma."""
    if sigma == 0:
        return values
    side = int(np.sqrt(4 * sigma * sigma + 1)) | 1
    for _ in range(3):
        values = np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE))
    return values
