"""A picture that ends or stalls the process that opens it ends nothing else, and is put aside."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.hotfolder import pictures
from tests.hotfolder.conftest import HotFolder

LETHAL = """
import os, signal, sys
if "inpaintd.hotfolder.pixel_process" in sys.orig_argv:
    import inpaintd.files.reading as module
    read = module.read_file
    def lethal(path, data=None):
        exec(DEEDS.get(path.name, ""))
        return read(path, data)
    module.read_file = lethal
"""
DEEDS = {
    "killer.png": ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    "odd.png": ("raise ZeroDivisionError('a riddle')", "a riddle"),
    "large.png": ("bytearray(1 << 60)", "too large for the memory"),
}
"""Effects of opening a file, and the messages about them."""


@pytest.mark.skipif(os.name == "nt", reason="ends a process by a signal")
def test_it_is_tried_twice_and_put_aside(
    folder: HotFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_lethal(tmp_path, monkeypatch, {name: deed for name, (deed, _) in DEEDS.items()})
    others = {"1.png", "2.png", "3.png"}
    for number, name in enumerate(sorted({*DEEDS, *others})):
        folder.drop(name, pictures.encoded(pictures.with_hole(number)))
    process = folder.start("--once")
    process.communicate(timeout=60)
    assert process.returncode == 1
    assert folder.files("outbox") == others
    for name, (_, reason) in DEEDS.items():
        assert name in folder.files("failed")
        assert reason in (folder.failed / name).with_suffix(".error.txt").read_text()


def make_lethal(folder: Path, monkeypatch: pytest.MonkeyPatch, deeds: dict[str, str]) -> None:
    """Have each process for pixels do these deeds when it opens files of these names."""
    (folder / "site").mkdir()
    (folder / "site/sitecustomize.py").write_text(LETHAL.replace("DEEDS", repr(deeds)))
    monkeypatch.setenv("PYTHONPATH", str(folder / "site"))


@pytest.mark.skipif(sys.platform != "linux", reason="kills the parent of a process")
def test_what_kills_the_watch_itself_is_put_aside_at_the_third_start(
    folder: HotFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deed = "os.kill(os.getppid(), signal.SIGKILL); signal.pause()"
    make_lethal(tmp_path, monkeypatch, {"killer.png": deed})
    folder.drop("killer.png", pictures.encoded(pictures.with_hole(1)))
    folder.drop("other.png", pictures.encoded(pictures.with_hole(2)))
    for _ in range(2):
        process = folder.start("--once")
        process.communicate(timeout=60)
        assert process.returncode == -9
    assert folder.run()[-1]["done"] == 1
    assert folder.files("outbox") == {"other.png"}
    assert "twice" in (folder.failed / "killer.error.txt").read_text()
