"""Drops with pairs, sidecars, sub-folders, settings and formats."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from inpaintd.files.recipe_file import read_recipe
from tests.hotfolder import pictures
from tests.hotfolder.conftest import HotFolder
from tests.running import eventually


def _events(events: list[dict[str, object]], name: str) -> list[dict[str, object]]:
    return [e for e in events if e["event"] == name]


def test_settings_come_from_folder_sub_folder_sidecar_prompt_and_recipe(folder: HotFolder) -> None:
    hole = pictures.encoded(pictures.with_hole(1))
    folder.drop("plain.png", hole)
    folder.drop("sub/inpaintd.toml", b'seed = 5\nnegative_prompt = "blur"')
    folder.drop("sub/deeper/one.png", pictures.encoded(pictures.with_hole(2)))
    folder.drop("sub/two.png", pictures.encoded(pictures.with_hole(3)))
    folder.drop("sub/two.toml", b"seed = 6\nsteps = 9")
    folder.drop("sub/two.txt", b"a  pond\nat dusk")
    with Image.open(folder.inbox / "plain.png") as image:
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("inpaintd", json.dumps({"settings": {"seed": 7, "strength": 0.5}}))
        image.putpixel((1, 1), (9, 9, 9, 255))
        image.save(folder.inbox / "sub/three.png", pnginfo=info)
    folder.drop("sub/three.toml", b"seed = 6\nsteps = 9")
    events = folder.run()
    assert not _events(events, "failed"), events

    def used(name: str) -> tuple[object, ...]:
        s = read_recipe(folder.outbox / name)
        return s.model, s.seed, s.negative_prompt, s.steps, s.prompt, s.strength

    assert used("plain.png")[0] == "telea"
    assert used("sub/deeper/one.png") == ("telea", 5, "blur", None, None, None)
    assert used("sub/two.png") == ("telea", 6, "blur", 9, "a pond at dusk", None)
    assert used("sub/three.png") == ("telea", 7, "blur", 9, None, 0.5)
    assert folder.files("done") >= {"sub/two.toml", "sub/two.txt", "sub/two.png"}


def test_half_a_pair_waits_for_the_other_half_and_fails_when_it_does_not_come(
    folder: HotFolder,
) -> None:
    folder.drop("late.jpg", pictures.encoded(pictures.photograph(1), "JPEG"))
    folder.drop("never.jpg", pictures.encoded(pictures.photograph(2), "JPEG"))
    process = folder.start()
    time.sleep(0.6)
    assert not folder.files("failed")
    folder.drop("late.mask.png", pictures.encoded(pictures.mask_picture()))
    eventually(lambda: "never.error.txt" in folder.files("failed"), "the lonely half fails")
    eventually(lambda: folder.files("outbox") == {"late.png"}, "the pair is filled")
    eventually(lambda: len(folder.files("done")) == 2, "both halves are put away")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_file_that_grows_slowly_is_taken_whole(folder: HotFolder) -> None:
    data = pictures.encoded(pictures.with_hole(4))
    process = folder.start()
    path = folder.inbox / "slow.png"
    for end in range(0, len(data) + 500, 500):
        path.write_bytes(data[:end])
        time.sleep(0.06)
    eventually(lambda: folder.files("outbox") == {"slow.png"}, "it is filled")
    process.terminate()
    process.communicate()
    assert not folder.files("failed")


def test_the_same_again_is_filled_once_and_again_when_its_result_was_taken_away(
    folder: HotFolder,
) -> None:
    data = pictures.encoded(pictures.with_hole(5))
    folder.drop("one.png", data)
    folder.run()
    folder.drop("one.png", data)
    (event,) = _events(folder.run(), "duplicate")
    assert event["of"] == "one.png"
    assert folder.files("outbox") == {"one.png"}
    assert folder.files("done") == {"one.png", "one.1.png"}
    (folder.outbox / "one.png").unlink()
    folder.drop("one.png", data)
    folder.run()
    assert folder.files("outbox") == {"one.png"}


def test_a_failed_file_may_be_dropped_again(folder: HotFolder) -> None:
    data = pictures.encoded(pictures.with_hole(6))
    (folder.inbox / "x.toml").write_text('model = "telex"')
    folder.drop("x.png", data)
    (event,) = _events(folder.run(), "failed")
    assert "telex" in str(event["message"])
    folder.drop("x.png", data)
    assert _events(folder.run(), "done")


def test_variants_are_numbered(folder: HotFolder) -> None:
    folder.drop("v.png", pictures.encoded(pictures.with_hole(7)))
    folder.drop("v.toml", b"count = 3\nseed = 10")
    folder.run()
    assert folder.files("outbox") == {"v.1.png", "v.2.png", "v.3.png"}
    assert [read_recipe(folder.outbox / f"v.{n}.png").seed for n in (1, 2, 3)] == [10, 11, 12]


def test_in_place(folder: HotFolder) -> None:
    for path in (folder.root / "inbox").iterdir():
        path.unlink()
    (folder.root / "inbox").rmdir()
    album = folder.root / "album"
    album.mkdir()
    hole = pictures.encoded(pictures.with_hole(8))
    (album / "a.png").write_bytes(hole)
    (album / "ordinary.png").write_bytes(pictures.encoded(pictures.photograph(8)))
    (album / "notes.txt").write_text("mine")
    (album / "half.png").write_bytes(hole[: len(hole) // 2])
    before = {p.name: p.read_bytes() for p in album.iterdir()}
    assert len(_events(folder.run("--in-place"), "done")) == 1
    after = {p.name: p.read_bytes() for p in album.iterdir()}
    assert set(after) - set(before) == {"a.inpainted.png", "half.error.txt"}
    assert before.items() <= after.items()
    assert not _events(folder.run("--in-place"), "done"), "nothing is filled twice"
    assert not (folder.root / "outbox").exists()
    assert {p.name for p in album.iterdir()} == set(after)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
@pytest.mark.parametrize("depth", ["uchar", "ushort", "float"])
def test_formats_and_depths_keep_kept_pixels_bit_by_bit(
    folder: HotFolder, suffix: str, depth: str
) -> None:
    if (suffix, depth) in {(".png", "float"), (".webp", "ushort"), (".webp", "float")}:
        pytest.skip("the format has no such depth")
    scale = {"uchar": 1, "ushort": 257, "float": 1 / 255}[depth]
    kind = {"uchar": "srgb", "ushort": "rgb16", "float": "scrgb"}[depth]
    pixels = pictures.with_hole(9).astype(np.float32) * np.float32(scale)
    image = pyvips.Image.new_from_array(pixels, interpretation=kind).cast(depth)
    image = image.copy(interpretation="srgb" if depth == "float" else kind)
    options = {".webp": {"lossless": True, "exact": True}}.get(suffix, {})
    image.write_to_file(str(folder.inbox / f"x{suffix}"), **options)
    source = pyvips.Image.new_from_file(str(folder.inbox / f"x{suffix}")).numpy()
    folder.run()
    (name,) = folder.files("outbox")
    assert Path(name).suffix == suffix
    result = pyvips.Image.new_from_file(str(folder.outbox / name)).numpy()
    assert result.dtype == source.dtype
    kept = np.ones(source.shape[:2], bool)
    kept[pictures.hole()] = False
    assert (result[kept][:, :3] == source[kept][:, :3]).all()
    assert (result[..., 3:] == source[0, 0, 3]).all()  # WebP leaves an opaque alpha channel out


def test_a_second_watcher_of_the_same_folder_says_so(folder: HotFolder) -> None:
    process = folder.start()
    assert process.stdout is not None
    process.stdout.readline()
    second = folder.start("--once")
    said, _ = second.communicate(timeout=20)
    process.terminate()
    process.communicate()
    assert second.returncode != 0
    assert "Another process is already watching" in said


def test_linked_folders_of_the_layout_are_refused(folder: HotFolder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder.root / "outbox").symlink_to(tmp_path / "elsewhere")
    process = folder.start("--once")
    said, _ = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "is a link" in said
