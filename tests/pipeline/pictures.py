"""Layers of all depths from one real photograph, and requests made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.data
from hypothesis import strategies as st

from inpaintd.engine import Engine
from inpaintd.pipeline.layer import plane_of, samples_of, to_samples
from inpaintd.pipeline.run import run
from inpaintd_protocol.messages import Finished, Inpaint, Preview, Progress, ResultLayer
from inpaintd_protocol.settings import Settings

DTYPES = {"u8": np.dtype("u1"), "u16": np.dtype("<u2"), "f32": np.dtype("<f4")}

_PHOTO = skimage.data.coffee()


def photo(height: int, width: int, depth: str) -> Any:
    """(height, width, 3) samples of a photograph that use the depth to its last bit."""
    part = _PHOTO[60 : 60 + height, 200 : 200 + width].astype(np.float64) / 255
    fine = np.random.default_rng(1).random(part.shape) / 300
    return to_samples(np.clip(part + fine, 0, 1).astype(np.float32), DTYPES[depth])


def with_alpha(colour: Any, mask: Any) -> Any:
    """RGBA samples with alpha = 1 - mask."""
    alpha = to_samples(1 - np.asarray(mask, np.float32), colour.dtype)
    return np.dstack([colour, alpha])


def filled(
    layer: Any, engine: Engine, mask: Any = None, messages: list[Any] | None = None, **changes: Any
) -> Finished:
    """`run` on samples; `mask` is a (H, W) float32 mask plane."""
    plane = None if mask is None else plane_of(to_samples(np.float32(mask), layer.dtype))
    request = Inpaint(
        "r", plane_of(layer), Settings(**({"seed": 1} | changes)), offset=(30, 40), mask=plane
    )
    said: list[Progress | Preview] = [] if messages is None else messages
    return run(request, engine, said.append)


def laid_over(layer: Any, result: ResultLayer) -> Any:
    """The layer with the result over it, as an editor shows it: (H, W, 3) samples."""
    new, shown = samples_of(result.pixels), layer[..., :3].copy()
    x, y = result.offset[0] - 30, result.offset[1] - 40
    under = shown[y : y + new.shape[0], x : x + new.shape[1]]
    assert under.shape[:2] == new.shape[:2], "the result lies inside the layer"
    under[:] = np.where(new[..., 3:] > 0, new[..., :3], under)
    return shown


@st.composite
def masks(draw: st.DrawFn, sides: tuple[int, int] = (1, 60)) -> Any:
    """(H, W) float32 masks: hard or grey, one pixel to everything, apart or at the border."""
    height, width = draw(st.integers(*sides)), draw(st.integers(*sides))
    mask = np.zeros((height, width), np.float32)
    for _ in range(draw(st.integers(1, 3))):
        y, x = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        h, w = draw(st.integers(1, height)), draw(st.integers(1, width))
        mask[y : y + h, x : x + w] = draw(st.sampled_from([1.0, 1.0, 0.6, 1 / 255, 0.25]))
    if draw(st.booleans()):
        ramp = np.linspace(0, 1, width, dtype=np.float32)
        mask *= ramp if ramp.max() * mask.max() > 0 and (mask * ramp).any() else 1
    return mask


depths = st.sampled_from(["u8", "u16", "f32"])
