"""Distances and bounds do not depend on what OpenCV does where a result is undefined."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from inpaintd.engines.patchmatch import PatchMatch
from inpaintd.geometry import bounds, distance_to
from inpaintd.pipeline.mask import feathered, grown
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.rectangle import Rectangle
from tests.pipeline.pictures import filled, photo

HOLE = np.zeros((12, 15), bool)
HOLE[4:7, 5:9] = True


@pytest.fixture(params=["with IPP", "without IPP"])
def _ipp(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both kinds of OpenCV, where this one has IPP at all."""
    before = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(request.param == "with IPP")
    yield
    cv2.ipp.setUseIPP(before)


@pytest.fixture(params=[65536.0, 1.8446743e19, 3.4028235e38, float("nan")])
def _undefined(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever another OpenCV may give where there is no edge to measure from."""
    real = cv2.distanceTransform

    def transform(picture: Any, *arguments: Any) -> Any:
        distance = real(picture, *arguments)
        return distance if (picture == 0).any() else np.full_like(distance, request.param)

    monkeypatch.setattr(cv2, "distanceTransform", transform)


def check_masks() -> None:
    everything, nothing = np.ones((9, 9), np.float32), np.zeros((9, 9), np.float32)
    for pixels in (-512, -1, 1, 512):
        assert (grown(everything, pixels) == 1).all(), "what lies beyond the picture has no say"
        assert (grown(nothing, pixels) == 0).all()
    assert (feathered(everything, 5) == 1).all()
    assert (feathered(nothing, 5) == 0).all()


@pytest.mark.usefixtures("_ipp")
def test_distances_are_the_euclidean_ones() -> None:
    rows, columns = np.nonzero(HOLE)
    y, x = np.mgrid[: HOLE.shape[0], : HOLE.shape[1]]
    away = np.hypot(y[..., None] - rows, x[..., None] - columns).min(axis=2)
    np.testing.assert_allclose(distance_to(HOLE), away, atol=1e-4)
    np.testing.assert_allclose(distance_to(HOLE, exact=False), away, rtol=0.025)


@pytest.mark.usefixtures("_ipp")
@pytest.mark.parametrize("exact", [True, False])
def test_nothing_is_infinitely_far_away(exact: bool) -> None:
    assert np.isinf(distance_to(np.zeros((3, 4), bool), exact=exact)).all()


@pytest.mark.usefixtures("_ipp")
def test_masks_without_an_edge() -> None:
    check_masks()


@pytest.mark.usefixtures("_undefined")
def test_masks_without_an_edge_whatever_opencv_gives() -> None:
    check_masks()


@pytest.mark.usefixtures("_undefined")
def test_a_hole_that_covers_everything_is_refused_in_words() -> None:
    with pytest.raises(InpaintError, match="continue"):
        filled(photo(30, 31, "u8"), PatchMatch(), np.ones((30, 31), np.float32))


def test_bounds_hold_all_true_pixels() -> None:
    assert bounds(HOLE) == Rectangle(5, 4, 4, 3)
    assert bounds(np.zeros((3, 4), bool)).empty
    assert bounds(np.ones((3, 4), bool)) == Rectangle(0, 0, 4, 3)
