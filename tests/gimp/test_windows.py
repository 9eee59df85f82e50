"""Fills as a person makes them: keyboard, mouse and eyes, on a desktop with a real GIMP."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.gimp.on_screen import SELECTED, SIDE, keep, photograph_on_screen, start_with
from tests.gimp.windowed_gimp import WindowedGimp
from tests.running import Daemon, eventually


@pytest.fixture(scope="module")
def session(suite: str, gimp_root: Path | None) -> Iterator[tuple[WindowedGimp, Daemon]]:
    with photograph_on_screen(suite, gimp_root) as made:
        yield made


@pytest.fixture
def windows(session: tuple[WindowedGimp, Daemon]) -> WindowedGimp:
    return session[0]


@pytest.fixture
def daemon(session: tuple[WindowedGimp, Daemon]) -> Daemon:
    return session[1]


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
    keep(windows, "dialog", "Inpaint")
    screen.key("alt+i")
    screen.wait_for_window("Inpainting")
    screen.wait_until(lambda: "Inpaint preview" in windows.layers(), "a live preview shows")
    assert windows.ask("active()") == ["photo.png"], "the sketch has become active"
    assert screen.focused() == screen.identity(windows.title), "the window has taken the focus"
    screen.key("space")  # pans the canvas; a focused window would take it for Cancel
    keep(windows, "progress")
    screen.wait_for_no_window("Inpainting")
    screen.wait_until(
        lambda: windows.layers() == ["Inpaint: a red apple on a table", "photo.png"],
        "the new layer is there",
    )
    keep(windows, "result")
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
    keep(windows, "filled")
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
    start_with(windows, model="long-painter", grow_pixels=4)
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
    keep(windows, "edit-again", "Inpaint")
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
        start_with(windows, model=model)
        windows.command("inpaintd-inpaint")
        screen.wait_for_window("Inpaint")
        time.sleep(0.7)
        heights[model] = screen.height_of("Inpaint")
        keep(windows, f"dialog-{model}", "Inpaint")
        screen.key("Escape")
        screen.wait_for_no_window("Inpaint")
    assert heights["patchmatch"] < heights["painter"] - 150


def test_variants_are_chosen_in_a_window(windows: WindowedGimp) -> None:
    screen = windows.desktop
    start_with(windows, model="noise", count=3, seed=5)
    windows.command("inpaintd-again")
    screen.wait_for_window("Choose a Variant")
    time.sleep(0.5)
    assert windows.layers() == ["Inpaint", "photo.png"]
    assert windows.ask("visible_variants()") == ["1 of 3"]
    keep(windows, "variants")
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


def test_gimps_own_cancel_leaves_nothing(windows: WindowedGimp, daemon: Daemon) -> None:
    screen = windows.desktop
    before, cancelled = windows.seen(), _cancelled(daemon)
    start_with(windows, model="long-painter")
    windows.command("inpaintd-again")
    eventually(lambda: not _idle(daemon), "the fill has begun")
    time.sleep(0.5)
    x, y, width, height = screen.place_of(windows.title)
    screen.run("xdotool", "mousemove", str(x + width - 297), str(y + height + 24), "click", "1")
    eventually(lambda: _cancelled(daemon) == cancelled + 1, "the daemon knows")
    eventually(lambda: _idle(daemon), "the worker is free again")
    assert windows.layers() == ["photo.png"]
    assert windows.seen() == before
    assert not screen.shows("GIMP Message"), "cancelling is no error"


def test_closing_the_picture_ends_its_fill_in_silence(
    windows: WindowedGimp, daemon: Daemon
) -> None:
    screen, cancelled = windows.desktop, _cancelled(daemon)
    start_with(windows, model="long-painter")
    windows.command("inpaintd-again")
    screen.wait_for_window("Inpainting")
    screen.wait_until(lambda: "Inpaint preview" in windows.layers(), "a live preview shows")
    windows.focus_canvas()
    screen.key("ctrl+w")
    screen.wait_for_window("Close *")
    screen.key("ctrl+d")  # discard changes
    screen.wait_for_no_window("Inpainting")
    eventually(lambda: _cancelled(daemon) == cancelled + 1, "the request is cancelled")
    time.sleep(0.5)
    keep(windows, "closed")
    assert screen.windows() == ["GNU Image Manipulation Program"], "something is said"
    windows.ask("reopen('photo.png')")
    screen.wait_until(lambda: _picture_title(screen.windows()), "the picture is shown again")
    windows.title = _picture_title(screen.windows())
    windows.ask(f"select(*{SELECTED})")


def test_a_daemon_that_cannot_be_started_is_explained(
    windows: WindowedGimp, daemon: Daemon
) -> None:
    launch = windows.gimp.configuration / "plug-ins" / "inpaint" / "launch.json"
    launch.write_text(json.dumps({"command": ["/no/such/python", "-m", "inpaintd"]}))
    daemon.kill()
    before = windows.layers()
    windows.command("inpaintd-fill")
    windows.desktop.wait_for_window("GIMP Message")
    keep(windows, "message")
    assert windows.layers() == before


def _picture_title(titles: list[str]) -> str:
    """The part in brackets: "[Untitled]" or the name, as GIMP titles what a script has opened."""
    found = (re.search(r"\[.+?\]", title) for title in titles)
    return next((match[0] for match in found if match), "")


def _idle(daemon: Daemon) -> bool:
    with daemon.connect() as client:
        status = client.status()
    return not status.requests and all(worker.state == "idle" for worker in status.workers)


def _cancelled(daemon: Daemon) -> int:
    with daemon.connect() as client:
        return client.status().cancelled
