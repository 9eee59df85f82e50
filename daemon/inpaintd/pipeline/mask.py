"""The effective mask, h in [0, 1], from a layer's transparency or a mask plane.

Greys are preserved throughout. The order is: invert, threshold, grow, feather.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd.geometry import bounds, distance_to
from inpaintd.install.extras import how_to_install
from inpaintd.pipeline.layer import Samples, cut, to_float
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settled

TextMasker = Callable[[Array, str], Array]
"""Finds comma-separated phrases in (H, W, 3) float32 colour; (H, W) confidence in [0, 1]."""

_FEATHER_LEVELS = 64
"""Maximum number of grey levels that `feather` treats individually."""


@dataclass(frozen=True)
class Masks:
    """The masks of a request, each (h, w) float32, cropped to the same hole.

    Attributes:
        hole: their common bounds in the layer.
        own: mask of the request's own pass.
        stages: mask of each stage or None; empty when no stage has one.
    """

    hole: Rectangle
    own: Array
    stages: tuple[Array | None, ...] = ()

    @property
    def together(self) -> Array:
        """The union of all masks."""
        together = self.own
        for mask in self.stages:
            if mask is not None:
                together = np.maximum(together, mask)
        return together


def found_by_words(
    layer: Samples, plane: Samples | None, settings: Settled, masker: TextMasker | None
) -> Samples:
    """Make the mask plane, (H, W, 1) float32, that `Settled.text_mask` describes.

    It is combined, as the settings say, with `plane`, or else with the transparency.

    Raises:
        InpaintError: `not_installed` without a masker, `empty_mask` when nothing was found.
    """
    if masker is None:
        raise InpaintError(
            "not_installed",
            "This daemon cannot find a hole by its description.",
            f"Select the hole in the editor, or install the extra: {how_to_install('diffusion')}",
        )
    found = masker(to_float(layer[..., :3]), settings.text_mask)
    if settings.text_mask_threshold > 0:
        found = (found >= np.float32(settings.text_mask_threshold)).astype(np.float32)
    if not (found > 0).any():
        raise InpaintError(
            "empty_mask",
            f"Nothing in the picture looks like “{settings.text_mask[:80]}”.",
            "Lower the text mask threshold, or use other words.",
        )
    if settings.text_mask_combine != "replace":
        _check_size(layer, plane)
        given = _repaint(_given(layer, plane)[0], plane is not None)
        both = np.maximum if settings.text_mask_combine == "union" else np.minimum
        found = both(found, given)
    return found[..., None]


def mask_of(layer: Samples, plane: Samples | None, settings: Settled) -> tuple[Rectangle, Array]:
    """Compute the effective mask, cropped to its hole.

    Args:
        layer: (H, W, 3 or 4) samples.
        plane: (H, W, 1) samples, full scale = repaint; None takes h = 1 - alpha.

    Returns:
        The hole's bounds in the layer, and its (height, width) float32 mask.

    Raises:
        InpaintError: `size_mismatch`, or `empty_mask` with a way to make one.
    """
    _check_size(layer, plane)
    given, keep = _given(layer, plane)
    whole = Rectangle(0, 0, given.shape[1], given.shape[0])
    if settings.invert:
        box = whole
    else:
        margin = max(0, settings.grow_pixels) + settings.feather_pixels
        # One extra pixel lets a shrinking hole see that the pixels beyond its edge are kept.
        box = bounds(given != keep).grown(margin + 1).intersection(whole)
    if box.empty:
        raise _empty(plane is None and layer.shape[2] == 3)
    mask = _repaint(cut(given, box), plane is not None)
    if settings.invert:
        mask = 1 - mask
    if settings.threshold is not None:
        mask = (mask >= np.float32(settings.threshold)).astype(np.float32)
    mask = feathered(grown(mask, settings.grow_pixels), settings.feather_pixels)
    hole = bounds(mask > 0)
    if hole.empty:
        raise _empty(plane is None and layer.shape[2] == 3)
    return hole.moved(box.x, box.y), np.ascontiguousarray(cut(mask, hole))


def with_stages(layer: Samples, masks: Masks, planes: Sequence[Samples | None]) -> Masks:
    """Add the masks of the stages.

    Args:
        planes: for each stage (H, W, 1) samples or None.

    Raises:
        InpaintError: `size_mismatch`.
    """
    hole = masks.hole
    for plane in planes:
        _check_size(layer, plane)
        if plane is not None:
            hole = hole.union(bounds(plane[..., 0] > 0))
    own = np.zeros((hole.height, hole.width), np.float32)
    cut(own, masks.hole.moved(-hole.x, -hole.y))[:] = masks.own
    stages = tuple(None if p is None else _repaint(cut(p[..., 0], hole), True) for p in planes)
    return Masks(hole, own, stages)


def sampling_of(layer: Samples, plane: Samples) -> NDArray[np.bool_]:
    """The pixels of the layer that may be copied, (H, W) bool.

    Args:
        plane: (H, W, 1) samples; those of at least half of full scale count.

    Raises:
        InpaintError: `size_mismatch`, or `empty_mask` when there are none.
    """
    _check_size(layer, plane)
    area: NDArray[np.bool_] = to_float(plane[..., 0]) >= np.float32(0.5)
    if not area.any():
        raise InpaintError(
            "empty_mask",
            "The sampling area is empty, so nothing may be copied.",
            "Mark what may be copied white, or leave the sampling area out.",
        )
    return area


def grown(mask: Array, pixels: int) -> Array:
    """Grow the mask by a Euclidean radius: each pixel takes the highest h within `pixels`.

    A negative radius shrinks it: each pixel takes the lowest h. Pixels beyond the picture are
    ignored.
    """
    if pixels == 0:
        return mask
    if pixels < 0:
        return 1 - grown(1 - mask, -pixels)
    if _is_hard(mask):
        reach = distance_to(mask > 0)
        return (reach * reach <= pixels * pixels + 0.5).astype(np.float32)
    # The disc is a stack of chords; each row of the result takes the highest value of all chords.
    height, width = mask.shape
    result = np.zeros_like(mask)
    chord, half = mask, 0
    for dy in range(min(pixels, height - 1), -1, -1):
        wanted = min(int(np.sqrt(pixels * pixels - dy * dy)), width - 1)
        chord, half = _widened(chord, wanted - half), wanted
        np.maximum(result[dy:], chord[: height - dy], out=result[dy:])
        np.maximum(result[: height - dy], chord[dy:], out=result[: height - dy])
    return result


def feathered(mask: Array, pixels: int) -> Array:
    """Feather the mask: fall smoothly to 0 over `pixels` outside, nowhere below the input.

    Each grey level falls off separately, so a soft brush keeps its shape.
    """
    if pixels <= 0:
        return mask
    levels = np.unique(mask[mask > 0])
    if levels.size > _FEATHER_LEVELS:
        top, steps = levels[-1], np.arange(1, _FEATHER_LEVELS + 1, dtype=np.float32)
        levels = top * steps / _FEATHER_LEVELS
    result = mask
    for level in levels:
        away = np.clip(1 - distance_to(mask >= level) / np.float32(pixels + 1), 0, 1)
        result = np.maximum(result, level * away * away * (3 - 2 * away))
    return result


def _widened(mask: Array, pixels: int) -> Array:
    """Each pixel takes the highest h within `pixels` in its row."""
    result, reach = mask, 0
    while reach < pixels:
        step = min(max(reach, 1), pixels - reach)
        wider = result.copy()
        np.maximum(wider[:, step:], result[:, :-step], out=wider[:, step:])
        np.maximum(wider[:, :-step], result[:, step:], out=wider[:, :-step])
        result, reach = wider, reach + step
    return result


def _given(layer: Samples, plane: Samples | None) -> tuple[Samples, float]:
    """The channel that selects what to repaint, (H, W), and its value for "keep"."""
    if plane is not None:
        return plane[..., 0], 0
    if layer.shape[2] == 4:
        full = 1.0 if layer.dtype.kind == "f" else float(np.iinfo(layer.dtype).max)
        return layer[..., 3], full
    return np.ones(layer.shape[:2], np.float32), 1.0


def _repaint(given: Samples, is_mask: bool) -> Array:
    """Convert samples of a mask, or of alpha, to h in [0, 1], (H, W) float32."""
    values = np.clip(to_float(given), 0, 1)
    return values if is_mask else 1 - values


def _check_size(layer: Samples, plane: Samples | None) -> None:
    if plane is not None and plane.shape[:2] != layer.shape[:2]:
        raise InpaintError(
            "size_mismatch",
            f"The mask has {plane.shape[1]} × {plane.shape[0]} pixels, "
            f"the layer {layer.shape[1]} × {layer.shape[0]}.",
            "Send a mask as large as the layer.",
        )


def _is_hard(mask: Array) -> bool:
    return bool(((mask == 0) | (mask == 1)).all())


def _empty(without_alpha: bool) -> InpaintError:
    if without_alpha:
        message = "The layer has no transparency and there is no selection: nothing to repaint."
    else:
        message = "Nothing is selected or transparent, so there is nothing to repaint."
    return InpaintError(
        "empty_mask",
        message,
        "Select what is to be repainted, or erase it to transparency, or give a mask.",
    )
