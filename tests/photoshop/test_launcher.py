"""The launcher that `inpaintd install photoshop` writes for the panel's Start button."""

from __future__ import annotations

import plistlib
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from inpaintd.cli.install import command
from inpaintd.install import photoshop_launcher
from inpaintd_protocol.errors import InpaintError
from tests.photoshop.node import PLUGIN


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path / "it's a home"))
    return tmp_path


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_the_panel_knows_where_it_is_and_may_open_it(home: Path, system: str) -> None:
    launcher = photoshop_launcher.path_for(system, home)
    assert launcher is not None
    assert f'"{launcher.name}"' in (PLUGIN / "src/daemon/files.js").read_text()
    assert f'"{launcher.suffix}"' in (PLUGIN / "manifest.json").read_text()
    assert launcher.parent == home / ".inpaintd"


@pytest.mark.skipif(sys.platform == "win32", reason="it is a shell script")
def test_the_application_starts_the_daemon_and_nothing_else(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = home / "said"
    python = home / "a python"
    python.write_text(f'#!/bin/sh\necho "$INPAINTD_HOME" "$@" > "{said}"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    launcher = photoshop_launcher.write("darwin", home)
    assert launcher is not None
    about = plistlib.loads((launcher / "Contents/Info.plist").read_bytes())
    start = launcher / "Contents/MacOS" / about["CFBundleExecutable"]
    subprocess.run([start, "--anything"], check=True, timeout=30)
    assert said.read_text() == f"{home}/it's a home -P -m inpaintd serve\n"


def test_on_windows_no_window_is_shown(home: Path) -> None:
    launcher = photoshop_launcher.write("win32", home)
    assert launcher is not None
    script = launcher.read_bytes().decode("utf-16")
    assert "-m inpaintd serve" in script
    assert ", 0, False" in script


def test_it_is_written_again_and_removed(home: Path) -> None:
    for _ in range(2):
        assert photoshop_launcher.write("darwin", home)
    assert photoshop_launcher.remove("darwin", home)
    assert not photoshop_launcher.remove("darwin", home)
    assert photoshop_launcher.write("linux", home) is None


def test_a_folder_that_cannot_be_written_to_is_named(home: Path) -> None:
    (home / ".inpaintd").touch()
    with pytest.raises(InpaintError, match="cannot be written"):
        photoshop_launcher.write("darwin", home)


def test_installing_writes_it_and_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Path, "home", lambda: home)
    result = CliRunner().invoke(command, ["photoshop", "--to", str(home / "new")])
    assert result.exit_code == 0, result.output
    assert "Start inpaintd.app" in result.output
    assert "inpaintd service install" in result.output
    assert (home / ".inpaintd" / "Start inpaintd.app").is_dir()
