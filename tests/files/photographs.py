"""Real photographs as files of every kind."""

from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from skimage import data

HOLE = (slice(40, 70), slice(90, 130))
"""Rows and columns of the hole in a photograph of `size` (240, 320)."""


def photograph(depth: str = "u8", colours: int = 3, *, alpha: bool = False) -> Any:
    """(240, 320, C) of Chelsea the cat, every level of the depth in use, with a hole in alpha."""
    rgb = data.chelsea()[30:270, 60:380].astype(np.float64) / 255
    rng = np.random.default_rng(5)
    full = {"u8": 255, "u16": 65535, "f32": 1}[depth]
    dtype = {"u8": np.uint8, "u16": np.uint16, "f32": np.float32}[depth]
    unit = np.clip(rgb + rng.uniform(-0.004, 0.004, rgb.shape), 0, 1)
    if colours == 1:
        unit = unit.mean(axis=2, keepdims=True)
    if colours == 4:
        unit = np.dstack([1 - unit, np.zeros(unit.shape[:2])])
    pixels = unit * full
    if alpha:
        opacity = np.full(unit.shape[:2], full, np.float64)
        opacity[HOLE] = 0
        opacity[HOLE[0].stop : HOLE[0].stop + 4, HOLE[1]] = 0.4 * full
        pixels = np.dstack([pixels, opacity])
    return (pixels if depth == "f32" else np.round(pixels)).astype(dtype)


def save(path: Path, pixels: Any, *, profile: bytes | None = None, **options: Any) -> Path:
    """Write with libvips, lossless where the format can be."""
    kinds = {"uint8": ("b-w", "srgb"), "uint16": ("grey16", "rgb16"), "float32": ("b-w", "scrgb")}
    grey, rgb = kinds[str(pixels.dtype)]
    cmyk = options.pop("cmyk", False)
    kind = "cmyk" if cmyk else grey if pixels.shape[2] < 3 else rgb
    image = pyvips.Image.new_from_array(pixels, interpretation=kind).copy(xres=11.811, yres=11.811)
    if profile is not None:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    if path.suffix == ".webp":
        options = {"lossless": True, "exact": True, **options}
    image.write_to_file(str(path), **options)
    return path


def load(path: Path) -> Any:
    """(H, W, C) samples, read back with libvips; WebP drops an alpha that is opaque everywhere."""
    image = pyvips.Image.new_from_file(str(path))
    if path.suffix == ".webp" and not image.hasalpha():
        image = image.bandjoin(255)
    samples = image.numpy()
    return samples if samples.ndim == 3 else samples[..., np.newaxis]
