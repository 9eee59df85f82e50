from typing import Any

import numpy as np
import pytest

from inpaintd.pipeline.infill import infilled, lost_colours, restored
from inpaintd.pipeline.layer import to_float
from tests.pipeline.pictures import photo

HOLE = (slice(30, 70), slice(40, 90))


def never(*_: Any) -> Any:
    raise AssertionError("not for this kind")


@pytest.fixture
def colour() -> Any:
    return to_float(photo(110, 130, "u8"))


@pytest.fixture
def mask() -> Any:
    mask = np.zeros((110, 130), np.float32)
    mask[HOLE] = 1
    return mask


@pytest.mark.parametrize("kind", ["original", "fill", "average", "noise", "nothing"])
def test_kept_pixels_stay(colour: Any, mask: Any, kind: str) -> None:
    under = infilled(colour, mask, mask == 0, kind, never)
    assert under.dtype == np.float32
    assert (under == colour)[mask == 0].all()


@pytest.mark.parametrize("kind", ["original", "noise", "nothing"])
def test_some_kinds_leave_the_source(colour: Any, mask: Any, kind: str) -> None:
    assert (infilled(colour, mask, mask == 0, kind, never) == colour).all()


def test_average_is_one_colour(colour: Any, mask: Any) -> None:
    under = infilled(colour, mask, mask == 0, "average", never)
    assert under[HOLE].reshape(-1, 3) == pytest.approx(
        np.tile(colour[HOLE].mean(axis=(0, 1)), (2000, 1)), abs=1e-5
    )


def test_fill_knows_nothing_of_the_hole(colour: Any, mask: Any) -> None:
    black = np.where(mask[..., None] > 0, np.float32(0), colour)
    under = infilled(black, mask, mask == 0, "fill", never)
    assert under == pytest.approx(infilled(colour, mask, mask == 0, "fill", never), abs=1e-5)
    beside = colour[30:70, 36:40].mean(axis=1)
    assert np.abs(under[30:70, 41] - beside).mean() < 0.1
    assert under[HOLE].std(axis=(0, 1)).max() < colour[HOLE].std(axis=(0, 1)).max()


def test_fill_of_everything_is_a_colour(colour: Any) -> None:
    everything = np.ones((110, 130), np.float32)
    under = infilled(colour, everything, everything == 0, "fill", never)
    assert np.isfinite(under).all()


def test_patchmatch_completes_by_the_given_engine(colour: Any, mask: Any) -> None:
    seen = []

    def complete(*given: Any) -> Any:
        seen.append(given)
        return np.ones_like(colour)

    under = infilled(colour, mask, mask == 0, "patchmatch", complete)
    assert (under[HOLE] == 1).all()
    assert (seen[0][2] == (mask == 0)).all()


def test_greys_take_so_much_of_the_infill(colour: Any, mask: Any) -> None:
    full = infilled(colour, mask, mask == 0, "average", never)
    half = infilled(colour, mask / 2, mask == 0, "average", never)
    assert half[HOLE] == pytest.approx((colour + full)[HOLE] / 2, abs=1e-5)


@pytest.mark.parametrize("erased", [0, 1])
def test_erased_colours_are_noticed(colour: Any, erased: int) -> None:
    alpha = np.ones((110, 130), np.float32)
    alpha[HOLE] = 0
    colour[HOLE] = erased
    lost = lost_colours(colour, alpha)
    assert (lost == (alpha == 0)).all()
    smooth = restored(colour, lost)
    assert (smooth == colour)[~lost].all()
    beside = colour[30:70, 36:40].mean(axis=1)
    assert np.abs(smooth[30:70, 41] - beside).mean() < 0.1


@pytest.mark.parametrize("grey", [0.25, 0.5, 0.75])
def test_a_hole_that_was_erased_to_plain_grey(colour: Any, grey: float) -> None:
    alpha = np.ones(colour.shape[:2], np.float32)
    alpha[20:40, 30:50] = 0
    colour = colour.copy()
    colour[alpha == 0] = grey
    assert (lost_colours(colour, alpha) == (alpha == 0)).all()


def test_colours_that_are_there_are_not_called_lost(colour: Any) -> None:
    alpha = np.ones((110, 130), np.float32)
    alpha[HOLE] = 0
    assert not lost_colours(colour, alpha).any()


@pytest.mark.parametrize("shade", [0.0, 1.0])
def test_a_black_hole_in_a_black_sky_is_not_lost(shade: float) -> None:
    colour = np.full((60, 60, 3), shade, np.float32)
    colour[:, 55:] = 0.5
    alpha = np.ones((60, 60), np.float32)
    alpha[20:30, 20:30] = 0
    assert not lost_colours(colour, alpha).any()


def test_black_under_partial_alpha_is_not_lost(colour: Any) -> None:
    alpha = np.ones((110, 130), np.float32)
    alpha[HOLE] = 0.4
    colour[HOLE] = 0
    assert not lost_colours(colour, alpha).any()


def test_each_hole_is_judged_by_its_own_surroundings(colour: Any) -> None:
    alpha = np.ones((110, 130), np.float32)
    alpha[HOLE] = 0
    colour[HOLE] = 0
    colour[80:, :40] = 0
    alpha[90:95, 10:15] = 0
    lost = lost_colours(colour, alpha)
    assert lost[HOLE].all()
    assert not lost[80:].any()


def test_an_empty_layer_has_lost_nothing() -> None:
    assert not lost_colours(np.zeros((5, 5, 3), np.float32), np.zeros((5, 5), np.float32)).any()
