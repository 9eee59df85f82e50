"""Planted faults: doctor finds each, says what to do, and gives nothing private away."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from inpaintd.doctor import installation, places
from inpaintd.doctor.finding import FAULT, NOTE, Finding
from inpaintd.install import gimp_plugin
from inpaintd.install.card import Card
from inpaintd.install.environment import Environment, use
from inpaintd.launch import login_item
from inpaintd_protocol.connection import Connection, write_connection
from tests.cli.run import Ran, Run
from tests.models import hollow

SECRET = "5ec7e7" * 10 + "5ec7"

World = Path
"""A folder with `home`, the daemon's, and `user`, the user's own."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    user, home = tmp_path / "user", tmp_path / "home"
    (user / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    home.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(user))
    monkeypatch.setenv("INPAINTD_HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(places, "DEFAULT_PORT", 0)
    monkeypatch.setattr(places, "DEFAULT_WEBSOCKET_PORT", 0)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


def faults(ran: Ran, level: str = FAULT) -> list[Finding]:
    return [f for f in (Finding(**f) for f in ran.json["findings"]) if f.level == level]


def test_a_sound_installation_has_no_faults(world: World, run: Run) -> None:
    ran = run("doctor", "--no-fill", "--json")
    assert faults(ran) == []
    assert ran.code == 0
    assert "Nothing is wrong." in run("doctor", "--no-fill").out


def broken_list(world: World) -> None:
    (world / "home" / "models.toml").write_text("[broken")


def unknown_default(world: World) -> None:
    (world / "home" / "models.toml").write_text('default = "sdxl-inpainting"\n')


def incomplete_model(world: World) -> None:
    folder = world / "mine"
    (folder / "unet").mkdir(parents=True)
    index = {
        "_class_name": "StableDiffusionPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
    }
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "unet" / "config.json").write_text("{}")
    hollow.write(folder / "unet" / "m-00001-of-00002.safetensors", {"w": (1,)})
    table = f'[mine]\ntitle = "Mine"\nengine = "diffusion"\nsource = "{folder}"\n'
    (world / "home" / "models.toml").write_text(table)


def vanished_model(world: World) -> None:
    table = '[mine]\ntitle = "Mine"\nengine = "diffusion"\nsource = "/nowhere/x.safetensors"\n'
    (world / "home" / "models.toml").write_text(table)


def open_home(world: World) -> None:
    (world / "home").chmod(0o755)


def silent_daemon(world: World) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
    write_connection(world / "home", Connection(endpoint, SECRET, os.getpid(), "0.0.1"))


def old_plug_in(world: World) -> None:
    folder = gimp_plugin.install(installed_gimp(world))
    (folder / "inpaint.py").write_text("# of last year\n")


def plug_in_of_a_removed_python(world: World) -> None:
    folder = gimp_plugin.install(installed_gimp(world))
    (folder / "launch.json").write_text('{"command": ["/gone/bin/python", "-m", "inpaintd"]}')


def installed_gimp(world: World) -> gimp_plugin.Configuration:
    user = world / "user"
    return gimp_plugin.configurations(user, dict(os.environ), sys.platform)[0]


def login_of_another_installation(world: World) -> None:
    unit = login_item.units([])[0]
    for path, content in login_item.files_of(unit, sys.platform, world / "user").items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.replace(os.fsencode(sys.executable), b"/gone/bin/python"))


def vanished_environment(world: World) -> None:
    (world / "home" / "environments").mkdir()
    use(world / "home", Environment("cu130-1", "cu130", "cuda", "2.13.0", "3.11"))


PLANTED: dict[str, tuple[Callable[[World], None], str]] = {
    "the list of models": (broken_list, "is not a valid list of models"),
    "the default": (unknown_default, "The default model, sdxl-inpainting, cannot be used"),
    "a model's files": (incomplete_model, "m-00002-of-00002.safetensors"),
    "a model's place": (vanished_model, "The file of mine is gone"),
    "permissions": (open_home, "Other users can look into"),
    "the daemon": (silent_daemon, "does not answer"),
    "the plug-in's version": (old_plug_in, "is of another version (inpaint.py differs)"),
    "the plug-in's daemon": (plug_in_of_a_removed_python, "starts /gone/bin/python, which is gone"),
    "login": (login_of_another_installation, "starts another inpaintd than this one"),
    "the environment": (vanished_environment, "(cu130-1) is gone"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="plants faults by POSIX means")
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_with_what_to_do(name: str, world: World, run: Run) -> None:
    plant, says = PLANTED[name]
    plant(world)
    ran = run("doctor", "--no-fill", "--json")
    assert ran.code == 1
    [found] = faults(ran)
    assert says in found.message
    assert found.remedy
    assert SECRET not in ran.out


def test_a_taken_port_is_found(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(places, "DEFAULT_WEBSOCKET_PORT", taken.getsockname()[1])
        [found] = faults(run("doctor", "--no-fill", "--json"))
    assert "Photoshop cannot reach the daemon" in found.message


def test_a_full_disk_is_found(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_LITTLE_BYTES", 1 << 60)
    assert {f.what for f in faults(run("doctor", "--no-fill", "--json"))} == {"disk"}


def test_a_library_that_is_broken_is_found(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "_LIBRARIES", ("numpy", "no_such_library"))
    [found] = faults(run("doctor", "--no-fill", "--json"))
    assert "no_such_library" in found.message
    assert "[]" not in found.remedy


def test_a_card_that_lies_idle_is_found(world: World) -> None:
    pytest.importorskip("torch")
    card = Card("NVIDIA", "RTX 4070", "581.29", (8, 9))
    found = list(installation.check_card(world / "home", card))
    torch = installation.installed_torch(None, card)
    assert torch is not None
    assert (found[-1].level == FAULT) == (not torch.can_use(card))


def test_each_installed_model_fills(daemon_home: Path, run: Run) -> None:
    """Among them synthetic engines, one of which crashes."""
    ran = run("doctor", "--json", "--timeout", "20")
    said = [f["message"] for f in ran.json["findings"] if f["what"] == "fill"]
    assert any(text.startswith("patchmatch fills") for text in said)
    assert any(text.startswith("telea fills") for text in said)
    broken = [f.message for f in faults(ran) if f.what == "fill"]
    assert any(text.startswith("crash:") for text in broken)
    assert faults(ran, NOTE) is not None
