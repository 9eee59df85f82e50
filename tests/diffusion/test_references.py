"""Pictures as references: which models take them, and that they count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inpaintd.engine import Painted
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Reference
from tests.diffusion.pictures import distance, hole, inside, paint, photograph, shared, task
from tests.diffusion.tiny_models import Build

TAKERS = ["flux-kontext", "flux2-klein", "qwen-edit-plus", "flux2", "fibo-edit"]
RED = np.full((80, 120, 3), (0.9, 0.1, 0.1), np.float32)
OTHER = photograph(90, 70)


def painted(kind: str, tiny: Build, *pictures: np.ndarray, **changes: Any) -> Painted:
    asked = tuple(Reference() for _ in pictures)
    one = replace(task(), references=pictures)
    return paint(shared(tiny(kind)), one, **{"references": asked} | changes)


@pytest.mark.parametrize("kind", TAKERS)
def test_a_reference_changes_the_picture_and_another_one_otherwise(kind: str, tiny: Build) -> None:
    none, red, other = (
        inside(painted(kind, tiny, *pictures)) for pictures in ((), (RED,), (OTHER,))
    )
    assert distance(none, red) > 1e-4
    assert distance(red, other) > 1e-5
    assert np.array_equal(red, inside(painted(kind, tiny, RED)))
    assert np.array_equal(none, inside(painted(kind, tiny)))


def test_several_are_taken_where_the_model_takes_them(tiny: Build) -> None:
    one, two = (inside(painted("flux2", tiny, *pictures)) for pictures in ((RED,), (RED, OTHER)))
    assert distance(one, two) > 1e-5


@pytest.mark.parametrize(
    ("kind", "takes"), [("z-image", "no references"), ("flux2-klein", "1 ref")]
)
def test_more_than_a_model_takes_is_refused(kind: str, takes: str, tiny: Build) -> None:
    with pytest.raises(InpaintError, match=f"takes {takes}.*; there are 2") as caught:
        painted(kind, tiny, RED, OTHER)
    assert caught.value.code == "unsupported"
    assert "FLUX.2" in caught.value.hint


def test_a_weight_that_the_model_does_not_know_is_said(tiny: Build) -> None:
    weighted = painted("flux2-klein", tiny, RED, references=(Reference(0.5),))
    assert "ignores the weights of references" in weighted.notices[0][1]
    assert np.array_equal(inside(weighted), inside(painted("flux2-klein", tiny, RED)))


def test_a_large_reference_is_scaled_down(tiny: Build) -> None:
    large = photograph(64, 64).repeat(20, axis=0).repeat(20, axis=1)
    assert np.isfinite(inside(painted("flux2-klein", tiny, large[:1200]))).all()
    assert hole().any()
