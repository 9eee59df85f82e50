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

from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings
from tests.gimp.conftest import PAINTERS, installed_gimp
from tests.gimp.gimp_root import can_mount
from tests.gimp.windowed_gimp import WindowedGimp, windowed_gimp
from tests.running import Daemon, eventually, running_daemon
from tests.textmask.conftest import INSTALLED

SELECTED = (150, 60, 90, 110)
SIDE = 512


@pytest.fixture(scope="module")
def session(
    suite: str, gimp_root: Path | None, text_mask_model: str
) -> Iterator[tuple[WindowedGimp, Daemon]]:
    if suite == "forky" and gimp_root is not None and not can_mount():
        # Its windows abort when they load an icon: SVG files are read in a sandbox (glycin).
        pytest.skip("GIMP 3.2's icons need a sandbox that a plain chroot does not provide")
    with installed_gimp(gimp_root) as gimp:
        photograph = gimp.work / "photo.png"
        Image.fromarray(skimage.data.astronaut()).save(photograph)
        settings = {"settings": {"model": "slow-painter", "grow_pixels": 4}}
        (gimp.configuration / "inpaint-settings.json").write_text(json.dumps(settings))
        with (
            running_daemon(gimp.work / "daemon", models=PAINTERS + text_mask_model) as daemon,
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


by_text = pytest.mark.skipif(not INSTALLED, reason="the extra `diffusion` is not installed")


def _mask(daemon: Daemon, **settings: object) -> bytes:
    """The mask that the daemon finds in the photograph."""
    photograph = skimage.data.astronaut()
    plane = Plane(SIDE, SIDE, 3, "u8", photograph.tobytes())
    with daemon.connect() as client:
        return bytes(client.mask(plane, Settings(**settings)).mask.data)


def _wait_for_selection(windows: WindowedGimp, expected: bytes) -> None:
    assert any(expected)
    windows.desktop.wait_until(lambda: windows.selection() == expected, "that is selected")


def _keep(windows: WindowedGimp, name: str, window: str | None = None) -> None:
    folder = os.environ.get("INPAINTD_SCREENSHOTS")
    if folder:
        windows.desktop.screenshot(Path(folder) / f"{name}.png", window)


def _settings(windows: WindowedGimp, **settings: object) -> None:
    """Set the settings that the dialog starts with."""
    remembered = windows.gimp.configuration / "inpaint-settings.json"
    remembered.write_text(json.dumps({"settings": settings}))
    windows.ask("forget_settings()")


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
    assert windows.ask("active()") == ["photo.png"], "the sketch has become active"
    assert screen.focused() == screen.identity(windows.title), "the window has taken the focus"
    screen.key("space")  # pans the canvas; a focused window would take it for Cancel
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
    _settings(windows, model="long-painter", grow_pixels=4)
    windows.command("inpaintd-inpaint")
    screen.wait_for_window("Inpaint")
    time.sleep(0.5)
    screen.key("ctrl+a")
    screen.write("never to be seen")
    screen.key("alt+i")
    screen.wait_until(lambda: "Inpaint preview" in windows.layers(), "a live preview shows")
    screen.wait_for_window("Inpainting")
    screen.click_right_button_of("Inpainting")
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
    assert "seed" not in settings


def test_edit_again_brings_the_recipe_back_into_the_dialog(windows: WindowedGimp) -> None:
    screen = windows.desktop
    windows.ask("inpaint(prompt='a boat', model='painter', feather_pixels=3)")
    assert windows.layers() == ["Inpaint: a boat", "photo.png"]
    windows.ask("activate(0)")
    windows.command("inpaintd-edit-again")
    screen.wait_for_window("Inpaint")
    time.sleep(0.5)
    screen.key("ctrl+End")
    screen.write(" at sea")
    _keep(windows, "edit-again", "Inpaint")
    screen.key("ctrl+Return")
    made = ["Inpaint: a boat at sea", "photo.png"]
    screen.wait_until(lambda: windows.layers() == made, "the fill is made anew in its place")
    remembered = windows.gimp.configuration / "inpaint-settings.json"
    settings = json.loads(remembered.read_text())["settings"]
    assert (settings["prompt"], settings["feather_pixels"]) == ("a boat at sea", 3)
    assert (settings["seed"], settings["model"]) == (7, "painter")
    windows.focus_canvas()
    screen.key("ctrl+z", "ctrl+z")
    screen.wait_until(lambda: windows.layers() == ["photo.png"], "two undos take two calls back")


def test_dialogs_stay_above_gimp_beside_the_picture(windows: WindowedGimp) -> None:
    screen = windows.desktop
    windows.command("inpaintd-inpaint")
    screen.wait_for_window("Inpaint")
    time.sleep(0.5)
    assert screen.identity(windows.title) == screen.owner_of("Inpaint")
    left, _, width, _ = screen.place_of("Inpaint")
    assert left + width > 1280 - 60, "it does not stand at the right"
    screen.move("Inpaint", 500, 200)
    screen.key("Escape")
    screen.wait_for_no_window("Inpaint")
    windows.command("inpaintd-inpaint")
    screen.wait_for_window("Inpaint")
    time.sleep(0.5)
    assert abs(screen.place_of("Inpaint")[0] - 500) < 10
    screen.key("Escape")
    screen.wait_for_no_window("Inpaint")


def test_what_a_model_does_not_take_is_not_shown(windows: WindowedGimp) -> None:
    screen = windows.desktop
    heights = {}
    for model in ("painter", "patchmatch"):
        _settings(windows, model=model)
        windows.command("inpaintd-inpaint")
        screen.wait_for_window("Inpaint")
        time.sleep(0.7)
        heights[model] = screen.height_of("Inpaint")
        _keep(windows, f"dialog-{model}", "Inpaint")
        screen.key("Escape")
        screen.wait_for_no_window("Inpaint")
    assert heights["patchmatch"] < heights["painter"] - 150


def test_variants_are_chosen_in_a_window(windows: WindowedGimp) -> None:
    screen = windows.desktop
    _settings(windows, model="noise", count=3, seed=5)
    windows.command("inpaintd-again")
    screen.wait_for_window("Choose a Variant")
    time.sleep(0.5)
    assert windows.layers() == ["Inpaint", "photo.png"]
    assert windows.ask("visible_variants()") == ["1 of 3"]
    _keep(windows, "variants")
    screen.activate("Choose a Variant")
    screen.key("Right")
    screen.wait_until(lambda: windows.ask("visible_variants()") == ["2 of 3"], "the next shows")
    screen.key("alt+m")
    screen.wait_until(lambda: windows.ask("visible_variants()") == ["4 of 6"], "more are there")
    time.sleep(0.5)
    screen.activate("Choose a Variant")
    screen.key("Left", "alt+k")
    screen.wait_for_no_window("Choose a Variant")
    assert windows.layers() == ["Inpaint", "photo.png"]
    assert windows.ask("visible_variants()") == []
    windows.focus_canvas()
    screen.key("ctrl+z", "ctrl+z", "ctrl+z")
    screen.wait_until(lambda: windows.layers() == ["photo.png"], "three undos take it all back")


@by_text
def test_a_mask_by_text_is_shown_and_cancelled(windows: WindowedGimp, daemon: Daemon) -> None:
    screen, before = windows.desktop, windows.selection()
    windows.command("inpaintd-mask-by-text")
    screen.wait_for_window("Mask by Text")
    time.sleep(0.5)
    screen.write("red")
    screen.key("Return")
    _wait_for_selection(windows, _mask(daemon, text_mask="red"))
    _keep(windows, "mask-by-text", "Mask by Text")
    _keep(windows, "mask-by-text-shown")
    screen.key("Tab", "Tab", "ctrl+a")
    screen.write("0.8")
    screen.key("Tab")
    _wait_for_selection(windows, _mask(daemon, text_mask="red", text_mask_threshold=0.8))
    screen.key("Tab", "space")
    inverted = _mask(daemon, text_mask="red", text_mask_threshold=0.8, invert=True)
    _wait_for_selection(windows, inverted)
    screen.key("Escape")
    screen.wait_for_no_window("Mask by Text")
    assert windows.selection() == before
    windows.focus_canvas()
    screen.key("ctrl+z")  # takes back what was done before the dialog
    screen.wait_until(lambda: not any(windows.selection()), "the selection is undone")
    screen.key("ctrl+y")
    _wait_for_selection(windows, before)


@by_text
def test_a_mask_by_text_is_one_undo_step(windows: WindowedGimp, daemon: Daemon) -> None:
    screen, before = windows.desktop, windows.selection()
    settings = {"text_mask": "blue", "text_mask_threshold": 0.4, "grow_pixels": 3}
    remembered = windows.gimp.configuration / "inpaint-mask.json"
    choices = {"settings": settings, "combination": "add", "result": "selection"}
    remembered.write_text(json.dumps(choices))
    windows.ask("forget_settings()")
    windows.command("inpaintd-mask-by-text")
    screen.wait_for_window("Mask by Text")
    time.sleep(0.5)
    screen.key("alt+o")  # without a look at it before
    screen.wait_for_no_window("Mask by Text")
    found = np.frombuffer(_mask(daemon, **settings), np.uint8)
    both = np.maximum(found, np.frombuffer(before, np.uint8)).tobytes()
    assert both not in (before, found.tobytes())
    _wait_for_selection(windows, both)
    windows.focus_canvas()
    screen.key("ctrl+z")
    _wait_for_selection(windows, before)
    screen.key("ctrl+f")  # the same again, with the last values
    _wait_for_selection(windows, both)
    screen.key("ctrl+z")
    _wait_for_selection(windows, before)


@by_text
def test_the_hole_of_a_text_is_shown_before_it_is_filled(
    windows: WindowedGimp, daemon: Daemon
) -> None:
    screen, before = windows.desktop, windows.selection()
    _settings(windows, model="identity", feather_pixels=5)
    windows.command("inpaintd-inpaint")
    screen.wait_for_window("Inpaint")
    time.sleep(0.5)
    screen.key("Tab", "Tab", "Tab", "Tab")  # prompt, model, the button of models, mask source
    screen.write("blue")
    screen.key("Tab", "space")
    hole = _mask(daemon, text_mask="blue", feather_pixels=5)
    _wait_for_selection(windows, hole)
    time.sleep(0.3)
    _keep(windows, "hole-by-text", "Inpaint")
    _keep(windows, "hole-by-text-shown")
    screen.key("alt+i")
    screen.wait_until(lambda: windows.layers() == ["Inpaint", "photo.png"], "the fill is there")
    assert windows.selection() == before
    filled = np.frombuffer(hole, np.uint8) > 0
    alpha = windows.ask("alpha_of_new()")
    assert alpha == np.flatnonzero(filled).size
    windows.focus_canvas()
    screen.key("ctrl+z")
    screen.wait_until(lambda: windows.layers() == ["photo.png"], "undone")


@by_text
def test_what_is_missing_is_said_in_the_dialog(windows: WindowedGimp, daemon: Daemon) -> None:
    screen, before = windows.desktop, windows.selection()
    registry = daemon.home / "models.toml"
    models = registry.read_text()
    registry.write_text(models.partition("[clipseg]")[0])
    try:
        windows.command("inpaintd-mask-by-text")
        screen.wait_for_window("Mask by Text")
        time.sleep(0.5)
        height = screen.height_of("Mask by Text")
        screen.key("ctrl+a")
        screen.write("hair")
        screen.key("alt+o")
        screen.wait_until(
            lambda: screen.height_of("Mask by Text") > height + 30, "the dialog says what is wrong"
        )
        _keep(windows, "mask-by-text-without-model", "Mask by Text")
        screen.key("Escape")
        screen.wait_for_no_window("Mask by Text")
    finally:
        registry.write_text(models)
    assert windows.selection() == before
    remembered = windows.gimp.configuration / "inpaint-mask.json"
    assert json.loads(remembered.read_text())["settings"]["text_mask"] == "hair"


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
