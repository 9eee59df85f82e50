"""Reading: every format and depth that can be filled, and a sentence for all that cannot."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from inpaintd.files import room
from inpaintd.files.reading import read_picture
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.rectangle import Rectangle
from tests.files.photographs import load, photograph, save


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize(
    ("name", "depth", "colours"),
    [
        ("a.png", "u8", 3),
        ("a.png", "u16", 3),
        ("a.png", "u8", 1),
        ("a.png", "u16", 1),
        ("a.tif", "u8", 3),
        ("a.tif", "u16", 3),
        ("a.tif", "f32", 3),
        ("a.tif", "u16", 1),
        ("a.webp", "u8", 3),
    ],
)
def test_numbers_come_as_they_are_in_the_file(
    tmp_path: Path, name: str, depth: str, colours: int, alpha: bool
) -> None:
    pixels = photograph(depth, colours, alpha=alpha)
    picture = read_picture(save(tmp_path / name, pixels))
    assert (picture.depth, picture.colours, picture.has_alpha) == (depth, colours, alpha)
    np.testing.assert_array_equal(picture.cut(picture.extent), pixels)


def test_colour_under_alpha_0_survives_in_a_file_of_another_writer(tmp_path: Path) -> None:
    pixels = photograph("u16", alpha=True)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=["unassalpha"])
    assert (read_picture(tmp_path / "a.tif").cut(Rectangle(0, 0, 320, 240)) == pixels).all()


def test_a_palette_with_a_transparent_colour_reads_as_rgba(tmp_path: Path) -> None:
    pixels = photograph("u8", alpha=True)
    Image.fromarray(pixels).quantize(64).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    assert (picture.colours, picture.has_alpha) == (3, True)


def test_brackets_in_a_name_are_not_options(tmp_path: Path) -> None:
    path = tmp_path / "cat[1].png"
    save(tmp_path / "plain.png", photograph()).rename(path)
    assert read_picture(path).extent == (0, 0, 320, 240)


def test_a_picture_is_turned_upright(tmp_path: Path) -> None:
    pixels = photograph()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    picture = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.cut(picture.extent), np.rot90(pixels, -1))


def test_further_pages_are_spoken_of(tmp_path: Path) -> None:
    pages = np.stack([photograph()] * 3)
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="rgb")
    (notice,) = read_picture(tmp_path / "a.tif").notices
    assert notice.code == "first_page"
    assert "3 pages" in notice.message


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.jpg"])
def test_half_a_picture_is_refused(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, photograph())
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert "cannot be read as a picture" in refused(path, "unreadable")


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.jpg"])
def test_a_whole_picture_is_not_refused(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, photograph())
    pixels = read_picture(path).cut(Rectangle(0, 0, 320, 240))
    np.testing.assert_array_equal(pixels, load(path)[..., :3])


@pytest.mark.parametrize("content", [b"", b"just some text", b"GIF89a" + bytes(64), b"%PDF-1.7\n"])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    refused(tmp_path / "a.png", "unreadable")


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"", "is empty"),
        (b"BM" + bytes(60), "is a BMP picture"),
        ("Grüße an alle.\n".encode(), "is a text"),
        (b"8BPS\0\1", "is a Photoshop document"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "is an HEIC picture"),
        (bytes(range(256)), "cannot be read as a picture"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path: Path, start: bytes, said: str) -> None:
    (tmp_path / "a.png").write_bytes(start)
    assert said in refused(tmp_path / "a.png", "unreadable")


@pytest.mark.parametrize(("kind", "lossy"), [("GIF", False), ("AVIF", True)])
def test_the_webs_formats_are_read(tmp_path: Path, kind: str, lossy: bool) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    Image.fromarray(photograph()).save(path)
    picture = read_picture(path)
    assert (picture.depth, picture.colours, picture.lossy) == ("u8", 3, lossy)
    assert np.abs(picture.cut(picture.extent)[..., :3] - photograph().astype(int)).mean() < 9


def test_missing_file_and_folder_are_told_apart(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.png", "unreadable")
    assert "is a folder" in refused(tmp_path, "unreadable")


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    # 60,000 x 60,000 black pixels in a few kilobytes: 10 GB when decoded.
    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
        + chunk(b"IEND", b"")
    )
    assert "60000 x 60000" in refused(tmp_path / "bomb.png", "too_large")


def test_the_limit_is_the_named_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.png", photograph())
    monkeypatch.setattr(room, "PIXELS", 320 * 240)
    read_picture(path)
    monkeypatch.setattr(room, "PIXELS", 320 * 240 - 1)
    refused(path, "too_large")


@pytest.mark.parametrize("dtype", [np.uint32, np.int16, np.float64])
def test_numbers_that_cannot_be_filled_are_refused(tmp_path: Path, dtype: type) -> None:
    tifffile.imwrite(tmp_path / "a.tif", photograph().astype(dtype), photometric="rgb")
    refused(tmp_path / "a.tif", "unreadable")


def refused(path: Path, code: str) -> str:
    with pytest.raises(InpaintError) as caught:
        read_picture(path)
    assert caught.value.code == code
    assert caught.value.hint
    return caught.value.message
