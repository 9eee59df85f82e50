"""The engine behind the pixel pipeline: what goes back to the editor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import skimage.data

from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.pipeline.plan import WorkSizes
from inpaintd.pipeline.run import run
from inpaintd_protocol.messages import Finished, Inpaint
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings
from tests.diffusion import pictures
from tests.diffusion.tiny_models import BUILDERS, Build

KINDS = sorted(set(BUILDERS) - {"controlnet"})
HEIGHT, WIDTH = 101, 83


def holes(kind: str) -> np.ndarray:
    """(HEIGHT, WIDTH) float32 masks that have broken inpainting programs."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    match kind:
        case "at the border":
            mask[:20, -17:] = 1
        case "several":
            mask[3:9, 3:9] = mask[90:99, 70:80] = 1
        case "one pixel wide":
            mask[13, 7:71] = 1
        case "a few pixels":
            mask[50:52, 41:44] = 1
        case "grey everywhere":
            mask[:] = 0.4
    return mask


def layer(kind: str, depth: type[np.generic]) -> np.ndarray:
    """A real photograph whose alpha is open where the hole is."""
    top = float(np.iinfo(depth).max)
    photo = skimage.data.astronaut()[40 : 40 + HEIGHT, 190 : 190 + WIDTH] / 255
    alpha = 1 - holes(kind)
    return np.round(np.dstack([photo, alpha]) * top).astype(depth)


def fill(pixels: np.ndarray, engine: DiffusionEngine, **changes: Any) -> Finished:
    depth = {"uint8": "u8", "uint16": "u16"}[pixels.dtype.name]
    plane = Plane(pixels.shape[1], pixels.shape[0], 4, depth, pixels.tobytes())
    settings = Settings(prompt="a cat", steps=3, guidance_scale=3.0, seed=1, **changes)
    request = Inpaint("r", layer=plane, settings=settings)
    return run(request, engine, lambda _: None, sizes=WorkSizes(native_side=64, multiple=8))


@pytest.mark.parametrize("hole", ["at the border", "several", "one pixel wide", "a few pixels"])
@pytest.mark.parametrize("kind", KINDS)
def test_kept_pixels_are_bit_exact_and_the_hole_is_repainted(
    kind: str, hole: str, tiny: Build
) -> None:
    depth = np.uint16 if hole == "several" else np.uint8
    pixels = layer(hole, depth)
    result = fill(pixels, pictures.engine(tiny(kind))).layers[0]

    laid_over = pixels[..., :3].copy()
    answer = np.frombuffer(result.pixels.data, depth).reshape(
        result.pixels.height, result.pixels.width, 4
    )
    x, y = result.offset
    area = laid_over[y : y + answer.shape[0], x : x + answer.shape[1]]
    opaque = answer[..., 3] > 0
    area[opaque] = answer[opaque][:, :3]

    open_pixels = holes(hole) > 0
    changed = (laid_over != pixels[..., :3]).any(axis=2)
    assert not changed[~open_pixels].any()
    assert changed[open_pixels].mean() > 0.9
