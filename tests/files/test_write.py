"""Writing: metadata kept, nothing replaced that was not named, nothing lost when it fails."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image, PngImagePlugin

from inpaintd.files.exchange import cut, lay_over, plane_of
from inpaintd.files.reading import read_picture
from inpaintd.files.write import check_output, result_suffix, write_picture
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import ResultLayer
from tests.files import profiles
from tests.files.photographs import photograph, save
from tests.small_disk import small_disk as mounted

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"/></x:xmpmeta>'


def filled(path: Path) -> Any:
    picture = read_picture(path)
    sent = cut(picture, np.full((240, 320), 255, np.uint8), picture.extent)
    layer = np.zeros((240, 320, 4), np.uint8)
    layer[10:20, 10:20] = 255
    return lay_over(sent, ResultLayer(plane_of(layer), (0, 0), seed=1))


def exif() -> Image.Exif:
    tags = Image.Exif()
    tags[0x010F] = "Maker of cameras"
    tags.get_ifd(0x8769)[0x9003] = "2026:01:02 03:04:05"
    tags.get_ifd(0x8825)[1] = "N"
    loaded = Image.Exif()
    loaded.load(tags.tobytes())
    return loaded


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
@pytest.mark.parametrize("source", [".png", ".jpg", ".tif"])
def test_metadata_goes_along(tmp_path: Path, source: str, suffix: str) -> None:
    path = tmp_path / f"a{source}"
    profile = profiles.display_p3()
    options: dict[str, Any] = {}
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "me")
    if source != ".tif":
        options = {"pnginfo": text} if source == ".png" else {"xmp": XMP}
    Image.fromarray(photograph()).save(
        path, exif=exif(), icc_profile=profile, dpi=(300, 300), **options
    )
    out = write_picture(filled(path), tmp_path / f"out{suffix}", replace=False)
    with Image.open(out) as result:
        assert result.info["icc_profile"] == profile
        tags = result.getexif()
        assert tags[0x010F] == "Maker of cameras"
        assert tags.get_ifd(0x8769)[0x9003] == "2026:01:02 03:04:05"
        assert tags.get_ifd(0x8825)[1] == "N"
        assert np.asarray(result).shape == (240, 320, 3)
        if suffix != ".webp":  # WebP has no field for it but EXIF's
            assert float(result.info["dpi"][0]) == pytest.approx(300, abs=0.1)
        if source == suffix == ".png":
            assert result.text["Author"] == "me"
    if source == ".jpg":
        assert XMP in pyvips.Image.new_from_file(str(out)).get("xmp-data")


def test_turned_pictures_are_not_turned_twice(tmp_path: Path) -> None:
    tags = exif()
    tags[0x0112] = 6
    Image.fromarray(np.rot90(photograph())).save(tmp_path / "a.png", exif=tags)
    out = write_picture(filled(tmp_path / "a.png"), tmp_path / "out.png", replace=False)
    with Image.open(out) as result:
        assert result.size == (320, 240)
        assert result.getexif().get(0x0112, 1) == 1


def test_a_free_name_is_found(tmp_path: Path) -> None:
    image = filled(save(tmp_path / "a.png", photograph()))
    names = [write_picture(image, tmp_path / "out.png", replace=False).name for _ in range(3)]
    assert names == ["out.png", "out.1.png", "out.2.png"]
    assert len(list(tmp_path.iterdir())) == 4


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    image = filled(save(tmp_path / "a.png", photograph()))
    names = [write_picture(image, tmp_path / "out.png", replace=False).name for _ in range(2)]
    assert names == ["out.png", "out.1.png"]


def test_a_named_file_is_replaced_and_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    image = filled(save(tmp_path / "a.png", photograph()))
    target, link = tmp_path / "target.png", tmp_path / "link.png"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    assert write_picture(image, link, replace=True) == target
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert read_picture(target).extent == (0, 0, 320, 240)


def test_a_read_only_folder(small_disk: Path, tmp_path: Path) -> None:
    picture = read_picture(save(tmp_path / "a.png", photograph()))
    check_output(small_disk / "out.png", picture, transparent=False)
    # Mounted so, because root may write into any folder that is only marked read-only.
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(InpaintError, match="read-only") as caught:
        check_output(small_disk / "out.png", picture, transparent=False)
    assert caught.value.code == "unwritable"


def test_a_folder_that_turns_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = filled(save(tmp_path / "a.png", photograph()))
    (tmp_path / "out.png").write_text("old")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InpaintError, match="Permission denied") as caught:
        write_picture(image, tmp_path / "out.png", replace=True)
    assert caught.value.code == "unwritable"
    assert (tmp_path / "out.png").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "out.png"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    with mounted(tmp_path, "64k") as disk:
        yield disk


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
def test_a_full_disk(small_disk: Path, suffix: str) -> None:
    old = small_disk / f"out{suffix}"
    old.write_bytes(b"old")
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (600, 600, 3)).astype(np.uint8)
    image = pyvips.Image.new_from_array(noise, interpretation="srgb")
    for replace in (True, False):
        with pytest.raises(InpaintError, match="the disk is full") as caught:
            write_picture(image, old, replace=replace)
        assert caught.value.code == "unwritable"
    assert old.read_bytes() == b"old"
    assert list(small_disk.iterdir()) == [old]


def test_what_a_format_cannot_hold_is_said_before_any_work(tmp_path: Path) -> None:
    rgba = read_picture(save(tmp_path / "a.png", photograph("u16", alpha=True)))
    cmyk = read_picture(save(tmp_path / "c.tif", photograph(colours=4), cmyk=True))
    floats = read_picture(save(tmp_path / "f.tif", photograph("f32")))

    def refusal(name: str, picture: Any, alpha: bool) -> str:
        with pytest.raises(InpaintError) as caught:
            check_output(tmp_path / name, picture, transparent=alpha)
        assert caught.value.code == "unwritable"
        return str(caught.value)

    assert "JPEG cannot hold transparency" in refusal("o.jpg", rgba, True)
    assert "cannot hold CMYK" in refusal("o.png", cmyk, False)
    assert "known suffix" in refusal("o.gif", rgba, False)
    assert "no folder" in refusal("none/o.png", rgba, False)
    assert check_output(tmp_path / "o.png", rgba, transparent=True) == ()
    assert check_output(tmp_path / "o.tif", floats, transparent=True) == ()
    for name, picture in (("o.webp", rgba), ("o.png", floats)):
        (notice,) = check_output(tmp_path / name, picture, transparent=True)
        assert notice.code == "depth_lost"
    assert [result_suffix(p) for p in (rgba, cmyk, floats)] == [".png", ".tif", ".tif"]


@pytest.mark.parametrize(("name", "levels"), [("o.webp", 255), ("o.jpg", 255), ("o.png", 65535)])
def test_other_depths_are_rounded_not_cut(tmp_path: Path, name: str, levels: int) -> None:
    pixels = np.full((16, 16, 3), 0.4999, np.float32)
    picture = read_picture(save(tmp_path / "f.tif", pixels))
    out = write_picture(picture.image, tmp_path / name, replace=False)
    expected = np.floor(0.4999 * levels + 0.5)
    assert (pyvips.Image.new_from_file(str(out)).numpy()[..., 0] == expected).all()


def test_nothing_is_left_when_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = filled(save(tmp_path / "a.png", photograph()))

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_picture(image, tmp_path / "out.png", replace=False)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    shutil.rmtree(tmp_path)


def test_damaged_exif_is_no_reason_to_refuse_a_tiff(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(photograph()).save(path, exif=exif())
    data = path.read_bytes()
    pointer = data.index(b"\x69\x87\x04\x00\x01\x00\x00\x00") + 8
    path.write_bytes(data[:pointer] + b"\xff\xff\xff\x7f" + data[pointer + 4 :])
    out = write_picture(filled(path), tmp_path / "out.tif", replace=False)
    with Image.open(out) as result:
        assert result.getexif()[0x010F] == "Maker of cameras"
