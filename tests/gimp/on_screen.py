"""One photograph on the screen of a real GIMP, with a real daemon, for all tests with windows.

The screenshots are kept in the folder named by INPAINTD_SCREENSHOTS, for people to look at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from tests.gimp.conftest import PAINTERS, installed_gimp
from tests.gimp.gimp_root import can_mount
from tests.gimp.windowed_gimp import WindowedGimp, windowed_gimp
from tests.running import Daemon, running_daemon

SELECTED = (150, 60, 90, 110)
SIDE = 512


@contextmanager
def photograph_on_screen(
    suite: str, gimp_root: Path | None, more_models: str = ""
) -> Iterator[tuple[WindowedGimp, Daemon]]:
    """Open a photograph with a rectangle selected."""
    if suite == "forky" and gimp_root is not None and not can_mount():
        # Its windows abort when they load an icon: SVG files are read in a sandbox (glycin).
        pytest.skip("GIMP 3.2's icons need a sandbox that a plain chroot does not provide")
    with installed_gimp(gimp_root) as gimp:
        photograph = gimp.work / "photo.png"
        Image.fromarray(skimage.data.astronaut()).save(photograph)
        settings = {"settings": {"model": "slow-painter", "grow_pixels": 4}}
        (gimp.configuration / "inpaint-settings.json").write_text(json.dumps(settings))
        with (
            running_daemon(gimp.work / "daemon", models=PAINTERS + more_models) as daemon,
            windowed_gimp(gimp, photograph) as windows,
        ):
            windows.ask(f"select(*{SELECTED})")
            yield windows, daemon


def keep(windows: WindowedGimp, name: str, window: str | None = None) -> None:
    folder = os.environ.get("INPAINTD_SCREENSHOTS")
    if folder:
        windows.desktop.screenshot(Path(folder) / f"{name}.png", window)


def start_with(windows: WindowedGimp, **settings: object) -> None:
    """Have the dialog start with these settings."""
    remembered = windows.gimp.configuration / "inpaint-settings.json"
    remembered.write_text(json.dumps({"settings": settings}))
    windows.ask("forget_settings()")
