"""The dialog as a person uses it: keyboard and eyes, on a desktop with a real GIMP.

The screenshots are kept in the folder named by INPAINTD_SCREENSHOTS, for people to look at.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from tests.gimp.conftest import installed_gimp
from tests.gimp.windowed_gimp import WindowedGimp, windowed_gimp
from tests.running import Daemon, eventually, running_daemon

SELECTED = (150, 60, 90, 110)
SIDE = 512


@pytest.fixture(scope="module")
def session(gimp_root: Path | None) -> Iterator[tuple[WindowedGimp, Daemon]]:
    with installed_gimp(gimp_root) as gimp:
        photograph = gimp.work / "photo.png"
        Image.fromarray(skimage.data.astronaut()).save(photograph)
        settings = {"settings": {"model": "slow", "grow_pixels": 4}}
        (gimp.configuration / "inpaint-settings.json").write_text(json.dumps(settings))
        with (
            running_daemon(gimp.work / "daemon") as daemon,
            windowed_gimp(gimp, photograph) as windows,
        ):
            windows.ask(f"select(*{SELECTED})")
            yield windows, daemon


@pytest.fixture
def windows(session: tuple[WindowedGimp, Daemon]) -> WindowedGimp:
    return session[0]


@pytest.fixture
def daemon(session: tuple[WindowedGimp, Daemon]) -> Daemon:
    return session[1]


def _keep(windows: WindowedGimp, name: str, window: str | None = None) -> None:
    folder = os.environ.get("INPAINTD_SCREENSHOTS")
    if folder:
        windows.desktop.screenshot(Path(folder) / f"{name}.png", window)


def _picture(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8).reshape(SIDE, SIDE, 4)


def test_a_run_with_the_dialog_is_one_undo_step(windows: WindowedGimp) -> None:
    screen = windows.desktop
    before = windows.seen()
    windows.command("inpaintd-inpaint")
    screen.wait_for_window("Inpaint")
    time.sleep(0.5)
    screen.write("a red apple")
    screen.key("Return")  # a new line, not the default button
    screen.write("on a table")
    time.sleep(0.3)
    _keep(windows, "dialog", "Inpaint")
    screen.key("alt+i")
    screen.wait_for_window("Inpainting")
    screen.wait_until(lambda: "Inpaint preview" in windows.layers(), "a live preview shows")
    _keep(windows, "progress")
    screen.wait_for_no_window("Inpainting")
    screen.wait_until(
        lambda: windows.layers() == ["Inpaint: a red apple on a table", "photo.png"],
        "the new layer is there",
    )
    _keep(windows, "result")
    after = windows.seen()
    assert after == before, "the identity engine changes nothing"
    assert windows.ask("get_new_alpha(*(150, 60, 90, 110))") == [255]
    windows.focus_canvas()
    screen.key("ctrl+z")
    screen.wait_until(lambda: windows.layers() == ["photo.png"], "one undo takes it all back")
    assert windows.seen() == before


def test_fill_changes_the_selection_and_nothing_else(windows: WindowedGimp) -> None:
    before = _picture(windows.seen())
    windows.command("inpaintd-fill")
    windows.desktop.wait_until(
        lambda: windows.layers() == ["Inpaint", "photo.png"], "the fill is there"
    )
    _keep(windows, "filled")
    changed = (_picture(windows.seen()) != before).any(axis=2)
    x, y, width, height = SELECTED
    assert changed[y : y + height, x : x + width].mean() > 0.9
    changed[y : y + height, x : x + width] = False
    assert not changed.any(), "pixels outside the selection have changed"
    windows.focus_canvas()
    windows.desktop.key("ctrl+z")
    windows.desktop.wait_until(lambda: windows.layers() == ["photo.png"], "undone")
    assert (_picture(windows.seen()) == before).all()


def test_cancel_leaves_nothing_and_forgets_nothing(windows: WindowedGimp, daemon: Daemon) -> None:
    screen = windows.desktop
    before = windows.seen()
    windows.command("inpaintd-inpaint")
    screen.wait_for_window("Inpaint")
    time.sleep(0.5)
    screen.key("ctrl+a")
    screen.write("never to be seen")
    screen.key("alt+i")
    screen.wait_until(lambda: "Inpaint preview" in windows.layers(), "a live preview shows")
    screen.wait_for_window("Inpainting")
    screen.activate("Inpainting")
    screen.key("Escape")
    screen.wait_for_no_window("Inpainting")
    eventually(lambda: _idle(daemon), "the worker is free again")
    with daemon.connect() as client:
        assert client.status().cancelled == 1, "it did not just come to its end"
    screen.wait_until(lambda: windows.layers() == ["photo.png"], "the preview is gone")
    assert windows.seen() == before
    assert not screen.shows("GIMP Message"), "cancelling is no error"
    remembered = windows.gimp.configuration / "inpaint-settings.json"
    settings = json.loads(remembered.read_text())["settings"]
    assert settings["prompt"] == "never to be seen"
    assert settings["grow_pixels"] == 4
    assert settings["seed"] is None


def test_edit_again_brings_the_recipe_back_into_the_dialog(windows: WindowedGimp) -> None:
    screen = windows.desktop
    windows.ask("inpaint(prompt='a boat', model='identity', feather_pixels=3)")
    assert windows.layers() == ["Inpaint: a boat", "photo.png"]
    windows.command("inpaintd-edit-again")
    screen.wait_for_window("Inpaint")
    time.sleep(0.5)
    screen.key("ctrl+End")
    screen.write(" at sea")
    _keep(windows, "edit-again", "Inpaint")
    screen.key("alt+i")
    made = ["Inpaint: a boat at sea", "Inpaint: a boat", "photo.png"]
    screen.wait_until(lambda: windows.layers() == made, "the fill is made anew")
    remembered = windows.gimp.configuration / "inpaint-settings.json"
    settings = json.loads(remembered.read_text())["settings"]
    assert (settings["prompt"], settings["feather_pixels"]) == ("a boat at sea", 3)
    assert (settings["seed"], settings["model"]) == (7, "identity")
    windows.focus_canvas()
    screen.key("ctrl+z", "ctrl+z")
    screen.wait_until(lambda: windows.layers() == ["photo.png"], "two undos take two calls back")


def test_a_daemon_that_cannot_be_started_is_explained(
    windows: WindowedGimp, daemon: Daemon
) -> None:
    launch = windows.gimp.configuration / "plug-ins" / "inpaint" / "launch.json"
    launch.write_text(json.dumps({"command": ["/no/such/python", "-m", "inpaintd"]}))
    daemon.kill()
    windows.command("inpaintd-fill")
    windows.desktop.wait_for_window("GIMP Message")
    _keep(windows, "message")
    assert windows.layers() == ["photo.png"]


def _idle(daemon: Daemon) -> bool:
    with daemon.connect() as client:
        status = client.status()
    return not status.requests and all(worker.state == "idle" for worker in status.workers)
