"""The pixels sent, and the picture made of the answer: kept pixels are bit-exact."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inpaintd.files.exchange import Sent, blend, cut, lay_over, layer_alone, plane_of, samples_of
from inpaintd.files.picture import Picture
from inpaintd.files.reading import read_picture
from inpaintd.files.write import write_picture
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import ResultLayer
from inpaintd_protocol.rectangle import Rectangle
from tests.files import profiles
from tests.files.photographs import HOLE, load, photograph, save

RECTANGLE = Rectangle(70, 20, 100, 90)
CASES = [
    ("u8", 3, None, ".png"),
    ("u16", 3, None, ".png"),
    ("u8", 3, profiles.adobe_rgb(), ".png"),
    ("u16", 3, profiles.adobe_rgb(), ".png"),
    ("u8", 3, profiles.display_p3(), ".webp"),
    ("u8", 1, None, ".png"),
    ("u16", 1, profiles.grey_gamma_18(), ".tif"),
    ("u8", 3, None, ".tif"),
    ("u16", 3, profiles.adobe_rgb(), ".tif"),
    ("f32", 3, None, ".tif"),
    ("f32", 3, profiles.display_p3(), ".tif"),
]


def answer(sent: Sent, *, colour: tuple[float, float, float] | None) -> ResultLayer:
    """A layer as the daemon sends it: opaque over the hole, painted or as the source was."""
    pixels = samples_of(sent.layer)
    full: Any = 1 if pixels.dtype == np.float32 else np.iinfo(pixels.dtype).max
    alpha = np.where(pixels[..., 3:] < full, full, 0).astype(pixels.dtype)
    rgb = pixels[..., :3]
    if colour is not None:
        painted = (np.array(colour) * full).astype(pixels.dtype)
        rgb = np.where(alpha > 0, painted, rgb)
    layer = plane_of(np.concatenate([rgb, alpha], axis=2))
    return ResultLayer(layer, (sent.rectangle.x, sent.rectangle.y), seed=1)


def opened(tmp_path: Path, case: tuple[str, int, bytes | None, str]) -> tuple[Picture, Any]:
    depth, colours, profile, suffix = case
    pixels = photograph(depth, colours, alpha=True)
    path = save(tmp_path / f"a{suffix}", pixels, profile=profile)
    return read_picture(path), pixels


@pytest.mark.parametrize("case", CASES)
def test_kept_pixels_are_bit_exact_in_the_written_file(tmp_path: Path, case: Any) -> None:
    picture, pixels = opened(tmp_path, case)
    sent = cut(picture, None, RECTANGLE)
    image = lay_over(sent, answer(sent, colour=(0.8, 0.4, 0.1)))
    result = load(write_picture(image, tmp_path / f"out{case[3]}", replace=False))
    full = 1 if pixels.dtype == np.float32 else np.iinfo(pixels.dtype).max
    kept = pixels[..., -1] == full
    assert result.dtype == pixels.dtype
    np.testing.assert_array_equal(result[kept], pixels[kept])
    assert (result[..., -1] == full).all()
    assert (result[~kept][:, :-1] != pixels[~kept][:, :-1]).any(axis=1).mean() > 0.95


@pytest.mark.parametrize("case", CASES)
def test_what_comes_back_unchanged_keeps_its_numbers(tmp_path: Path, case: Any) -> None:
    picture, pixels = opened(tmp_path, case)
    sent = cut(picture, None, RECTANGLE)
    image = lay_over(sent, answer(sent, colour=None))
    result = load(write_picture(image, tmp_path / f"out{case[3]}", replace=False))
    np.testing.assert_array_equal(result[..., :-1], pixels[..., :-1])


def test_the_painted_colour_is_the_one_asked_for_in_the_files_profile(tmp_path: Path) -> None:
    picture, _ = opened(tmp_path, ("u8", 3, profiles.adobe_rgb(), ".png"))
    sent = cut(picture, None, RECTANGLE)
    path = write_picture(
        lay_over(sent, answer(sent, colour=(1.0, 0.0, 0.0))), tmp_path / "out.png", replace=False
    )
    red = load(path)[50, 100, :3].astype(int)
    # sRGB's red in Adobe RGB (1998), as any colour-managed editor shows it.
    assert np.abs(red - [219, 0, 0]).max() <= 2


def test_only_the_rectangle_is_sent(tmp_path: Path) -> None:
    picture, pixels = opened(tmp_path, CASES[1])
    sent = cut(picture, None, RECTANGLE)
    assert (sent.layer.width, sent.layer.height, sent.layer.depth) == (100, 90, "u16")
    assert len(sent.layer.data) == sent.layer.byte_count
    np.testing.assert_array_equal(samples_of(sent.layer), pixels[20:110, 70:170])


def test_a_mask_plane_is_cut_like_the_picture(tmp_path: Path) -> None:
    picture, _ = opened(tmp_path, CASES[0])
    mask = np.random.default_rng(0).integers(0, 256, (240, 320)).astype(np.uint8)
    sent = cut(picture, mask, RECTANGLE)
    assert sent.mask is not None
    np.testing.assert_array_equal(samples_of(sent.mask)[..., 0], mask[20:110, 70:170])


def test_a_picture_without_alpha_stays_without(tmp_path: Path) -> None:
    pixels = photograph()
    picture = read_picture(save(tmp_path / "a.png", pixels))
    mask = np.zeros((240, 320), np.uint8)
    mask[HOLE] = 255
    sent = cut(picture, mask, RECTANGLE)
    rgba = np.dstack([np.full((90, 100, 3), 9, np.uint8), mask[20:110, 70:170]])
    result = lay_over(sent, ResultLayer(plane_of(rgba), (70, 20), seed=1)).numpy()
    np.testing.assert_array_equal(result[mask == 0], pixels[mask == 0])
    assert (result[mask > 0] == 9).all()


@pytest.mark.parametrize("case", CASES)
def test_the_layer_alone_gives_the_same_picture_when_laid_over(tmp_path: Path, case: Any) -> None:
    picture, pixels = opened(tmp_path, case)
    sent = cut(picture, None, RECTANGLE)
    painted = answer(sent, colour=(0.2, 0.9, 0.5))
    layer = load(write_picture(layer_alone(sent, painted), tmp_path / f"l{case[3]}", replace=False))
    assert layer.shape == pixels.shape
    full = 1 if pixels.dtype == np.float32 else np.iinfo(pixels.dtype).max
    hole = pixels[..., -1] < full
    assert ((layer[..., -1] == full) == hole).all()
    assert (layer[~hole] == 0).all()
    over = np.where(hole[..., np.newaxis], layer, pixels)
    np.testing.assert_array_equal(over, lay_over(sent, painted).numpy().reshape(over.shape))


def test_a_layer_mask_lets_the_picture_shine_through(tmp_path: Path) -> None:
    picture = read_picture(save(tmp_path / "a.png", np.full((8, 8, 3), 100, np.uint8)))
    sent = cut(picture, np.full((8, 8), 255, np.uint8), picture.extent)
    white = plane_of(np.full((8, 8, 4), 255, np.uint8))
    half = plane_of(np.full((8, 8, 1), 51, np.uint8))
    result = lay_over(sent, ResultLayer(white, (0, 0), seed=1, mask=half)).numpy()
    assert (result == 131).all()  # 100 + 0.2 * 155


def test_an_answer_for_elsewhere_is_refused(tmp_path: Path) -> None:
    picture, _ = opened(tmp_path, CASES[0])
    sent = cut(picture, None, RECTANGLE)
    far = ResultLayer(plane_of(np.zeros((4, 4, 4), np.uint8)), (300, 200), seed=1)
    with pytest.raises(InpaintError, match="outside the picture"):
        lay_over(sent, far)


def test_cmyk_is_filled_in_its_own_inks(tmp_path: Path) -> None:
    pixels = photograph(colours=4)
    picture = read_picture(save(tmp_path / "a.tif", pixels, cmyk=True))
    mask = np.zeros((240, 320), np.uint8)
    mask[HOLE] = 255
    sent = cut(picture, mask, RECTANGLE)
    assert sent.layer.channels == 3
    red = np.zeros((90, 100, 4), np.uint16)
    red[..., 0] = 65535
    red[..., 3] = mask[20:110, 70:170].astype(np.uint16) * 257
    image = lay_over(sent, ResultLayer(plane_of(red), (70, 20), seed=1))
    result = load(write_picture(image, tmp_path / "out.tif", replace=False))
    np.testing.assert_array_equal(result[mask == 0], pixels[mask == 0])
    cyan, magenta, yellow, _ = result[50, 100]
    assert cyan < 60
    assert min(magenta, yellow) > 180


@settings(max_examples=60)
@given(st.data(), st.sampled_from([np.uint8, np.uint16]), st.booleans())
def test_blend_copies_replaces_and_stays_between(data: Any, dtype: Any, has_alpha: bool) -> None:
    full = np.iinfo(dtype).max
    under = data.draw(arrays(dtype, (3, 4, 3 + has_alpha)))
    over = data.draw(arrays(dtype, (3, 4, 3)))
    alpha = data.draw(arrays(dtype, (3, 4, 1), elements=st.sampled_from([0, 1, full // 2, full])))
    result = blend(under, over, alpha, 3)
    kept, replaced = alpha[..., 0] == 0, alpha[..., 0] == full
    np.testing.assert_array_equal(result[kept], under[kept])
    np.testing.assert_array_equal(result[replaced][:, :3], over[replaced])
    low, high = np.minimum(under[..., :3], over), np.maximum(under[..., :3], over)
    assert (result[..., :3] >= low).all()
    assert (result[..., :3] <= high).all()
    if has_alpha:
        assert (result[..., 3] >= under[..., 3]).all()
