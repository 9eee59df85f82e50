"""Scaling between a region of the canvas and the size that a model works at. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from inpaintd.engine import Array
from inpaintd.smooth import extended

LARGEST_OVER_NATIVE = 1.5
"""Area up to which a model still paints well, as a multiple of its native one."""


@dataclass(frozen=True)
class WorkSize:
    """Size in pixels at which a region is denoised."""

    height: int
    width: int


def work_size(
    height: int,
    width: int,
    native_side: int,
    multiple: int,
    asked: tuple[int | None, int | None] = (None, None),
    scale: float = 1.0,
    largest: int | None = None,
) -> WorkSize:
    """The size at which a region of `height` × `width` pixels is denoised.

    Small regions are scaled up to the model's native area, where it paints best; those beyond
    `LARGEST_OVER_NATIVE` are scaled down to it.

    asked: width and height requested by the user; if only one is given the other follows in
        asked: width and height that the user asked for; with one of them the other follows in
            proportion.
        scale: of the sides, less than 1 when memory is short.
        largest: maximum pixels that the model works at, if no size is requested.
    """
    asked_width, asked_height = asked
    if asked_width and asked_height:
        scale_x, scale_y = asked_width / width, asked_height / height
    elif asked_width or asked_height:
        scale_x = scale_y = asked_width / width if asked_width else (asked_height or 0) / height
    else:
        over = height * width / native_side**2
        most = LARGEST_OVER_NATIVE
        if largest is not None:
            most = min(most, largest / native_side**2)
        scale_x = scale_y = 1.0 if 1 <= over <= most else math.sqrt(min(most, 1.0) / over)
        if largest is not None:
            return _within(height * scale_y * scale, width * scale_x * scale, multiple, largest)
    return WorkSize(
        _nearest_multiple(height * scale_y * scale, multiple),
        _nearest_multiple(width * scale_x * scale, multiple),
    )


def _within(height: float, width: float, multiple: int, largest: int) -> WorkSize:
    """The nearest multiples whose product does not exceed the largest area."""
    size = WorkSize(_nearest_multiple(height, multiple), _nearest_multiple(width, multiple))
    if size.height * size.width > largest:
        return WorkSize(
            max(multiple, int(height // multiple) * multiple),
            max(multiple, int(width // multiple) * multiple),
        )
    return size


def work_pixels(
    shapes: Iterable[tuple[int, int]],
    native_side: int,
    multiple: int,
    asked: tuple[int | None, int | None],
) -> int:
    """Pixels of the largest work area of the regions; of the native one if there are none.

    Args:
        shapes: height and width of each region.
        asked: as for `work_size`.
    """
    sizes = (work_size(*shape, native_side, multiple, asked) for shape in shapes)
    return max((size.width * size.height for size in sizes), default=native_side**2)


def _nearest_multiple(side: float, multiple: int) -> int:
    return max(multiple, round(side / multiple) * multiple)


def scale_colour(colour: Array, size: WorkSize) -> Array:
    """Scale (H, W, 3) float32 colour; Lanczos up, area average down; values are not clipped."""
    if colour.shape[:2] == (size.height, size.width):
        return colour
    smaller = size.height * size.width < colour.shape[0] * colour.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LANCZOS4
    return np.asarray(
        cv2.resize(colour, (size.width, size.height), interpolation=method), np.float32
    )


def scale_mask(mask: Array, size: WorkSize) -> Array:
    """Scale a (H, W) float32 mask in [0, 1] without losing or weakening any part of it.

    A hard mask stays hard: it covers each pixel that it touches.
    """
    height, width = mask.shape
    if (height, width) == (size.height, size.width):
        return mask
    hard = not ((mask > 0) & (mask < 1)).any()
    # Each pixel spreads as far as one pixel of the smaller picture extends.
    reach_y, reach_x = math.ceil(height / size.height), math.ceil(width / size.width)
    if reach_y > 1 or reach_x > 1:
        mask = np.asarray(cv2.dilate(mask, np.ones((2 * reach_y - 1, 2 * reach_x - 1), np.uint8)))
    to = (size.width, size.height)
    smooth = np.asarray(cv2.resize(mask, to, interpolation=cv2.INTER_LINEAR), np.float32)
    if hard:
        return (smooth > 0).astype(np.float32)
    exact = cv2.resize(mask, to, interpolation=cv2.INTER_NEAREST)
    return np.clip(np.maximum(smooth, exact), 0.0, 1.0)


def smooth_fill(colour: Array, keep: Array) -> Array:
    """Fill everything that is not kept from its surroundings.

    At full strength the model should not see the content of the hole; it does all the same, since
    the VAE's receptive field extends from there into the kept cells.

    Args:
        colour: (H, W, 3) float32.
        keep: (H, W) float32, 1 = known; where it is 0 the colour is never read.

    Returns:
        (H, W, 3) float32, unchanged where `keep` is 1. Mid-grey when nothing is kept.
    """
    if not keep.any():
        return np.full_like(colour, 0.5)
    return np.where(keep[..., None] == 1, colour, extended(colour, keep))
