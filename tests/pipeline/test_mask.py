from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import ndimage

from inpaintd.geometry import bounds
from inpaintd.pipeline.mask import feathered, grown, mask_of
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settled
from tests.pipeline.pictures import masks, photo, with_alpha


def disc(radius: int) -> Any:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return x * x + y * y <= radius * radius


@given(masks(), st.integers(1, 20))
def test_growing_is_a_euclidean_dilation_of_greys(mask: Any, pixels: int) -> None:
    padded = np.pad(mask, pixels)
    expected = ndimage.grey_dilation(padded, footprint=disc(pixels))
    inner = (slice(pixels, -pixels), slice(pixels, -pixels))
    assert (grown(mask, pixels) == expected[inner]).all()


@given(masks(), st.integers(1, 20))
def test_shrinking_is_growing_what_is_kept(mask: Any, pixels: int) -> None:
    assert (grown(mask, -pixels) == 1 - grown(1 - mask, pixels)).all()


@given(masks(), st.integers(1, 30))
def test_feather_weakens_nothing_and_ends_where_it_says(mask: Any, pixels: int) -> None:
    soft = feathered(mask, pixels)
    assert (soft >= mask).all()
    assert soft.max() <= mask.max()
    away = ndimage.distance_transform_edt(mask == 0)
    assert (soft[away >= pixels + 1] < 1e-6).all()


def test_feather_falls_smoothly_outside_a_hard_edge() -> None:
    mask = np.zeros((1, 40), np.float32)
    mask[0, :10] = 1
    fall = feathered(mask, 20)[0]
    assert (fall[:10] == 1).all()
    assert (np.diff(fall[9:31]) < 0).all()
    assert 0 < fall[29] < 0.01
    assert fall[30] == 0
    assert np.abs(np.diff(fall)).max() < 0.08


def test_feather_keeps_the_shape_of_a_soft_brush() -> None:
    ramp = np.clip(np.linspace(1.5, -1.5, 300, dtype=np.float32), 0, 1)[None]
    fall = feathered(ramp, 30)[0]
    assert (np.diff(fall) <= 1e-6).all()
    assert np.abs(np.diff(fall)).max() < 0.06


@given(masks())
def test_transparency_is_the_mask_with_all_its_greys(mask: Any) -> None:
    assume(mask.any())
    colour = photo(*mask.shape, "u16")
    box, used = mask_of(with_alpha(colour, mask), None, Settled())
    assert box == bounds(mask > 0)
    assert np.abs(used - mask[box.y : box.bottom, box.x : box.right]).max() < 1 / 65535


def test_a_mask_plane_wins_over_transparency() -> None:
    layer = with_alpha(photo(9, 9, "u8"), np.ones((9, 9)))
    plane = np.zeros((9, 9, 1), np.uint8)
    plane[2:4, 5:6] = 128
    box, used = mask_of(layer, plane, Settled())
    assert box == Rectangle(5, 2, 1, 2)
    assert used == pytest.approx(128 / 255)


@given(masks(sides=(2, 30)), st.integers(-4, 4), st.integers(0, 4), st.booleans())
def test_cropping_changes_nothing(mask: Any, grow: int, feather: int, invert: bool) -> None:
    plane = np.zeros((90, 80, 1), np.float32)
    plane[20 : 20 + mask.shape[0], 25 : 25 + mask.shape[1], 0] = mask
    layer = np.zeros((90, 80, 3), np.float32)
    settings = Settled(grow_pixels=grow, feather_pixels=feather, invert=invert)
    whole = plane[..., 0]
    expected = feathered(grown(1 - whole if invert else whole, grow), feather)
    assume(expected.any())
    box, used = mask_of(layer, plane, settings)
    assert box == bounds(expected > 0)
    assert np.array_equal(used, expected[box.y : box.bottom, box.x : box.right])


def test_threshold_makes_the_mask_hard_before_it_grows() -> None:
    plane = np.zeros((1, 9, 1), np.uint8)
    plane[0, 3:6, 0] = (100, 200, 100)
    layer = np.zeros((1, 9, 3), np.uint8)
    box, used = mask_of(layer, plane, Settled(threshold=0.5, grow_pixels=1))
    assert (box, used.tolist()) == (Rectangle(3, 0, 3, 1), [[1, 1, 1]])


@pytest.mark.parametrize(
    ("channels", "plane", "settings"),
    [
        (3, None, Settled()),
        (4, None, Settled()),
        (4, np.zeros((8, 8, 1), np.uint8), Settled()),
        (4, np.full((8, 8, 1), 100, np.uint8), Settled(threshold=0.5)),
        (4, np.full((8, 8, 1), 255, np.uint8), Settled(invert=True)),
        (
            4,
            np.pad(np.full((2, 2, 1), 255, np.uint8), ((3, 3), (3, 3), (0, 0))),
            Settled(grow_pixels=-3),
        ),
    ],
)
def test_an_empty_mask_is_an_error_that_says_how_to_make_one(
    channels: int, plane: Any, settings: Settled
) -> None:
    layer = np.full((8, 8, channels), 255, np.uint8)
    with pytest.raises(InpaintError) as caught:
        mask_of(layer, plane, settings)
    assert caught.value.code == "empty_mask"
    assert "Select" in caught.value.hint


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(InpaintError) as caught:
        mask_of(np.zeros((8, 8, 4), np.uint8), np.ones((8, 9, 1), np.uint8), Settled())
    assert caught.value.code == "size_mismatch"


def test_float_masks_beyond_their_range_are_clipped() -> None:
    _, used = mask_of(
        np.zeros((1, 2, 3), np.float32), np.array([[[7.0], [-2.0]]], np.float32), Settled()
    )
    assert used.tolist() == [[1.0]]
