"""The first use of an unpacked archive in a GIMP that has nothing else, up to the first fill."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from tests.gimp.bare_gimp import bare_gimp
from tests.gimp.windowed_gimp import windowed_gimp

pytestmark = pytest.mark.exhaustive

SET_UP = "Set Up inpaintd"
SELECTED = (150, 60, 90, 110)
SCRIPT = Path(__file__).parents[2] / "scripts" / "make_bundles.py"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    made = subprocess.run(
        [sys.executable, str(SCRIPT), "--into", str(folder), "linux-x86_64"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"no archive could be built: {made.stderr[-300:]}")
    return next(folder.glob("*.tar.gz"))


def test_an_unpacked_archive_sets_itself_up_and_fills(
    suite: str, gimp_root: Path | None, archive: Path
) -> None:
    if suite == "forky":
        pytest.skip("its windows abort in a plain chroot")
    with bare_gimp(gimp_root, archive) as gimp:
        photograph = gimp.work / "photo.png"
        Image.fromarray(skimage.data.astronaut()).save(photograph)
        with windowed_gimp(gimp, photograph) as windows:
            screen, home = windows.desktop, gimp.home / ".inpaintd"
            before = windows.seen()
            windows.ask(f"select(*{SELECTED})")
            windows.command("inpaintd-fill")
            screen.wait_for_window(SET_UP)
            screen.activate(SET_UP)
            screen.key("Escape")
            screen.wait_for_no_window(SET_UP)
            assert not home.exists()
            windows.command("inpaintd-fill")
            screen.wait_for_window(SET_UP)
            screen.activate(SET_UP)
            screen.key("Return")
            cache = home / "app" / ".cache"
            screen.wait_until(cache.exists, "it is being fetched")
            screen.key("Escape")
            screen.wait_for_no_window(SET_UP)
            assert not home.exists(), "something half done is left"
            assert windows.layers() == ["photo.png"]
            windows.command("inpaintd-fill")
            screen.wait_for_window(SET_UP)
            screen.activate(SET_UP)
            screen.key("Return")
            screen.wait_for_no_window(SET_UP, 300)
            filled = ["Inpaint", "photo.png"]
            screen.wait_until(lambda: windows.layers() == filled, "the fill is there", 90)
            changed = np.frombuffer(before, np.uint8) != np.frombuffer(windows.seen(), np.uint8)
            assert changed.any()
            assert not cache.exists()
            gimp_stop = f"{gimp.inside(home)}/app/*/bin/python -m inpaintd stop"
            screen.run("sh", "-c", gimp_stop)
