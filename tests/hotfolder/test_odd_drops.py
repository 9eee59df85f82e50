"""Odd things that people, other systems and accidents do to a hot folder."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from inpaintd.hotfolder.moving import free_name, move
from tests.hotfolder import pictures
from tests.hotfolder.conftest import SETTINGS, HotFolder
from tests.running import eventually
from tests.small_disk import small_disk

CLOCK_GOES_BACK = """
import itertools, time
real, steps = time.time, itertools.count()
time.time = lambda: real() - 1000 * next(steps)
"""


def hole(number: int = 1) -> bytes:
    return pictures.encoded(pictures.with_hole(number))


def opaque(number: int = 1) -> bytes:
    return pictures.encoded(pictures.photograph(number))


def mask() -> bytes:
    return pictures.encoded(pictures.mask_picture())


def failures(events: list[dict[str, Any]]) -> dict[str, str]:
    return {e["name"]: f"{e['message']} {e['hint']}" for e in events if e["event"] == "failed"}


def test_companions_may_be_spelt_in_capitals(folder: HotFolder) -> None:
    folder.drop("A.PNG", opaque(1))
    folder.drop("a.MASK.PNG", mask())
    folder.drop("b.png", hole(2))
    folder.drop("B.TOML", b"seed = 3")
    folder.drop("b.TXT", b"a pond")
    assert not failures(folder.run())
    assert folder.files("done") == {"A.PNG", "a.MASK.PNG", "b.png", "B.TOML", "b.TXT"}


def test_names_that_differ_by_capitals_alone_are_two(folder: HotFolder) -> None:
    names = {"NAME.PNG", "name.png", "NAME.mask.PNG", "name.mask.png"}
    for number, name in enumerate(sorted(names)):
        folder.drop(name, mask() if "mask" in name else opaque(number))
    if folder.files("inbox") != names:
        pytest.skip("this disk does not tell them apart")
    assert not failures(folder.run())
    assert folder.files("done") == names
    assert folder.files("outbox") == {"NAME.png", "name.png"}


def test_of_two_pictures_one_has_the_mask(folder: HotFolder) -> None:
    folder.drop("a.jpg", pictures.encoded(pictures.photograph(1), "JPEG"))
    folder.drop("a.png", hole(2))
    folder.drop("a.mask.png", mask())
    assert not failures(folder.run())
    assert folder.files("outbox") == {"a.png", "a.1.png"}


WRONG_SIDECARS = {
    b"seed = ": "is not valid",
    b"nonsense = 1": "nonsense is unknown",
    b"seed = 'x'": "seed must be a whole number",
    b"steps = 0": "steps is 0",
    b"\xff\xfe": "not UTF-8 text",
    b"[watch]\nscan_seconds = 1": "watch is unknown",
}


def test_a_wrong_sidecar_is_named(folder: HotFolder) -> None:
    for number, text in enumerate(WRONG_SIDECARS):
        folder.drop(f"{number}.png", hole(number))
        folder.drop(f"{number}.toml", text)
    told = failures(folder.run())
    for number, said in enumerate(WRONG_SIDECARS.values()):
        sentence = told[f"{number}.png"]
        assert f"{number}.toml" in sentence
        assert said in sentence
        assert "fill --help" in sentence
        assert {f"{number}{s}" for s in (".png", ".toml", ".error.txt")} <= folder.files("failed")


@pytest.mark.skipif(os.name == "nt", reason="links are made for POSIX systems")
def test_folders_of_the_outbox_that_cannot_be_used(folder: HotFolder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder.outbox.mkdir()
    (folder.outbox / "file").write_text("a file where a folder is wanted")
    (folder.outbox / "link").symlink_to(tmp_path / "elsewhere")
    (folder.outbox / "a.png").mkdir()
    for number, name in enumerate(("file/deep/x.png", "link/x.png", "a.png")):
        folder.drop(name, hole(number))
    assert folder.run()[-1]["done"] == 3
    assert folder.files("outbox") == {
        "file",
        "link",
        "file.1/deep/x.png",
        "link.1/x.png",
        "a.1.png",
    }
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_file_where_a_folder_is_wanted_is_said_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "sub").write_text("a file")
    (tmp_path / "x").write_text("to move")
    with pytest.raises(FileExistsError):
        move(tmp_path / "x", tmp_path / "sub/deep/x")
    assert free_name(tmp_path, "sub/deep/x") == "sub.1/deep/x"


@pytest.mark.parametrize("gone", [("inbox",), ("outbox", "done", "processing"), ("failed",)])
def test_folders_that_are_deleted_meanwhile(folder: HotFolder, gone: tuple[str, ...]) -> None:
    folder.drop("early.png", hole(1))
    with folder.watching():
        eventually(lambda: "early.png" in folder.files("done"), "the watch runs")
        for name in gone:
            shutil.rmtree(folder.root / name)
        folder.drop("a.png", hole(2))
        folder.drop("bad.png", b"no picture")
        eventually(lambda: (folder.done / "a.png").exists(), "it goes on")
        eventually(lambda: (folder.failed / "bad.error.txt").exists(), "it goes on failing, too")


def test_a_clock_that_goes_back_stops_nothing(folder: HotFolder) -> None:
    folder.drop("early.png", hole(1))
    with folder.watching(CLOCK_GOES_BACK):
        eventually(lambda: "early.png" in folder.files("done"), "what was there is filled")
        folder.drop("late.png", hole(2))
        eventually(lambda: "late.png" in folder.files("done"), "what comes is filled")


def test_settings_may_change_while_it_runs(folder: HotFolder) -> None:
    folder.drop("early.png", hole(9))
    with folder.watching():
        eventually(lambda: "early.png" in folder.files("done"), "the watch runs")
        for number, (text, said) in enumerate(
            [('model = "telex"', "telex"), ("broken [", "inpaintd.toml is not valid")]
        ):
            (folder.root / "inpaintd.toml").write_text(text)
            folder.drop(f"{number}.png", hole(number))
            path = folder.failed / f"{number}.error.txt"
            eventually(path.exists, "the new settings count")
            assert said in path.read_text()
        (folder.root / "inpaintd.toml").write_text(SETTINGS)
        folder.drop("2.png", hole(2))
        eventually(lambda: "2.png" in folder.files("done"), "correct again")


def test_a_linked_inbox_is_refused(folder: HotFolder, tmp_path: Path) -> None:
    folder.inbox.rmdir()
    (tmp_path / "elsewhere").mkdir()
    folder.inbox.symlink_to(tmp_path / "elsewhere")
    process = folder.start("--once")
    said, _ = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "is a link" in json.loads(said)["error"]["message"]
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_start_on_a_full_disk_says_so(tmp_path: Path, daemon_home: Path) -> None:
    with small_disk(tmp_path, "1m") as disk:
        folder = HotFolder(disk / "hot", daemon_home)
        folder.inbox.mkdir(parents=True)
        folder.drop("a.png", hole())
        with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        process = folder.start("--once")
        said, errors = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "Traceback" not in errors, errors
        last = json.loads(said.splitlines()[-1])
        assert "full" in last["error"]["message"] or "space" in last["error"]["message"]
        (disk / "ballast").unlink()
        assert folder.run()[-1]["done"] == 1
