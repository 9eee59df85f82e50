"""Conversion between pixels on the wire and arrays.

Arrays of samples keep the wire's depth; arrays of colours are float32, 1.0 = white. Only the pixels
of a region are converted to float, so the cost depends on the hole, not the layer.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd_protocol import limits
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import BYTES_PER_SAMPLE, Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settled

_Sample = TypeVar("_Sample", bound=np.generic)

Samples = NDArray[Any]
"""uint8, uint16 or float32 samples."""

_DTYPES: dict[str, np.dtype[Any]] = {
    "u8": np.dtype("u1"),
    "u16": np.dtype("<u2"),
    "f32": np.dtype("<f4"),
}
_DEPTHS = {dtype: depth for depth, dtype in _DTYPES.items()}


def samples_of(plane: Plane) -> Samples:
    """View the plane's samples as (H, W, channels), without a copy.

    Raises:
        InpaintError: `size_mismatch`, `bad_frames`, or `bad_pixels` for NaN or infinity.
    """
    if plane.width < 1 or plane.height < 1:
        raise InpaintError(
            "size_mismatch",
            f"The layer has {plane.width} × {plane.height} pixels.",
            "Send at least one pixel.",
        )
    if plane.depth not in BYTES_PER_SAMPLE:
        raise InpaintError("bad_frames", f"There is no sample depth {plane.depth!r}.")
    if memoryview(plane.data).nbytes != plane.byte_count:
        raise InpaintError(
            "bad_frames", f"A plane has {len(plane.data)} bytes instead of {plane.byte_count}."
        )
    flat: Samples = np.frombuffer(plane.data, dtype=_DTYPES[plane.depth])
    samples: Samples = flat.reshape(plane.height, plane.width, plane.channels)
    if plane.depth == "f32" and not np.isfinite(samples).all():
        raise InpaintError(
            "bad_pixels",
            "Some pixels are not numbers (NaN or infinity).",
            "Flatten or clip the layer's values in the editor first.",
        )
    return samples


def to_float(samples: Samples) -> Array:
    """Convert samples of any depth to float32, full scale = 1.0; f32 is returned unchanged."""
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    full = np.float32(np.iinfo(samples.dtype).max)
    return samples.astype(np.float32) / full


def to_samples(values: Array, dtype: np.dtype[Any]) -> Samples:
    """Convert float32 to samples of `dtype`, rounded and clipped; f32 is returned unchanged.

    Exactly inverts `to_float` at every depth.
    """
    if dtype.kind == "f":
        return values.astype(dtype)
    full = np.float32(np.iinfo(dtype).max)
    samples: Samples = np.floor(np.clip(values * full + np.float32(0.5), 0, full)).astype(dtype)
    return samples


def cut(pixels: NDArray[_Sample], box: Rectangle) -> NDArray[_Sample]:
    """The pixels of (H, W, ...) within `box`, as a view."""
    return pixels[box.y : box.bottom, box.x : box.right]


def plane_of(samples: Samples) -> Plane:
    """Make a plane for the wire from (H, W, channels) samples, or (H, W) for one channel."""
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    data = np.ascontiguousarray(samples).data.cast("B")
    return Plane(width, height, channels, _DEPTHS[samples.dtype], data)


def check_answer(hole: Rectangle, depth: np.dtype[Any], settings: Settled) -> None:
    """Check, before any work, that a message can hold all variants of a hole at this depth.

    Raises:
        InpaintError: `too_large`.
    """
    # At least: a layer with a mask of its own also has pixels around the hole.
    channels = 5 if settings.output == "masked" else 4
    needed = hole.width * hole.height * depth.itemsize * (settings.count * channels + 1)
    if needed > limits.MESSAGE_BYTES:
        raise InpaintError(
            "too_large",
            f"{settings.count} variants of a hole of {hole.width:,} x {hole.height:,} pixels take "
            f"{needed / 1e9:.1f} GB; {limits.MESSAGE_BYTES / 1e9:.1f} GB fit in one answer.",
            "Select a smaller region, or ask for fewer variants.",
        )
