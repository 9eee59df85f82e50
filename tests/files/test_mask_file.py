"""The pixels to repaint, from alpha or from a file."""

from pathlib import Path

import numpy as np
import pytest

from inpaintd.files.mask_file import hole_bounds, nearly_all, read_mask, told
from inpaintd.files.reading import read_picture
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
    mask = read_mask(save(tmp_path / "m.png", pixels), EXTENT).samples
    np.testing.assert_array_equal(mask, np.iinfo(pixels.dtype).max - pixels[..., 3])


def test_a_mask_from_luminance_is_white_where_to_repaint(tmp_path: Path) -> None:
    mask = np.zeros((240, 320, 1), np.uint8)
    mask[HOLE] = 255
    mask[0, :2] = [[77], [1]]
    read = read_mask(save(tmp_path / "m.png", mask), EXTENT)
    assert (read.samples == mask[..., 0]).all()
    assert not read.notices


def test_an_opaque_alpha_channel_says_nothing(tmp_path: Path) -> None:
    mask = np.zeros((240, 320, 4), np.uint8)
    mask[HOLE] = 255
    mask[..., 3] = 255
    assert (read_mask(save(tmp_path / "m.png", mask), EXTENT).samples == mask[..., 0]).all()


@pytest.mark.parametrize(
    ("name", "options"),
    [("m.jpg", {"Q": 70}), ("m.webp", {"lossless": False, "Q": 70}), ("m.avif", {"Q": 50})],
)
def test_the_noise_of_lossy_files_is_no_hole(
    tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    y, x = np.mgrid[:240, :320]
    disc = (y - 120) ** 2 + (x - 150) ** 2 < 40**2
    mask = np.repeat(np.where(disc, 255, 2).astype(np.uint8)[..., None], 3, axis=2)
    read = read_mask(save(tmp_path / name, mask, **options), EXTENT)
    assert disc.mean() < (read.samples > 0).mean() < 1.3 * disc.mean()
    assert np.median(read.samples[disc]) == 255
    assert [notice.code for notice in read.notices] == ["lossy_mask"]


def test_lossless_webp_is_exact(tmp_path: Path) -> None:
    mask = np.zeros((240, 320, 3), np.uint8)
    mask[HOLE] = 1
    assert (read_mask(save(tmp_path / "m.webp", mask), EXTENT).samples == mask[..., 0]).all()


@pytest.mark.parametrize("under", [0, 255])
def test_white_strokes_on_transparency_are_a_mask(tmp_path: Path, under: int) -> None:
    strokes = np.full((240, 320, 4), under, np.uint8)
    strokes[..., 3] = 0
    strokes[HOLE] = 255
    strokes[HOLE[0], HOLE[1].stop] = [255, 255, 255, 100]
    read = read_mask(save(tmp_path / "m.png", strokes), EXTENT)
    assert (read.samples == strokes[..., 3]).all()
    (notice,) = told(read, Settings(), invert="--invert")
    assert (notice.code, "--invert" in notice.remedy) == ("painted_mask", True)
    assert told(read, Settings(invert=True), invert="--invert") == ()


def test_a_white_picture_with_an_erased_hole_keeps_its_meaning(tmp_path: Path) -> None:
    """A file that still holds the erased colours is a picture, however white it is elsewhere."""
    page = np.full((240, 320, 4), 255, np.uint8)
    page[HOLE] = photograph(alpha=True)[HOLE]
    page[HOLE][..., 3] = 0
    read = read_mask(save(tmp_path / "m.png", page), EXTENT)
    assert (read.samples == 255 - page[..., 3]).all()
    assert not read.notices


def test_a_photograph_is_no_mask(tmp_path: Path) -> None:
    with pytest.raises(InpaintError, match="is a colour picture, not a mask"):
        read_mask(save(tmp_path / "cat.png", photograph()), EXTENT)


def test_a_coloured_mask_is_warned_about(tmp_path: Path) -> None:
    mask = np.zeros((240, 320, 3), np.uint8)
    mask[HOLE] = [255, 0, 0]
    read = read_mask(save(tmp_path / "m.png", mask), EXTENT)
    assert [notice.code for notice in read.notices] == ["coloured_mask"]


@pytest.mark.parametrize(("kept", "warned"), [(0, True), (8, True), (12, False)])
@pytest.mark.parametrize("invert", [False, True])
def test_nearly_everything_is_warned_about(
    tmp_path: Path, kept: int, warned: bool, invert: bool
) -> None:
    picture = read_picture(save(tmp_path / "a.png", photograph()))
    mask = np.full((240, 320), 255, np.uint8)
    mask[: 240 * kept // 100] = 0
    mask = 255 - mask if invert else mask
    notices = nearly_all(picture, mask, picture.extent, Settings(invert=invert), invert="--invert")
    assert ["--invert" in notice.remedy for notice in notices] == [True] * warned


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
