"""Trouble that passes by itself: the daemon goes away, the disk is full."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from inpaintd.cli import main
from inpaintd.hotfolder.layout import layout_of
from inpaintd_protocol.client import connect
from inpaintd_protocol.errors import InpaintError
from tests.hotfolder import pictures
from tests.hotfolder.conftest import SETTINGS, HotFolder
from tests.running import ROOT, eventually, running_daemon
from tests.small_disk import small_disk as mounted


def test_the_daemon_dies_and_another_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for the engines of the other daemon, too
    home = tmp_path / "home"
    (tmp_path / "hot" / "inbox").mkdir(parents=True)
    (tmp_path / "hot" / "inpaintd.toml").write_text(SETTINGS)
    folder = HotFolder(tmp_path / "hot", home)
    names = {f"{i}.png" for i in range(40)}
    for i, name in enumerate(sorted(names)):
        folder.drop(name, pictures.encoded(pictures.with_hole(i)))
    # One that takes long enough for the daemon to die while it is under way.
    folder.drop("30.toml", b'model = "slow"')
    try:
        with running_daemon(home) as daemon:
            process = folder.start("--once")
            with daemon.connect() as client:
                eventually(
                    lambda: any(worker.model == "slow" for worker in client.status().workers),
                    "the slow one is under way",
                )
            daemon.kill()
            said, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert folder.files("outbox") == names
        assert any(json.loads(line)["event"] == "trouble" for line in said.splitlines())
    finally:
        with suppress(InpaintError), connect(home, name="test") as client:
            client.shutdown()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path, "32m") as disk:
        yield disk


def test_a_full_disk_loses_nothing_and_room_is_waited_for(
    small_disk: Path, daemon_home: Path
) -> None:
    folder = HotFolder(small_disk / "hot", daemon_home)
    folder.inbox.mkdir(parents=True)
    (folder.root / "inpaintd.toml").write_text(SETTINGS)
    for i in range(3):
        folder.drop(f"{i}.png", pictures.encoded(pictures.with_hole(i)))
    process = folder.start()
    eventually(lambda: len(folder.files("done")) == 3, "the first ones are filled")
    ballast = small_disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    ordered = small_disk / "hot" / "inbox" / "late.png"
    (folder.done / "0.png").rename(ordered)
    (folder.outbox / "0.png").unlink()
    with suppress(OSError), ballast.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert process.stdout is not None
    events = iter(process.stdout.readline, "")
    assert any('"trouble"' in line for line in events)
    assert not folder.files("failed")
    ballast.unlink()
    eventually(lambda: "late.png" in folder.files("outbox"), "there is room again", 40)
    process.terminate()
    process.communicate(timeout=20)
    assert "late.png" in folder.files("done")
    assert not folder.files("failed")


@pytest.mark.parametrize("options", [("--once",), ("--in-place",), ()])
def test_a_typo_makes_no_tree(
    tmp_path: Path, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    typo = tmp_path / "typo" / "hot" if not options else tmp_path / "typo"
    assert main(["watch", str(typo), *options]) == 4
    assert "There is no folder" in capsys.readouterr().err
    assert not (tmp_path / "typo").exists()


def test_a_new_hot_folder_may_be_made(tmp_path: Path) -> None:
    layout_of(tmp_path / "hot").check(new=True)
