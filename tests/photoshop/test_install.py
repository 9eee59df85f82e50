"""`inpaintd install photoshop`, with a stand-in for Adobe's installer agent."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from inpaintd.cli import install
from inpaintd.cli.install import command
from inpaintd.install import photoshop_plugin
from inpaintd.launch import login_item
from inpaintd.system import kind
from inpaintd_protocol.errors import InpaintError


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")


_AGENT = "UnifiedPluginInstallerAgent"
_MAC = f"Library/Application Support/Adobe/Adobe Desktop Common/RemoteComponents/UPI/{_AGENT}"


def agent_in(root: Path, script: str) -> Path:
    agent = root / _MAC / f"{_AGENT}.app" / "Contents" / "MacOS" / _AGENT
    agent.parent.mkdir(parents=True)
    agent.write_text(f"#!/bin/sh\n{script}\n")
    agent.chmod(0o755)
    return agent


def test_the_agent_is_found_where_adobe_puts_it(tmp_path: Path) -> None:
    assert photoshop_plugin.find_agent({}, "darwin", tmp_path) is None
    agent = agent_in(tmp_path, "exit 0")
    assert photoshop_plugin.find_agent({}, "darwin", tmp_path) == agent
    assert photoshop_plugin.find_agent({}, "linux", tmp_path) is None


def test_the_agent_is_found_on_windows(tmp_path: Path) -> None:
    exe = tmp_path / "Adobe/Adobe Desktop Common/RemoteComponents/UPI" / _AGENT / f"{_AGENT}.exe"
    exe.parent.mkdir(parents=True)
    exe.touch()
    environment = {"CommonProgramFiles": str(tmp_path)}
    assert photoshop_plugin.find_agent(environment, "win32") == exe


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_the_agent_is_handed_the_package(tmp_path: Path) -> None:
    agent = agent_in(tmp_path, f'echo "$@" >> "{tmp_path}/said"')
    photoshop_plugin.install(agent, "darwin")
    photoshop_plugin.uninstall(agent, "darwin")
    installed, removed = (tmp_path / "said").read_text().splitlines()
    assert installed.startswith("--install ")
    assert installed.endswith("inpaint-photoshop.ccx")
    assert removed == "--remove Inpaint"


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
@pytest.mark.parametrize(
    "script", ["echo no rights; exit 3", "echo Failed to install, status = -1"]
)
def test_what_the_agent_complains_of_is_passed_on(tmp_path: Path, script: str) -> None:
    agent = agent_in(tmp_path, script)
    with pytest.raises(InpaintError, match=r"no rights|status = -1") as caught:
        photoshop_plugin.install(agent, "darwin")
    assert "--to" in caught.value.hint


def test_on_linux_nothing_can_be_double_clicked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    result = CliRunner().invoke(command, ["photoshop", "--to", str(tmp_path)])
    assert "Windows and macOS" in result.output
    assert "Creative Cloud" not in result.output
    assert (tmp_path / "inpaint-photoshop.ccx").is_file()


def test_without_an_agent_the_package_is_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    result = CliRunner().invoke(command, ["photoshop", "--to", str(tmp_path / "new")])
    assert result.exit_code == 0, result.output
    package = tmp_path / "new" / "inpaint-photoshop.ccx"
    assert f"Double-click {package}" in result.output
    assert "manifest.json" in zipfile.ZipFile(package).namelist()


@pytest.mark.parametrize("answer", ["--login", "--no-login", "y", "n"])
def test_it_offers_to_start_the_daemon_at_login(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "name", lambda: "darwin")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path / "daemon"))
    started: list[list[str]] = []
    monkeypatch.setattr(login_item, "_run", started.append)
    options = ["photoshop", "--to", str(tmp_path / "new")]
    asks = answer in ("y", "n")
    if asks:
        terminal = SimpleNamespace(isatty=lambda: True)
        monkeypatch.setattr(install, "sys", SimpleNamespace(stdin=terminal, stdout=terminal))
    result = CliRunner().invoke(command, options + [answer] * (not asks), input=f"{answer}\n")
    assert result.exit_code == 0, result.output
    assert ("Start the daemon at each login" in result.output) is asks
    yes = answer in ("--login", "y")
    written = list((tmp_path / "Library" / "LaunchAgents").glob("*.plist"))
    assert len(written) == yes
    assert bool(started) is yes
    assert ("inpaintd service install" in result.output) is not yes
    if yes:  # it is there, so nobody is asked again
        again = CliRunner().invoke(command, options)
        assert "at each login" not in again.output


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InpaintError, match="cannot be written"):
        photoshop_plugin.hand_over(tmp_path / "file")
