"""Models that edit by instruction: bounded by the mask, in full depth, brought back in place."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch

from inpaintd.engine import Task
from inpaintd.engines.diffusion.painting import paint as painting
from inpaintd.engines.diffusion.painting.latents import encoded
from tests.diffusion.pictures import (
    hole,
    inside,
    latents_of_each_step,
    paint,
    photograph,
    shared,
    task,
)
from tests.diffusion.tiny_models import EDITS, SEES_HOLE, Build, cell_of


@pytest.mark.parametrize("kind", sorted(SEES_HOLE))
def test_the_model_sees_what_is_in_the_hole(kind: str, tiny: Build) -> None:
    """Also at full strength, where other models must not: an instruction is about what is there."""
    red = photograph()
    red[hole() == 1] = (1, 0, 0)
    own, other = (
        inside(paint(shared(tiny(kind)), Task(colour, hole(), 1), strength=1.0))
        for colour in (photograph(), red)
    )
    assert np.abs(own - other).max() > 1e-4


@pytest.mark.parametrize("kind", ["qwen-edit", "qwen-edit-plus", "flux2", "fibo-edit"])
def test_it_is_shown_more_than_8_bits(kind: str, tiny: Build) -> None:
    """Though its pipeline takes pictures of 8 bits alone."""
    whole = np.round(photograph() * 255) / np.float32(255)
    finer = whole + np.float32(0.3 / 255)  # rounds to the same
    model = shared(tiny(kind))
    results = [inside(paint(model, Task(colour, hole(), 1))) for colour in (whole, finer)]
    assert not np.array_equal(*results)


@pytest.mark.parametrize("kind", sorted(EDITS))
def test_what_is_kept_is_put_back_at_each_step(
    kind: str, tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = shared(tiny(kind))
    seen = latents_of_each_step(model, monkeypatch)
    paint(model, strength=1.0, steps=3)
    assert len(seen) == 3
    assert model._model is not None
    original = encoded(model._model, photograph())
    side = 64 // cell_of(kind)
    cells = hole().reshape(side, 64 // side, side, 64 // side).max(axis=(1, 3))
    kept = torch.from_numpy(cells == 0)
    assert kept.any()
    assert torch.equal(seen[-1][..., kept], original[..., kept])
    assert not torch.equal(seen[-1][..., ~kept], original[..., ~kept])


@pytest.mark.parametrize("kind", sorted(SEES_HOLE))
def test_a_movement_of_the_whole_picture_is_undone(
    kind: str, tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the model gives its source with a red hole, all of it a fifth further right."""
    source, mask = photograph(192, 192), hole(192, 192)
    mask[:, 110:] = 0
    edited = np.where(mask[..., None] > 0, np.float32([0.9, 0.1, 0.1]), source)
    shift = round(0.2 * 192)
    moved = cv2.warpAffine(
        edited, np.float32([[1, 0, shift], [0, 1, 0]]), (192, 192), borderMode=cv2.BORDER_REFLECT
    )
    sizes: list[tuple[int, ...]] = []

    def decoded(_: Any, latents: torch.Tensor) -> np.ndarray:
        sizes.append(tuple(latents.shape))
        return moved

    monkeypatch.setattr(painting, "decoded", decoded)
    model = shared(tiny(kind))
    painted = paint(model, Task(source, mask, 1), width=192, height=192, strength=1.0)
    assert [code for code, *_ in painted.notices] == ["moved_back"]
    side = 192 // cell_of(kind)
    assert [size[-2:] for size in sizes] == [(side, side)]
    red = cv2.erode(mask, np.ones((5, 5))) > 0
    assert np.abs(painted.colours[0][red] - (0.9, 0.1, 0.1)).max() < 0.05
    around = (cv2.dilate(mask, np.ones((9, 9))) > 0) & (cv2.dilate(mask, np.ones((3, 3))) == 0)
    assert np.abs(painted.colours[0] - source)[around].mean() < 0.02


@pytest.mark.parametrize("kind", sorted(SEES_HOLE))
def test_what_cannot_be_measured_is_said(kind: str, tiny: Build) -> None:
    painted = paint(shared(tiny(kind)), task(), strength=1.0)  # random weights, nothing like it
    assert [code for code, *_ in painted.notices] == ["movement_unknown"]


def test_infill_in_latents_is_said_to_have_no_effect(tiny: Build) -> None:
    model = shared(tiny("flux-kontext"))
    plain = paint(model)
    noisy = paint(model, infill="noise")
    assert "not_honoured" in [code for code, *_ in noisy.notices]
    assert np.array_equal(inside(plain), inside(noisy))
