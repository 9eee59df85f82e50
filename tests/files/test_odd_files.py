"""Files at the edges: sizes, names, frames."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inpaintd.files.exchange import cut, plane_of, samples_of
from inpaintd.files.fill import open_order, write_answer
from inpaintd.files.order import Order
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished, ResultLayer
from inpaintd_protocol.settings import Settings
from tests.files.documents import layered


def with_hole(width: int, height: int) -> Any:
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 4)).astype(np.uint8)
    pixels[..., 3] = 255
    pixels[height // 3 : height // 3 + 1, width // 3 : width // 3 + 1, 3] = 0
    return pixels


def filled(source: Path, **options: Any) -> Path:
    """The result of a fill that paints everything white."""
    opened = open_order(Order(source, Settings(), **options))
    sent = cut(opened.picture, opened.mask, opened.picture.extent)
    hole = samples_of(sent.layer)[..., -1:] == 0
    layer = plane_of(np.where(hole, np.full(4, 255, np.uint8), np.zeros(4, np.uint8)))
    result = ResultLayer(layer, (0, 0), seed=1)
    answer = Finished("id", (result,), sent.layer, (0, 0), "white")
    return write_answer(opened, sent, answer)[0].path


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (30_000, 2)])
def test_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    pixels = with_hole(*size)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    result = np.asarray(Image.open(filled(tmp_path / "a.png")))
    kept = pixels[..., 3] == 255
    assert (result[kept] == pixels[kept]).all()
    assert (result[~kept] == 255).all()


def test_one_pixel_of_grey_with_a_mask(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((1, 1), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.full((1, 1), 255, np.uint8)).save(tmp_path / "m.png")
    opened = open_order(Order(tmp_path / "a.png", Settings(), mask=tmp_path / "m.png"))
    sent = cut(opened.picture, opened.mask, opened.picture.extent)
    assert samples_of(sent.layer).shape == (1, 1, 3)


@pytest.mark.parametrize(
    "name",
    [
        b"new\nline.png",
        "\N{CAT}.png".encode(),
        b"-rf.png",
        b"a[1].png",
        b"%s %d.png",
        b"UPPER.PNG",
        b"not \xff\xfe UTF-8.png",
        b"x" * 251 + b".png",
        "ö".encode() * 120 + b".png",
    ],
)
def test_names(tmp_path: Path, name: bytes) -> None:
    source = tmp_path / os.fsdecode(name)
    with source.open("wb") as file:
        Image.fromarray(with_hole(9, 9)).save(file, "PNG")
    stem = source.stem[:20]
    for _ in range(2):
        result = filled(source)
        assert result.name.startswith(stem[:20])
        assert result.name.endswith(".png")
        assert ".inpainted" in result.name
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("kind", ["png", "webp", "tif"])
def test_further_frames_are_said_to_be_left_out(tmp_path: Path, kind: str) -> None:
    frames = [Image.fromarray(np.roll(with_hole(20, 20), i, 1)) for i in range(3)]
    lossless = {"lossless": True, "exact": True} if kind == "webp" else {}
    path = tmp_path / f"a.{kind}"
    frames[0].save(path, save_all=True, append_images=frames[1:], **lossless)
    (notice,) = open_order(Order(path, Settings())).notices
    assert notice.code == "first_page"
    assert "3 pages or frames" in notice.message
    frames[0].save(path, **lossless)
    assert open_order(Order(path, Settings())).notices == ()


def test_a_layer_mask_that_a_flat_picture_cannot_hold_is_told(tmp_path: Path) -> None:
    source, document = tmp_path / "a.png", tmp_path / "a.psd"
    Image.fromarray(with_hole(20, 20)).save(source)
    document.write_bytes(layered("RGB", with_hole(20, 20)))
    masked = Settings(output="masked")
    (notice,) = open_order(Order(source, masked)).notices
    assert (notice.code, "masked" in notice.message) == ("not_honoured", True)
    assert open_order(Order(source, Settings(output="layer"))).notices == ()
    assert open_order(Order(source, masked, only_layer=True)).notices == ()
    told = open_order(Order(document, masked)).notices
    assert not [n for n in told if n.code == "not_honoured"], "it goes into a layer"


@pytest.mark.parametrize(("name", "width"), [("o.webp", 16_384), ("o.jpg", 65_501)])
def test_a_format_that_is_too_small_is_refused_before_any_work(
    tmp_path: Path, name: str, width: int
) -> None:
    for side, fits in ((width, False), (width - 1, True)):
        Image.fromarray(with_hole(side, 1)).save(tmp_path / "a.png")
        order = Order(tmp_path / "a.png", Settings(), out=tmp_path / name)
        if fits:
            open_order(order)
            continue
        with pytest.raises(InpaintError, match=f"limited to {width - 1} pixels") as caught:
            open_order(order)
        assert caught.value.code == "unwritable"
