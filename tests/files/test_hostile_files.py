"""Files that claim, hide or damage things are refused in a sentence, or read for what they are."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from psd_tools import PSDImage

from inpaintd.files import room
from inpaintd.files.reading import read_file
from inpaintd.files.recipe import embed_recipe
from inpaintd.files.repeat import repeated
from inpaintd.files.write import write_picture
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings
from tests.files.test_odd_files import filled, with_hole


def encoded(pixels: Any, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def gif(width: int, height: int) -> bytes:
    """63 bytes that claim a picture of any size."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes([0, 0, 0, 255, 255, 255])
    image = b"\x21\xf9\x04\x01\0\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0)
    return b"GIF89a" + screen + image + b"\x02\x02\x4c\x01\0\x3b"


def openraster(stack: str, layers: dict[str, bytes], **options: Any) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        archive.writestr("stack.xml", stack)
        for name, data in layers.items():
            archive.writestr(name, data)
    return file.getvalue()


def psd_with_a_wide_layer() -> bytes:
    document = PSDImage.new("RGB", (64, 64))
    document.create_pixel_layer(Image.new("RGBA", (20_000, 2_000)), "wide")
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


LAYER = encoded(with_hole(8, 8), "PNG")
STACK = '<image w="{w}" h="{h}"><stack><layer src="a.png"/></stack></image>'
GOOD = openraster(STACK.format(w=8, h=8), {"a.png": LAYER})
BOMBS = {
    "a.gif": gif(16_000, 16_000),
    "a.ora": openraster(STACK.format(w=16_000, h=16_000), {"a.png": LAYER}),
    "b.ora": openraster(
        STACK.format(w=8, h=8),
        {"a.png": LAYER, "data/b": bytes(300 << 20)},
        compression=zipfile.ZIP_DEFLATED,
    ),
    "a.psd": psd_with_a_wide_layer(),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_by_the_memory_that_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda: 256 << 20)
    (tmp_path / name).write_bytes(BOMBS[name])
    with pytest.raises(InpaintError, match=rf"{name} is too large .* memory") as caught:
        read_file(tmp_path / name)
    assert caught.value.code == "too_large"


def test_a_large_tiff_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda: 64 << 20)
    zeros = np.zeros((3000, 3000, 3), np.float32)
    tifffile.imwrite(tmp_path / "a.tif", zeros, compression="deflate", photometric="rgb")
    with pytest.raises(InpaintError, match=r"0\.2 GiB of memory, but only 57 MiB are free"):
        read_file(tmp_path / "a.tif")


@pytest.mark.parametrize(
    "data",
    [
        openraster("<image", {}),
        openraster("<!DOCTYPE a [<!ENTITY b 'c'>]>" + STACK.format(w=8, h=8), {"a.png": LAYER}),
        openraster(STACK.format(w=-8, h=8), {"a.png": LAYER}),
        openraster(STACK.format(w="1e3", h=8), {"a.png": LAYER}),
        openraster('<image w="8" h="8"><layer/></image>', {}),
        openraster(STACK.format(w=8, h=8), {"a.png": LAYER[:40]}),
        openraster(STACK.format(w=8, h=8), {"a.png": LAYER}).replace(
            b"\0\0\0\0\0\0", b"\0c\0\0c\0"
        ),
        GOOD[:-30],
    ],
    ids=["XML", "entity", "negative", "float", "no source", "half", "flags", "cut"],
)
def test_odd_openraster_files(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.ora").write_bytes(data)
    with pytest.raises(InpaintError) as caught:
        read_file(tmp_path / "a.ora")
    assert caught.value.code == "unreadable"


def test_a_legal_png_with_a_latin_1_keyword(tmp_path: Path) -> None:
    png = encoded(with_hole(9, 9), "PNG")
    content = "Künstler".encode("latin-1") + b"\0me"
    checksum = struct.pack(">I", zlib.crc32(b"tEXt" + content))
    chunk = struct.pack(">I", len(content)) + b"tEXt" + content + checksum
    (tmp_path / "a.png").write_bytes(png[:33] + chunk + png[33:])
    assert filled(tmp_path / "a.png").exists()


def test_a_profile_that_cannot_be_linked(tmp_path: Path) -> None:
    profile = bytearray(200)
    profile[12:24] = b"mntrRGB XYZ "
    profile[36:40] = b"acsp"
    profile[:4] = struct.pack(">I", len(profile))
    pixels = with_hole(9, 9)
    (tmp_path / "a.png").write_bytes(encoded(pixels, "PNG", icc_profile=bytes(profile)))
    result = Image.open(filled(tmp_path / "a.png"))
    kept = pixels[..., 3] == 255
    assert (np.asarray(result)[kept] == pixels[kept]).all()


def test_a_tiff_with_a_long_artist(tmp_path: Path) -> None:
    artist = "A" * 70_000
    tifffile.imwrite(
        tmp_path / "a.tif",
        with_hole(9, 9),
        photometric="rgb",
        extrasamples=["unassalpha"],
        extratags=[(315, 2, len(artist), artist, True)],
    )
    with Image.open(filled(tmp_path / "a.tif")) as result:
        assert result.getexif()[315] == artist


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_private_pictures_result_is_private(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(with_hole(9, 9), "PNG"))
    (tmp_path / "a.png").chmod(0o600)
    assert stat.S_IMODE(filled(tmp_path / "a.png").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "files",
    [
        {"source": 3},
        {"source": {}},
        {"source": {"name": ""}},
        {"source": {"name": "a\0b"}},
        {"source": {"name": "a", "sha256": 3}},
        {"source": {"name": "a"}, "size": [1]},
        {"source": {"name": "a"}, "size": ["1", 1]},
        {"source": {"name": "a"}, "enlarged": 7},
        {"source": {"name": "a"}, "stage_masks": {"name": "a"}},
        {"source": {"name": "a"}, "mask": [1]},
    ],
)
def test_malformed_files_of_a_recipe(tmp_path: Path, files: dict[str, Any]) -> None:
    with pytest.raises(InpaintError, match="unknown form"):
        repeated(files, tmp_path / "r.png", Settings(), source=None, mask=None)


def test_a_recipe_with_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    files = {"source": {"name": "a" * 1000}}
    with pytest.raises(InpaintError, match="was made from"):
        repeated(files, tmp_path / "r.png", Settings(), source=None, mask=None)


@pytest.mark.parametrize("absolute", [True, False])
def test_a_recipe_leads_nowhere_else(tmp_path: Path, absolute: bool) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/a.png").write_bytes(encoded(with_hole(9, 9), "PNG"))
    (tmp_path / "one/two").mkdir(parents=True)
    result = tmp_path / "one/two/r.png"
    name = str(tmp_path / "secret/a.png") if absolute else "../../secret/a.png"
    with pytest.raises(InpaintError, match=r"a\.png that r\.png was made from"):
        repeated({"source": {"name": name}}, result, Settings(), source=None, mask=None)
    canvas = {"source": {"name": name}, "size": [9, 9]}
    order = repeated(canvas, result, Settings(), source=None, mask=None)
    assert order.source == tmp_path / "one/two/a.png"


def test_a_recipe_in_an_odd_picture_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(with_hole(9, 9), "PNG"))
    image = embed_recipe(read_file(tmp_path / "a.png").image, "{}", "png")
    assert write_picture(image, tmp_path / "b.png", replace=False).exists()
