"""From an unpacked archive to an empty folder, in a GIMP that has nothing else and no terminal.

Its screenshots, which are those of the guide, are kept in the folder named by INPAINTD_SCREENSHOTS.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
import skimage.data
from PIL import Image

from tests.engines import tiny_networks
from tests.gimp.bare_gimp import bare_gimp
from tests.gimp.windowed_gimp import WindowedGimp, windowed_gimp
from tests.models.hub import Hub, hub_with

pytestmark = pytest.mark.exhaustive

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_bundles.py"
SET_UP, MODELS, CONSENT, REMOVAL = (
    "Set Up inpaintd",
    "Models",
    "Install a Model",
    "Uninstall inpaintd",
)
SELECTED = (150, 60, 90, 110)
NETWORK_BYTES = 30_000_000
LAMA = '[lama]\nsource = "tiny/model"\n'
"""LaMa, from the hub's stand-in."""


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


def test_from_an_unpacked_archive_to_an_empty_folder(
    suite: str, gimp_root: Path | None, archive: Path, tmp_path: Path
) -> None:
    if suite == "forky":
        pytest.skip("its Python is newer than any that inpaintd's libraries are built for")
    network = onnx.load(tiny_networks.lama(tmp_path / "lama_fp32.onnx"))
    network.doc_string = "." * NETWORK_BYTES
    onnx.save(network, tmp_path / "lama_fp32.onnx")
    with hub_with(tmp_path) as hub, bare_gimp(gimp_root, archive) as gimp:
        gimp.environment.update(HF_ENDPOINT=hub.endpoint, HF_TOKEN="", NO_PROXY="127.0.0.1")
        photograph = gimp.work / "photo.png"
        Image.fromarray(skimage.data.astronaut()).save(photograph)
        with windowed_gimp(gimp, photograph) as windows:
            home = gimp.home / ".inpaintd"
            windows.ask(f"select(*{SELECTED})")
            _decline_and_cancel(windows, home)
            _set_up_and_fill(windows)
            (home / "models.toml").write_text(LAMA)
            _install_a_model_and_fill(windows, home, hub)
            _remove_the_model(windows, home)
            _uninstall(windows)
        ours = ("inpaint", "huggingface", "uv", "pip", "models.toml")
        left = {p for p in gimp.home.rglob("*") if p.name.startswith(ours) or "inpaintd" in p.name}
        # GIMP keeps the list of all commands until it is started again.
        assert left == set(), left


def _decline_and_cancel(windows: WindowedGimp, home: Path) -> None:
    screen = windows.desktop
    for key in ("Escape", "Return"):
        windows.command("inpaintd-fill")
        screen.wait_for_window(SET_UP)
        screen.activate(SET_UP)
        if key == "Return":
            _keep(windows, "set-up", SET_UP)
        screen.key(key)
        if key == "Return":
            screen.wait_until((home / "app" / ".cache").exists, "it is being fetched")
            screen.key("Escape")
        screen.wait_for_no_window(SET_UP)
        assert not home.exists(), "something half done is left"
    assert windows.layers() == ["photo.png"]


def _set_up_and_fill(windows: WindowedGimp) -> None:
    screen, before = windows.desktop, windows.seen()
    windows.command("inpaintd-fill")
    screen.wait_for_window(SET_UP)
    screen.activate(SET_UP)
    screen.key("Return")
    time.sleep(3)
    _keep(windows, "set-up-progress", SET_UP)
    screen.wait_for_no_window(SET_UP, 300)
    _wait_for_a_fill(windows, before)


def _install_a_model_and_fill(windows: WindowedGimp, home: Path, hub: Hub) -> None:
    screen, before = windows.desktop, windows.seen()
    hub.gated = "hf_secret"
    remembered = windows.gimp.configuration / "inpaint-settings.json"
    remembered.write_text('{"settings": {"model": "lama"}}')
    windows.ask("forget_settings()")
    windows.command("inpaintd-inpaint")
    screen.wait_for_window("Inpaint")
    time.sleep(1)
    _keep(windows, "install", "Inpaint")
    screen.key("alt+n")
    screen.wait_for_window(CONSENT)
    time.sleep(0.5)
    screen.key("space", "Tab", "Tab")  # accept; past the link, into the field for the token
    screen.write("hf_secret")
    _keep(windows, "install-consent", CONSENT)
    screen.key("Return")
    screen.wait_for_no_window(CONSENT)
    network = home / "models" / "lama" / "lama_fp32.onnx"
    screen.wait_until(network.exists, "it is fetched")
    time.sleep(3)
    screen.activate("Inpaint")
    screen.key("alt+i")
    screen.wait_for_no_window("Inpaint")
    _wait_for_a_fill(windows, before)
    assert (home / "hub-token").read_text().strip() == "hf_secret"


def _remove_the_model(windows: WindowedGimp, home: Path) -> None:
    screen = windows.desktop
    windows.command("inpaintd-models")
    screen.wait_for_window(MODELS)
    time.sleep(2)
    _keep(windows, "models", MODELS)
    screen.write("lama")
    time.sleep(1)
    screen.key("alt+m")
    time.sleep(0.7)
    screen.key("alt+r")
    screen.wait_until(lambda: not (home / "models" / "lama").exists(), "it is removed")


def _uninstall(windows: WindowedGimp) -> None:
    screen = windows.desktop
    screen.activate(MODELS)
    screen.key("alt+u")
    screen.wait_for_window(REMOVAL)
    screen.activate(REMOVAL)
    screen.key("alt+m")  # the models as well
    _keep(windows, "uninstall", REMOVAL)
    screen.key("alt+u")
    screen.wait_for_no_window(REMOVAL, 60)
    screen.wait_for_no_window(MODELS)


def _wait_for_a_fill(windows: WindowedGimp, before: bytes) -> None:
    filled = ["Inpaint", "photo.png"]
    time.sleep(4)  # the window opens by then, unless it is done already
    # Layers are not asked for meanwhile: a sketch that goes while it is asked would raise in GIMP.
    windows.desktop.wait_for_no_window("Inpainting", 90)
    windows.desktop.wait_until(lambda: windows.layers() == filled, "the fill is there", 90)
    assert not windows.desktop.shows("GIMP Message")
    assert (np.frombuffer(before, np.uint8) != np.frombuffer(windows.seen(), np.uint8)).any()
    windows.focus_canvas()
    windows.desktop.key("ctrl+z")
    windows.desktop.wait_until(lambda: windows.layers() == ["photo.png"], "undone")


def _keep(windows: WindowedGimp, name: str, window: str | None = None) -> None:
    folder = os.environ.get("INPAINTD_SCREENSHOTS")
    if not folder:
        return
    shot = windows.gimp.work / "shot.png"
    time.sleep(0.6)
    windows.desktop.screenshot(shot, window)
    with Image.open(shot) as picture:
        whole = picture.convert("RGB")
    if window is None:
        whole.save(Path(folder, f"gimp-{name}.jpg"), quality=85, optimize=True)
    else:
        whole.quantize(128).save(Path(folder, f"gimp-{name}.png"), optimize=True)
