"""Profiles: the wire is sRGB, the file keeps its own numbers."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from inpaintd.files.colour import ColourSpace, convert_depth, luminance
from inpaintd.files.picture import Picture
from inpaintd.files.reading import read_picture
from tests.files import profiles
from tests.files.photographs import photograph, save


def open_with(tmp_path: Path, pixels: np.ndarray, profile: bytes | None) -> Picture:
    return read_picture(save(tmp_path / "a.png", pixels, profile=profile))


@pytest.mark.parametrize("profile", [None, profiles.srgb()])
@pytest.mark.parametrize("depth", ["u8", "u16"])
def test_srgb_goes_as_it_is(tmp_path: Path, depth: str, profile: bytes | None) -> None:
    picture = open_with(tmp_path, photograph(depth), profile)
    space = ColourSpace(picture)
    own = picture.cut(picture.extent)
    assert space.wire_depth == depth
    np.testing.assert_array_equal(space.to_srgb(own), own)
    np.testing.assert_array_equal(space.from_srgb(own), own)


@pytest.mark.parametrize("profile", [profiles.adobe_rgb(), profiles.display_p3()])
def test_a_wide_gamut_is_converted_as_littlecms_does_it(tmp_path: Path, profile: bytes) -> None:
    pixels = photograph("u8")
    space = ColourSpace(open_with(tmp_path, pixels, profile))
    (tmp_path / "a.icc").write_bytes(profile)
    expected = np.asarray(
        ImageCms.profileToProfile(
            Image.fromarray(pixels),
            str(tmp_path / "a.icc"),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
    )
    assert space.wire_depth == "u16"
    srgb = space.to_srgb(pixels)
    apart = np.abs(srgb / 257 - expected)  # LittleCMS is coarse in the shadows at 8 bits
    assert apart.mean() < 0.3
    assert (apart <= 1).mean() > 0.99
    assert np.abs(srgb / 257 - pixels).max() > 4  # the conversion is not the identity


@pytest.mark.parametrize("profile", [profiles.adobe_rgb(), profiles.display_p3()])
@pytest.mark.parametrize("depth", ["u8", "u16"])
def test_there_and_back_is_the_same_colour(tmp_path: Path, depth: str, profile: bytes) -> None:
    pixels = photograph(depth) // 2 + {"u8": 60, "u16": 15000}[depth]  # nothing out of sRGB
    space = ColourSpace(open_with(tmp_path, pixels, profile))
    back = space.from_srgb(space.to_srgb(pixels))
    assert back.dtype == pixels.dtype
    step = np.abs(back.astype(int) - pixels).max()
    assert step <= {"u8": 0, "u16": 32}[depth]


def test_grey_with_a_profile_of_its_own(tmp_path: Path) -> None:
    pixels = photograph("u8", colours=1)
    space = ColourSpace(open_with(tmp_path, pixels, profiles.grey_gamma_18()))
    srgb = space.to_srgb(pixels)
    assert srgb.shape == (240, 320, 3)
    assert np.abs(srgb[..., 0] / 257 - pixels[..., 0]).max() > 4
    apart = np.abs(space.from_srgb(srgb).astype(int) - pixels)
    assert apart[pixels > 8].max() == 0  # LittleCMS turns the curve round coarsely in the shadows


def test_plain_grey_is_three_times_itself_and_back(tmp_path: Path) -> None:
    pixels = photograph("u16", colours=1)
    space = ColourSpace(open_with(tmp_path, pixels, None))
    srgb = space.to_srgb(pixels)
    assert (srgb == pixels).all()
    np.testing.assert_array_equal(space.from_srgb(srgb), pixels)


@pytest.mark.parametrize("depth", ["u8", "u16", "f32"])
def test_neutral_luminance_is_the_same_number(depth: str) -> None:
    full = {"u8": 255, "u16": 65535, "f32": 1}[depth]
    ramp = np.linspace(0, full, 256).astype({"u8": "u1", "u16": "u2", "f32": "f4"}[depth])
    neutral = np.repeat(ramp[np.newaxis, :, np.newaxis], 3, axis=2)
    np.testing.assert_allclose(luminance(neutral)[0], ramp, rtol=1e-6)


def test_depths_round_to_the_nearest_level() -> None:
    eight = np.arange(256, dtype=np.uint8)
    sixteen = convert_depth(eight, "u16")
    assert sixteen[255] == 65535
    np.testing.assert_array_equal(convert_depth(sixteen, "u8"), eight)
    np.testing.assert_array_equal(convert_depth(convert_depth(sixteen, "f32"), "u16"), sixteen)
    every = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(convert_depth(convert_depth(every, "f32"), "u16"), every)
    assert convert_depth(np.float32([-1, 0.5, 7]), "u8").tolist() == [0, 128, 255]


def test_cmyk_without_a_profile_is_spoken_of(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", photograph(colours=4)[..., :4], cmyk=True)
    assert [notice.code for notice in read_picture(path).notices] == ["assumed_profile"]
    path = save(tmp_path / "rgb.tif", photograph())
    assert not read_picture(path).notices
