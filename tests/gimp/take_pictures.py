"""Takes the pictures of the user guide, in a real GIMP with the real daemon.

python -m tests.gimp.take_pictures docs/pictures
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import skimage.data
from PIL import Image
from scripts.demo import OUTLINE

from tests.gimp.conftest import PAINTERS, installed_gimp
from tests.gimp.desktop import Desktop
from tests.gimp.gimp_root import Gimp, root
from tests.gimp.windowed_gimp import WindowedGimp, windowed_gimp
from tests.running import running_daemon
from tests.textmask.clipseg import clipseg

SHUTTLE = tuple(number for corner in OUTLINE for number in corner)
"""The outline of `make demo`, round the model of a shuttle behind the astronaut."""

EMBLEM = (125, 340, 215, 340, 215, 430, 125, 430)
"""A square round the emblem on the astronaut's suit."""

INSIDE = ((430, 60), (425, 200), (410, 130), (450, 130))
OUTSIDE = ((495, 150), (378, 100))
"""Clicks that belong to the shuttle, and beside it."""

_JPEG_QUALITY = 88

_STAND_INS = """\
["sam-2.1"]
source = "."
engine = "tests.gimp.outliner:Outliner"

[kontext-stand-in]
title = "FLUX.1 Kontext"
engine = "tests.synthetic_engines:reference"
honours = ["prompt", "seed", "steps", "guidance_scale", "references"]
"""
"""Entries of models.toml: models that pictures are taken of without their weights."""


class Album:
    """Saves screenshots under the names that the guide uses."""

    def __init__(self, windows: WindowedGimp, folder: Path) -> None:
        self._windows = windows
        self._folder = folder

    def take(self, name: str, window: str | None = None) -> None:
        shot = self._windows.gimp.work / "shot.png"
        time.sleep(0.6)
        self._windows.desktop.screenshot(shot, window)
        with Image.open(shot) as picture:
            if window is None:
                path = self._folder / f"gimp-{name}.jpg"
                picture.convert("RGB").save(path, quality=_JPEG_QUALITY, optimize=True)
            else:
                picture.convert("RGB").save(self._folder / f"gimp-{name}.png", optimize=True)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with installed_gimp(root()) as gimp:
        # a stand-in for the real model: it takes what is rather blue for a wall
        model = f'[clipseg]\nsource = "{clipseg(("red", "green", "wall"), side=512)}"\n'
        photograph = gimp.work / "photo.png"
        Image.fromarray(skimage.data.astronaut()).save(photograph)
        with (
            running_daemon(gimp.work / "daemon", models=PAINTERS + model + _STAND_INS) as daemon,
            windowed_gimp(gimp, photograph, "1180x760") as windows,
        ):
            _take_all(windows, Album(windows, folder))
            _take_folded(gimp, photograph, folder)
            daemon.kill()
            launch = gimp.configuration / "plug-ins" / "inpaint" / "launch.json"
            launch.write_text(json.dumps({"command": ["/opt/old/bin/python", "-m", "inpaintd"]}))
            windows.command("inpaintd-fill")
            windows.desktop.wait_for_window("GIMP Message")
            Album(windows, folder).take("message", "GIMP Message")


def _take_folded(gimp: Gimp, photograph: Path, folder: Path) -> None:
    """Take the folded sections of the dialog of Inpaint, on a screen that is high enough."""
    with windowed_gimp(gimp, photograph, "1180x900") as windows:
        windows.desktop.run("xdotool", "mousemove", "1", "1")
        _take_sampling(windows, Album(windows, folder))
        _take_references(windows, Album(windows, folder))


