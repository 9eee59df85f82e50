"""TIFF files with associated alpha: kept pixels stay in the file's own numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from inpaintd.files.exchange import cut, lay_over, layer_alone, plane_of, samples_of
from inpaintd.files.premultiplied import divided, multiplied
from inpaintd.files.reading import read_picture
from inpaintd.files.write import write_picture
from inpaintd_protocol.messages import ResultLayer
from tests.files.photographs import HOLE, load, photograph

DTYPES: list[Any] = [np.uint8, np.uint16, np.float32]
DEPTHS = {np.uint8: "u8", np.uint16: "u16", np.float32: "f32"}


def picture(dtype: Any, colours: int = 3) -> tuple[Any, Any]:
    """Stored samples with every level of alpha, and the ones with straight alpha, in [0, 1]."""
    full = 1 if dtype == np.float32 else np.iinfo(dtype).max
    straight = photograph(DEPTHS[dtype], colours).astype(np.float64) / full
    alpha = np.linspace(0, 1.2, 240).clip(0, 1)[:, np.newaxis, np.newaxis].repeat(320, 1)
    alpha[HOLE] = 0
    stored = np.dstack([straight * alpha, alpha]) * full
    if dtype != np.float32:
        stored = np.round(stored)
    return stored.astype(dtype), np.dstack([straight, alpha])


def save(path: Path, stored: Any, **options: Any) -> Path:
    kind = "rgb" if stored.shape[2] == 4 else "minisblack"
    options = {"photometric": kind, "planarconfig": "contig", **options}
    tifffile.imwrite(path, stored, extrasamples=["ASSOCALPHA"], metadata=None, **options)
    return path


@pytest.mark.parametrize("options", [{}, {"bigtiff": True}, {"byteorder": ">"}, {"tile": (32, 32)}])
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_kept_pixels_are_bit_exact(
    tmp_path: Path, dtype: Any, colours: int, options: dict[str, Any]
) -> None:
    stored, straight = picture(dtype, colours)
    read = read_picture(save(tmp_path / "a.tif", stored, **options))
    assert read.premultiplied
    mask = np.zeros((240, 320), np.uint8)
    mask[HOLE] = 255
    sent = cut(read, mask, read.extent)
    own = samples_of(sent.layer)
    full = 1 if dtype == np.float32 else np.iinfo(dtype).max
    visible = straight[..., -1] > 0.5
    apart = np.abs(own[visible][:, :colours] / full - straight[visible][:, :-1])
    assert apart.max() < 2.1 / (255 if dtype == np.uint8 else 65535)
    layer = np.zeros((240, 320, 4), own.dtype)
    layer[HOLE] = (*(np.array([0.2, 0.2, 0.2]) * full).astype(dtype), full)
    image = lay_over(sent, ResultLayer(plane_of(layer), (0, 0), seed=1))
    path = write_picture(image, tmp_path / "o.tif", replace=False)
    with tifffile.TiffFile(path) as file:
        assert file.pages[0].extrasamples == (tifffile.EXTRASAMPLE.ASSOCALPHA,)
    result = read_picture(path).image.numpy()
    kept = mask == 0
    np.testing.assert_array_equal(result[kept], stored[kept])
    assert (result[~kept] == (*layer[HOLE][0, 0][:colours], full)).all()


def test_other_formats_get_straight_alpha(tmp_path: Path) -> None:
    stored, straight = picture(np.uint16)
    read = read_picture(save(tmp_path / "a.tif", stored))
    result = load(write_picture(read.image, tmp_path / "o.png", replace=False))
    np.testing.assert_array_equal(result, divided(stored))
    visible = straight[..., -1] > 0.5
    assert np.abs(result[visible] / 65535 - straight[visible]).max() < 2 / 65535


def test_a_layer_alone_has_straight_alpha(tmp_path: Path) -> None:
    stored, _ = picture(np.uint8)
    read = read_picture(save(tmp_path / "a.tif", stored))
    sent = cut(read, None, read.extent)
    layer = np.full((240, 320, 4), 200, np.uint8)
    image = layer_alone(sent, ResultLayer(plane_of(layer), (0, 0), seed=1))
    assert (load(write_picture(image, tmp_path / "o.tif", replace=False)) == 200).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_pair_of_numbers_comes_back(dtype: Any) -> None:
    full = np.iinfo(dtype).max
    levels = np.linspace(0, full, 256).astype(dtype)
    alpha, colour = np.meshgrid(levels, levels)
    samples = np.dstack([np.minimum(colour, alpha), alpha])
    np.testing.assert_array_equal(multiplied(divided(samples)), samples)
