"""The engine behind the pixel pipeline: what goes back to the editor."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import skimage.data

from inpaintd.engine import Painted
from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.pipeline.plan import WorkSizes
from inpaintd.pipeline.run import run
from inpaintd_protocol.messages import Inpaint
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings
from tests.diffusion import pictures
from tests.diffusion.tiny_models import MODELS, Build

HEIGHT, WIDTH = 83, 71
DEPTHS = {"u8": np.uint8, "u16": np.uint16, "f32": np.float32}

HOLES = {
    # Each lies off the grid of latent cells, where a mask taken at the nearest pixel loses it.
    "at the border": [np.s_[:20, -17:], np.s_[-3:, :9]],
    "several": [np.s_[3:9, 3:9], np.s_[70:79, 60:69]],
    "one pixel wide": [np.s_[17, 7:61], np.s_[30:70, 34]],
    "a few pixels": [np.s_[50:52, 40:43]],
    "one pixel": [np.s_[66, 3]],
}


def mask_of(hole: str) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    for part in HOLES[hole]:
        mask[part] = 1
    return mask


@cache
def photograph(depth: str) -> np.ndarray:
    photo = skimage.data.astronaut()[40 : 40 + HEIGHT, 190 : 190 + WIDTH] / 255
    if depth == "f32":
        # Real float pictures are no multiples of 1/255, and have lights beyond white.
        return (photo * 1.3 + 0.001).astype(np.float32)
    return np.round(photo * np.iinfo(DEPTHS[depth]).max).astype(DEPTHS[depth])


def plane(pixels: np.ndarray, depth: str) -> Plane:
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    return Plane(pixels.shape[1], pixels.shape[0], channels, depth, pixels.tobytes())


def laid_over(
    engine: Any, depth: str, mask: np.ndarray, **changes: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The picture before, and with the answer laid over it."""
    before = photograph(depth)
    white = 1 if depth == "f32" else np.iinfo(DEPTHS[depth]).max
    opaque = np.dstack([before, np.full((HEIGHT, WIDTH), white, before.dtype)])
    asked = {"prompt": "a cat", "steps": 2, "guidance_scale": 1.0, "seed": 1} | changes
    mask = mask if depth == "f32" else np.round(mask * white).astype(before.dtype)
    request = Inpaint(
        "r", layer=plane(opaque, depth), mask=plane(mask, depth), settings=Settings(**asked)
    )
    result = run(
        request, engine, lambda _: None, sizes=WorkSizes(native_side=64, multiple=8)
    ).layers[0]
    answer = np.frombuffer(result.pixels.data, before.dtype)
    answer = answer.reshape(result.pixels.height, result.pixels.width, 4)
    after = before.copy()
    x, y = result.offset
    area = after[y : y + answer.shape[0], x : x + answer.shape[1]]
    area[answer[..., 3] > 0] = answer[answer[..., 3] > 0][:, :3]
    return before, after


@pytest.fixture(scope="module")
def engines(tiny: Build) -> Any:
    return cache(lambda kind: pictures.engine(tiny(kind)))


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("kind", MODELS)
def test_kept_pixels_are_bit_exact_and_each_other_is_painted(
    kind: str, hole: str, engines: Any
) -> None:
    # Every depth with every kind, and every depth with every hole.
    depth = list(DEPTHS)[(MODELS.index(kind) + list(HOLES).index(hole)) % len(DEPTHS)]
    mask = mask_of(hole)
    before, after = laid_over(engines(kind), depth, mask)
    assert not (after != before).any(axis=2)[mask == 0].any()
    # Decoding alone changes pixels as well; what is denoised is another picture for each seed.
    _, other = laid_over(engines(kind), depth, mask, seed=2)
    painted = (after != other).any(axis=2)[mask > 0]
    # Two paints may by chance have the same colour; at more than 8 bits they never do.
    assert painted.mean() > (0.9 if depth == "u8" else 0.999)


class Recording:
    """Paints with an engine and remembers its colours."""

    honours, soft, interruptible = DiffusionEngine.honours, True, True

    def __init__(self, engine: DiffusionEngine) -> None:
        self.engine = engine
        self.colour = np.empty(0)

    def paint(self, *arguments: Any) -> Painted:
        painted = self.engine.paint(*arguments)
        self.colour = painted.colours[0]
        return painted


@pytest.mark.parametrize(("grey", "weight"), [(0.1, 0.4), (0.4, 1.0)])
@pytest.mark.parametrize("kind", MODELS)
def test_a_grey_everywhere_moves_each_pixel_by_its_weight(
    kind: str, grey: float, weight: float, engines: Any
) -> None:
    """A grey of 0.4 is taken whole, as the engine itself has run but the last 0.4 of its steps."""
    recording = Recording(engines(kind))
    mask = np.full((HEIGHT, WIDTH), grey, np.float32)
    before, after = laid_over(recording, "u16", mask, steps=3, match_colour=False)
    expected = before + weight * (recording.colour.clip(0, 1) * 65535 - before)
    assert np.abs(after - expected).max() < 4  # the mask itself has but 16 bits
    assert (after != before).any(axis=2).mean() > 0.999
