"""Masks by text and of objects as a person makes them, on a desktop with a real GIMP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from inpaintd_protocol.messages import Click, ObjectPrompt
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings
from tests.gimp.on_screen import SELECTED, SIDE, keep, photograph_on_screen, start_with
from tests.gimp.windowed_gimp import WindowedGimp
from tests.running import Daemon


@pytest.fixture(scope="module")
def session(
    suite: str, gimp_root: Path | None, text_mask_model: str, object_mask_model: str
) -> Iterator[tuple[WindowedGimp, Daemon]]:
    if not text_mask_model:
        pytest.skip("the extra `diffusion` is not installed")
    models = object_mask_model + text_mask_model
    with photograph_on_screen(suite, gimp_root, models) as made:
        yield made


@pytest.fixture
def windows(session: tuple[WindowedGimp, Daemon]) -> WindowedGimp:
    return session[0]


@pytest.fixture
def daemon(session: tuple[WindowedGimp, Daemon]) -> Daemon:
    return session[1]


def _mask(daemon: Daemon, prompt: ObjectPrompt | None = None, **settings: object) -> bytes:
    """The mask that the daemon finds in the photograph."""
    photograph = skimage.data.astronaut()
    plane = Plane(SIDE, SIDE, 3, "u8", photograph.tobytes())
    with daemon.connect() as client:
        return bytes(client.mask(plane, Settings(**settings), object_prompt=prompt).mask.data)


def _wait_for_selection(windows: WindowedGimp, expected: bytes) -> None:
    assert any(expected)
    windows.desktop.wait_until(lambda: windows.selection() == expected, "that is selected")


def test_a_mask_by_text_is_shown_and_cancelled(windows: WindowedGimp, daemon: Daemon) -> None:
    screen, before = windows.desktop, windows.selection()
    windows.command("inpaintd-mask-by-text")
    screen.wait_for_window("Mask by Text")
    time.sleep(0.5)
    screen.write("red")
    screen.key("Return")
    _wait_for_selection(windows, _mask(daemon, text_mask="red"))
    keep(windows, "mask-by-text", "Mask by Text")
    keep(windows, "mask-by-text-shown")
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


def test_the_hole_of_a_text_is_shown_before_it_is_filled(
    windows: WindowedGimp, daemon: Daemon
) -> None:
    screen, before = windows.desktop, windows.selection()
    start_with(windows, model="identity", feather_pixels=5)
    windows.command("inpaintd-inpaint")
    screen.wait_for_window("Inpaint")
    time.sleep(0.5)
    screen.key("Tab", "Tab", "Tab", "Tab")  # prompt, model, Models..., mask source
    screen.write("blue")
    screen.key("Tab", "space")
    hole = _mask(daemon, text_mask="blue", feather_pixels=5)
    _wait_for_selection(windows, hole)
    time.sleep(0.3)
    keep(windows, "hole-by-text", "Inpaint")
    keep(windows, "hole-by-text-shown")
    screen.key("alt+i")
    screen.wait_until(lambda: windows.layers() == ["Inpaint", "photo.png"], "the fill is there")
    assert windows.selection() == before
    filled = np.frombuffer(hole, np.uint8) > 0
    alpha = windows.ask("alpha_of_new()")
    assert alpha == np.flatnonzero(filled).size
    windows.focus_canvas()
    screen.key("ctrl+z")
    screen.wait_until(lambda: windows.layers() == ["photo.png"], "undone")


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
        keep(windows, "mask-by-text-without-model", "Mask by Text")
        screen.key("Escape")
        screen.wait_for_no_window("Mask by Text")
    finally:
        registry.write_text(models)
    assert windows.selection() == before
    remembered = windows.gimp.configuration / "inpaint-mask.json"
    assert json.loads(remembered.read_text())["settings"]["text_mask"] == "hair"


def _click(windows: WindowedGimp, x: int, y: int, *options: str) -> None:
    """Click in the picture of Select Object, at a place given in pixels of the photograph."""
    left, top = _view(windows)
    place = str(left + round(x * _ZOOM)), str(top + round(y * _ZOOM))
    screen = windows.desktop
    before, after = (["keydown", "shift"], ["keyup", "shift"]) if options else ([], [])
    screen.run("xdotool", "mousemove", *place, *before, "click", "1", *after)


_ZOOM = 360 / SIDE
"""The view is 360 pixels high if the dialog is as small as can be."""


def _view(windows: WindowedGimp) -> tuple[int, int]:
    """The place on the screen of the photograph's upper left corner."""
    x, y, width, _height = windows.desktop.place_of("Select Object")
    return x + width // 2 - 180, y + 69


def test_an_object_is_clicked_and_cancelled(windows: WindowedGimp, daemon: Daemon) -> None:
    screen, before = windows.desktop, windows.selection()
    windows.ask("Gimp.Selection.none(photo())")
    windows.command("inpaintd-select-object")
    screen.wait_for_window("Select Object")
    time.sleep(1)
    _click(windows, 256, 256)
    screen.wait_until(lambda: any(windows.selection()), "something is shown as selected")
    one = windows.selection()
    expected = np.frombuffer(_mask(daemon, ObjectPrompt((Click(256, 256),))), np.uint8)
    shown = np.frombuffer(one, np.uint8)
    assert np.abs(shown.astype(int) - expected).mean() < 20, "that is of another place"
    keep(windows, "select-object")
    _click(windows, 60, 400, "shift")
    screen.wait_until(lambda: windows.selection() != one, "a second click changes what is found")
    screen.key("BackSpace")
    screen.wait_until(lambda: windows.selection() == one, "Backspace takes it back")
    screen.key("Escape")
    screen.wait_for_no_window("Select Object")
    assert not any(windows.selection()), "Cancel has left something selected"
    windows.ask(f"select(*{SELECTED})")
    assert windows.selection() == before


def test_a_rough_selection_becomes_the_object_as_one_undo_step(
    windows: WindowedGimp, daemon: Daemon
) -> None:
    screen, before = windows.desktop, windows.selection()
    windows.command("inpaintd-select-object")
    screen.wait_for_window("Select Object")
    screen.wait_until(lambda: windows.selection() != before, "it is found without a click")
    keep(windows, "select-object-rough")
    screen.activate("Select Object")
    screen.key("alt+o")
    screen.wait_for_no_window("Select Object")
    box = ObjectPrompt(boxes=(Rectangle(*SELECTED),), clicks=(Click(195, 115),))
    found = windows.selection()
    assert any(found)
    assert found != before
    near = np.frombuffer(_mask(daemon, box), np.uint8).astype(int)
    assert np.abs(np.frombuffer(found, np.uint8) - near).mean() < 20
    windows.focus_canvas()
    screen.key("ctrl+z")
    _wait_for_selection(windows, before)