def _take_all(windows: WindowedGimp, album: Album) -> None:
    screen = windows.desktop
    screen.run("xdotool", "mousemove", "1", "1")
    windows.ask(f"polygon({list(SHUTTLE)})")
    album.take("select")
    windows.focus_canvas()
    screen.key("alt+r")
    time.sleep(0.5)
    screen.key("Up", "Right")
    time.sleep(0.5)
    album.take("menu")
    screen.key("Escape", "Escape", "Escape")
    windows.command("inpaintd-fill")
    screen.wait_until(
        lambda: windows.layers() == ["Inpaint", "photo.png"], "the fill is there", 150
    )
    screen.wait_for_no_window("Inpainting")
    windows.ask("Gimp.Selection.none(photo())")
    windows.ask("Gimp.displays_flush()")
    album.take("result")
    _remember(windows, model="sd-1.5-inpainting")
    windows.ask(f"polygon({list(SHUTTLE)})")
    windows.command("inpaintd-inpaint")
    screen.wait_for_window("Inpaint")
    time.sleep(0.5)
    album.take("dialog", "Inpaint")
    screen.key("Escape")
    screen.wait_for_no_window("Inpaint")
    _remember(windows, model="patches")
    windows.command("inpaintd-outpaint")
    screen.wait_for_window("Outpaint")
    time.sleep(0.5)
    screen.write("128")
    screen.key("Tab")
    album.take("outpaint", "Outpaint")
    screen.key("Escape")
    screen.wait_for_no_window("Outpaint")
    windows.ask("activate(-1)")
    _remember(windows, model="noise", count=4)
    windows.command("inpaintd-again")
    screen.wait_for_window("Choose a Variant")
    album.take("variants", "Choose a Variant")
    screen.activate("Choose a Variant")
    screen.key("Escape")
    screen.wait_for_no_window("Choose a Variant")
    windows.focus_canvas()
    screen.key("ctrl+z")
    screen.wait_until(lambda: len(windows.layers()) == 2, "the variants are undone")
    windows.ask("activate(-1)")
    windows.ask("Gimp.Selection.none(photo())")
    windows.command("inpaintd-mask-by-text")
    screen.wait_for_window("Mask by Text")
    screen.move("Mask by Text", 200, 330)
    time.sleep(0.7)
    screen.activate("Mask by Text")
    screen.write("wall")
    screen.key("Return")
    screen.wait_until(lambda: any(windows.selection()), "the wall is shown")
    screen.key("Tab", "Tab", "ctrl+a")
    screen.write("0.15")
    screen.key("Tab")
    album.take("mask-by-text")
    screen.key("Escape")
    screen.wait_for_no_window("Mask by Text")
    _take_objects(windows, album)
    windows.ask(f"polygon({list(SHUTTLE)})")
    _remember(windows, model="slow-painter", prompt="a bookshelf")
    windows.command("inpaintd-again")
    screen.wait_until(lambda: "Inpaint preview" in windows.layers(), "a live preview shows")
    screen.wait_for_window("Inpainting")
    time.sleep(1.0)
    album.take("progress")
    screen.click_right_button_of("Inpainting")
    screen.wait_for_no_window("Inpainting")


def _take_objects(windows: WindowedGimp, album: Album) -> None:
    screen = windows.desktop
    windows.ask("Gimp.Selection.none(photo())")
    windows.command("inpaintd-select-object")
    screen.wait_for_window("Select Object")
    screen.move("Select Object", 590, 60)
    time.sleep(0.7)
    x, y, width, _ = screen.place_of("Select Object")
    left, top, zoom = x + width // 2 - 180, y + 69, 360 / 512
    for clicks, outside in ((INSIDE, False), (OUTSIDE, True)):
        for across, down in clicks:
            before = windows.selection()
            place = str(left + round(across * zoom)), str(top + round(down * zoom))
            held, let_go = (["keydown", "shift"], ["keyup", "shift"]) if outside else ([], [])
            screen.run("xdotool", "mousemove", *place, *held, "click", "1", *let_go)
            screen.wait_until(lambda old=before: windows.selection() != old, "it shows")
    screen.run("xdotool", "mousemove", "1", "1")
    album.take("select-object")
    screen.activate("Select Object")
    screen.key("Escape")
    screen.wait_for_no_window("Select Object")


def _take_sampling(windows: WindowedGimp, album: Album) -> None:
    screen = windows.desktop
    windows.ask(f"polygon({list(EMBLEM)})")
    _remember(windows, model="patches", sampling_pixels=48, sampling_sides="sides")
    windows.command("inpaintd-inpaint")
    screen.wait_for_window("Inpaint")
    screen.move("Inpaint", 560, 30)
    time.sleep(0.7)
    x, y, width, height = screen.place_of("Inpaint")
    _click(screen, x + 60, y + height - 105)
    time.sleep(0.7)
    x, y, width, height = screen.place_of("Inpaint")
    _click(screen, x + width - 48, y + height - 114)
    time.sleep(1.5)
    album.take("sampling")
    screen.activate("Inpaint")
    screen.key("Escape")
    screen.wait_for_no_window("Inpaint")


def _take_references(windows: WindowedGimp, album: Album) -> None:
    screen = windows.desktop
    file = windows.gimp.configuration / "inpaint-settings.json"
    picture = {"kind": "file", "name": "/home/ann/pictures/walnut-shelf.jpg", "weight": 0.8}
    settings = {"model": "kontext-stand-in", "prompt": "a bookshelf in this style"}
    file.write_text(json.dumps({"version": 2, "settings": settings, "references": [picture]}))
    windows.ask("forget_settings()")
    windows.command("inpaintd-inpaint")
    screen.wait_for_window("Inpaint")
    time.sleep(0.7)
    x, y, _, height = screen.place_of("Inpaint")
    _click(screen, x + 60, y + height - 128)
    time.sleep(0.7)
    screen.run("xdotool", "mousemove", "1", "1")
    album.take("references", "Inpaint")
    screen.key("Escape")
    screen.wait_for_no_window("Inpaint")


def _click(screen: Desktop, x: int, y: int) -> None:
    screen.run("xdotool", "mousemove", str(x), str(y), "click", "1")


def _remember(windows: WindowedGimp, **settings: object) -> None:
    file = windows.gimp.configuration / "inpaint-settings.json"
    file.write_text(json.dumps({"settings": settings}))
    windows.ask("forget_settings()")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
