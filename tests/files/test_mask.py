"""Which pixels to repaint, from alpha or from a file."""

from pathlib import Path

import numpy as np
import pytest

from inpaintd.files.mask import hole_bounds, read_mask
from inpaintd.files.picture import read_picture
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings
from tests.files.photographs import HOLE, photograph, save

EXTENT = Rectangle(0, 0, 320, 240)
HOLE_BOUNDS = Rectangle(90, 40, 40, 34)


def test_the_hole_of_a_picture_is_where_it_is_not_opaque(tmp_path: Path) -> None:
    picture = read_picture(save(tmp_path / "a.png", photograph(alpha=True)))
    assert hole_bounds(picture, None, Settings()) == HOLE_BOUNDS


@pytest.mark.parametrize("depth", ["u8", "u16"])
def test_a_mask_from_alpha_keeps_its_greys(tmp_path: Path, depth: str) -> None:
    pixels = photograph(depth, alpha=True)
    mask = read_mask(save(tmp_path / "m.png", pixels), EXTENT)
    np.testing.assert_array_equal(mask, np.iinfo(pixels.dtype).max - pixels[..., 3])


def test_a_mask_from_luminance_is_white_where_to_repaint(tmp_path: Path) -> None:
    mask = np.zeros((240, 320, 1), np.uint8)
    mask[HOLE] = 255
    mask[0, 0] = 77
    assert (read_mask(save(tmp_path / "m.png", mask), EXTENT) == mask[..., 0]).all()


def test_an_opaque_alpha_channel_says_nothing(tmp_path: Path) -> None:
    mask = np.zeros((240, 320, 4), np.uint8)
    mask[HOLE] = 255
    mask[..., 3] = 255
    assert (read_mask(save(tmp_path / "m.png", mask), EXTENT) == mask[..., 0]).all()


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "m.png", photograph()[:-1])
    with pytest.raises(InpaintError, match=r"320 x 239.*320 x 240") as caught:
        read_mask(path, EXTENT)
    assert caught.value.code == "size_mismatch"


def test_no_transparency_and_no_mask(tmp_path: Path) -> None:
    picture = read_picture(save(tmp_path / "a.jpg", photograph()))
    assert "no transparency, and no mask was given" in nothing(picture, None)


def test_everything_kept(tmp_path: Path) -> None:
    pixels = photograph(alpha=True)
    pixels[..., 3] = 255
    picture = read_picture(save(tmp_path / "a.png", pixels))
    assert "opaque everywhere" in nothing(picture, None)
    assert "black everywhere" in nothing(picture, np.zeros((240, 320), np.uint8))
    assert "inverted" in nothing(picture, np.full((240, 320), 255, np.uint8), invert=True)


def test_inverted_bounds(tmp_path: Path) -> None:
    pixels = photograph(alpha=True)
    picture = read_picture(save(tmp_path / "a.png", pixels))
    assert hole_bounds(picture, None, Settings(invert=True)) == EXTENT
    mask = np.full((240, 320), 255, np.uint8)
    mask[5:9, 3:10] = 254
    assert hole_bounds(picture, mask, Settings(invert=True)) == (3, 5, 7, 4)


def test_a_mask_by_text_may_lie_anywhere(tmp_path: Path) -> None:
    picture = read_picture(save(tmp_path / "a.png", photograph()))
    assert hole_bounds(picture, None, Settings(text_mask="cat")) == EXTENT


def nothing(picture: object, mask: object, *, invert: bool = False) -> str:
    with pytest.raises(InpaintError) as caught:
        hole_bounds(picture, mask, Settings(invert=invert))  # type: ignore[arg-type]
    assert caught.value.code == "empty_mask"
    assert "-M" in caught.value.hint
    return caught.value.message
