"""Finding every GIMP 3 of a user on every system, and putting a whole plug-in there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inpaintd.cli import main
from inpaintd.install import gimp_plugin
from inpaintd.install.gimp_plugin import Configuration, configuration_at, configurations
from inpaintd_protocol.errors import InpaintError

FOUND = {
    "linux": ("linux", {}, [".config/GIMP/3.0", ".config/GIMP/3.2"], ["native", "native"]),
    "linux-xdg": ("linux", {"XDG_CONFIG_HOME": "{home}/cfg"}, ["cfg/GIMP/3.0"], ["native"]),
    "flatpak": ("linux", {}, [".var/app/org.gimp.GIMP/config/GIMP/3.0"], ["Flatpak"]),
    "snap": ("linux", {}, ["snap/gimp/current/.config/GIMP/3.0"], ["Snap"]),
    "all-three": (
        "linux",
        {},
        [
            ".config/GIMP/3.0",
            ".var/app/org.gimp.GIMP/config/GIMP/3.2",
            "snap/gimp/current/.config/GIMP/3.0",
        ],
        ["native", "Flatpak", "Snap"],
    ),
    "windows": (
        "win32",
        {"APPDATA": "{home}/AppData/Roaming"},
        ["AppData/Roaming/GIMP/3.0"],
        ["native"],
    ),
    "windows-store": (
        "win32",
        {},
        ["AppData/Local/Packages/GIMP.43237F745014E_x/LocalCache/Roaming/GIMP/3.0"],
        ["native"],
    ),
    "macos": ("darwin", {}, ["Library/Application Support/GIMP/3.0"], ["native"]),
}


@pytest.mark.parametrize("name", FOUND)
def test_every_kind_of_gimp_is_found(tmp_path: Path, name: str) -> None:
    system, environment, folders, kinds = FOUND[name]
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    environment = {key: value.format(home=tmp_path) for key, value in environment.items()}
    found = configurations(tmp_path, environment, system)
    assert [(c.path, c.kind) for c in found] == [
        (tmp_path / folder, kind) for folder, kind in zip(folders, kinds, strict=True)
    ]


def test_other_folders_are_not_gimp_3(tmp_path: Path) -> None:
    for name in ("2.10", "2.99", "3.0.old", "4.0", "3.10", "3.2"):
        (tmp_path / ".config" / "GIMP" / name).mkdir(parents=True)
    (tmp_path / ".config" / "GIMP" / "3.4").write_text("a file")
    found = configurations(tmp_path, {}, "linux")
    assert [c.version for c in found] == ["3.2", "3.10"]


def test_the_folder_that_is_named_may_be_the_plug_ins_folder(tmp_path: Path) -> None:
    folder = tmp_path / "GIMP" / "3.0"
    folder.mkdir(parents=True, exist_ok=True)
    assert configuration_at(folder / "plug-ins").plug_in == folder / "plug-ins" / "inpaint"
    assert configuration_at(folder).plug_in == folder / "plug-ins" / "inpaint"


def test_any_folder_of_plug_ins_will_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("myplugs", "plug-ins"):
        folder = tmp_path / name / "plug-ins" if name == "plug-ins" else tmp_path / name
        folder.mkdir(parents=True)
        assert main(["install", "gimp", "--dir", str(folder)]) == 0
        said = capsys.readouterr().out.splitlines()[0]
        assert said == f"Installed into {folder / 'inpaint'}"
        assert (folder / "inpaint" / "inpaint.py").is_file()
    (tmp_path / "conf" / "plug-ins").mkdir(parents=True)
    assert main(["install", "gimp", "--dir", str(tmp_path / "conf")]) == 0
    assert (tmp_path / "conf" / "plug-ins" / "inpaint" / "inpaint.py").is_file()


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "3.0").mkdir()
    for folder, said in (
        (tmp_path / "nope", "There is no folder"),
        (tmp_path / "nope" / "plug-ins", "There is no folder"),
        (tmp_path / "3.0" / "nope", "There is no folder"),
        (tmp_path / "file", "is a file"),
    ):
        with pytest.raises(InpaintError, match=said):
            configuration_at(folder)


def test_a_flatpak_starts_the_daemon_outside_and_a_snap_cannot(tmp_path: Path) -> None:
    serve = [sys.executable, "-P", "-m", "inpaintd", "serve"]
    native = gimp_plugin.launch_settings(Configuration(tmp_path, "native"), {})
    assert native == {"command": serve}
    flatpak = gimp_plugin.launch_settings(Configuration(tmp_path, "Flatpak"), {})
    assert flatpak == {"command": ["flatpak-spawn", "--host", *serve]}
    inside = tmp_path / "snap" / "gimp" / "current" / ".config" / "GIMP" / "3.0"
    snap = Configuration(inside, "Snap")
    home = tmp_path / "snap" / "gimp" / "common" / "inpaintd"
    assert gimp_plugin.launch_settings(snap, {}) == {"home": str(home)}
    assert str(home) in gimp_plugin.advice(snap)
    assert "flatpak override" in gimp_plugin.advice(Configuration(tmp_path, "Flatpak"))


def test_a_daemon_home_of_ones_own_is_passed_on(tmp_path: Path) -> None:
    settings = gimp_plugin.launch_settings(
        Configuration(tmp_path, "native"), {"INPAINTD_HOME": str(tmp_path / "elsewhere")}
    )
    assert settings["home"] == str(tmp_path / "elsewhere")


def test_the_installed_plug_in_is_whole(tmp_path: Path) -> None:
    """Everything that it imports, other than GIMP's own, comes along."""
    folder = gimp_plugin.install(Configuration(tmp_path / "3.0", "native"))
    entry = folder / "inpaint.py"
    assert os.access(entry, os.X_OK), "GIMP would silently pass over it"
    assert entry.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3")
    assert sorted(p.name for p in (folder / "msgpack").iterdir()) == sorted(
        gimp_plugin._MSGPACK_PURE
    )
    # -I -S: nothing but the standard library and this folder
    code = (
        f"import sys; sys.path.insert(0, {str(folder)!r});"
        "import inpaintd_protocol.client, inpaintd_protocol.zmtp, msgpack;"
        "import inpaint_plugin.bounds, inpaint_plugin.lost_colour, inpaint_plugin.daemon;"
        "assert 'fallback' in msgpack.Packer.__module__, msgpack.Packer.__module__;"
        "print(inpaintd_protocol.client.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder / "inpaintd_protocol" / "client.py")


def test_installing_again_replaces_and_uninstalling_removes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configuration = tmp_path / "GIMP" / "3.0"
    configuration.mkdir(parents=True)
    target = configuration / "plug-ins" / "inpaint"
    assert main(["install", "gimp", "--dir", str(configuration)]) == 0
    said = capsys.readouterr().out
    assert str(configuration) in said
    assert "Filters > Enhance" in said
    (target / "left-over.py").write_text("")
    assert main(["install", "gimp", "--dir", str(configuration)]) == 0
    assert not (target / "left-over.py").exists()
    assert json.loads((target / "launch.json").read_text())["command"][0] == sys.executable
    capsys.readouterr()
    assert main(["install", "gimp", "--uninstall", "--dir", str(configuration)]) == 0
    assert "Removed from" in capsys.readouterr().out
    assert list((configuration / "plug-ins").iterdir()) == []
    assert main(["install", "gimp", "--uninstall", "--dir", str(configuration)]) == 0
    assert "Was not in" in capsys.readouterr().out


def test_the_command_finds_the_users_gimp_or_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert main(["install", "gimp"]) != 0
    assert "Start GIMP 3 once" in capsys.readouterr().err
    for version in ("3.0", "3.2"):
        (tmp_path / ".config" / "GIMP" / version).mkdir(parents=True)
    assert main(["install", "gimp"]) == 0
    for version in ("3.0", "3.2"):
        folder = tmp_path / ".config" / "GIMP" / version
        assert (folder / "plug-ins" / "inpaint" / "inpaint.py").is_file()


def test_a_plug_in_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "3.0" / "plug-ins" / "inpaint"
    other.mkdir(parents=True)
    (other / "inpaint.py").write_text("theirs")
    configuration = Configuration(tmp_path / "3.0", "native")
    for action in (gimp_plugin.install, gimp_plugin.uninstall):
        with pytest.raises(InpaintError) as caught:
            action(configuration)
        assert caught.value.code == "unwritable"
    assert (other / "inpaint.py").read_text() == "theirs"


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "3.0").write_text("a file where the folder should be")
    with pytest.raises(InpaintError) as caught:
        gimp_plugin.install(Configuration(tmp_path / "3.0", "native"))
    assert caught.value.code == "unwritable"
