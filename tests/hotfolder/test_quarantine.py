"""A picture that ends or stalls the process that opens it ends nothing else, and is put aside."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.hotfolder import pictures
from tests.hotfolder.conftest import HotFolder

KILLER = """
import os, signal, sys
if "inpaintd.hotfolder.pixel_process" in sys.orig_argv:
    import inpaintd.files.reading as module
    read = module.read_file
    def lethal(path, data=None):
        if path.name == "killer.png":
            {deed}
        return read(path, data)
    module.read_file = lethal
"""


@pytest.mark.skipif(os.name == "nt", reason="ends a process by a signal")
@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("raise ZeroDivisionError('odd')", "odd"),
        ("bytearray(1 << 60)", "not enough memory"),
    ],
    ids=["killed", "unexpected", "memory"],
)
def test_it_is_tried_twice_and_put_aside(
    folder: HotFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str, reason: str
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(KILLER.format(deed=deed))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    folder.drop("killer.png", pictures.encoded(pictures.with_hole(1)))
    for number in range(2, 5):
        folder.drop(f"{number}.png", pictures.encoded(pictures.with_hole(number)))
    process = folder.start("--once")
    process.communicate(timeout=60)
    assert process.returncode == 1
    assert folder.files("outbox") == {"2.png", "3.png", "4.png"}
    assert folder.files("failed") == {"killer.png", "killer.error.txt"}
    assert reason in (folder.failed / "killer.error.txt").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="kills the parent of a process")
def test_what_kills_the_watch_itself_is_put_aside_at_the_third_start(
    folder: HotFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    deed = "os.kill(os.getppid(), signal.SIGKILL); signal.pause()"
    (tmp_path / "site/sitecustomize.py").write_text(KILLER.format(deed=deed))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    folder.drop("killer.png", pictures.encoded(pictures.with_hole(1)))
    folder.drop("other.png", pictures.encoded(pictures.with_hole(2)))
    for _ in range(2):
        process = folder.start("--once")
        process.communicate(timeout=60)
        assert process.returncode == -9
    assert folder.run()[-1]["done"] == 1
    assert folder.files("outbox") == {"other.png"}
    assert "twice" in (folder.failed / "killer.error.txt").read_text()
