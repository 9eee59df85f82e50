"""The files written to start at login."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inpaintd.cli import main
from inpaintd.launch import login_item

FOLDER = Path('/pictures/100% "mine" $HOME/ö')


@pytest.fixture(autouse=True)
def daemon_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path / "daemon home"))


def _file(platform: str) -> tuple[Path, bytes]:
    _, watch = login_item.units([FOLDER])
    ((path, content),) = login_item.files_of(watch, platform, Path("/home/me")).items()
    return path, content


def test_systemd_takes_the_command_as_it_is(tmp_path: Path) -> None:
    path, content = _file("linux")
    assert path.parent == Path("/home/me/.config/systemd/user")
    text = content.decode()
    assert '"watch" "/pictures/100%% \\"mine\\" $$HOME/ö"' in text
    assert f'INPAINTD_HOME={tmp_path / "daemon home"}"' in text
    analyze = shutil.which("systemd-analyze")
    if analyze:
        unit = tmp_path / path.name
        unit.write_bytes(content)
        done = subprocess.run([analyze, "verify", "--user", unit], capture_output=True, text=True)
        assert str(unit) not in done.stderr, done.stderr


def test_systemd_takes_the_daemons_folder_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPAINTD_HOME", '/mine/100% "a\\b" $HOME')
    text = _file("linux")[1].decode()
    assert 'Environment="INPAINTD_HOME=/mine/100%% \\"a\\\\b\\" $HOME"' in text


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_daemons_folder_is_found_from_anywhere(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINTD_HOME", "mine")
    content = _file(platform)[1].decode("utf-16" if platform == "win32" else "utf-8")
    assert str(Path("mine").absolute()) in content


@pytest.mark.parametrize("folders", [("/写真", "/絵"), ("/a b", "/a-b"), ("/a" * 60, "/b/a" * 40)])
def test_each_folder_has_a_unit_of_its_own(folders: tuple[str, str]) -> None:
    names = {unit.name for unit in login_item.units([Path(folder) for folder in folders])}
    assert len(names) == 3
    assert all(name.isascii() and len(name) < 100 for name in names)


@pytest.mark.parametrize("mark", ["\n", "\r", "\x1b", "\u2028"])
def test_a_folders_name_adds_no_line_of_its_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mark: str,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    evil = tmp_path / f"hot{mark}ExecStartPre=touch stolen"
    assert main(["service", "install", "--no-start", str(evil)]) != 0
    assert "control character" in capsys.readouterr().err
    monkeypatch.setenv("INPAINTD_HOME", str(evil))
    assert main(["service", "install", "--no-start"]) != 0
    assert not (tmp_path / ".config").exists()
    assert not evil.exists()


def test_launchd() -> None:
    path, content = _file("darwin")
    assert path.suffix == ".plist"
    values = plistlib.loads(content)
    assert values["ProgramArguments"][-3:] == ["watch", str(FOLDER), "--json"]
    assert values["RunAtLoad"] is True
    assert values["Label"] == path.stem


def test_windows() -> None:
    path, content = _file("win32")
    assert path.suffix == ".vbs"
    text = content.decode("utf-16")
    run = next(line for line in text.splitlines() if line.startswith("shell.Run"))
    literal = run.removeprefix("shell.Run ").removesuffix(", 0, False")
    assert literal.startswith('"')
    assert literal.endswith('"')
    command = literal[1:-1].replace('""', '"')
    assert command == subprocess.list2cmdline(login_item.units([FOLDER])[1].command)


@pytest.mark.skipif(sys.platform != "linux", reason="writes what Linux reads")
def test_install_and_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    units = tmp_path / ".config/systemd/user"
    units.mkdir(parents=True)
    for name in ("other.service", "inpaintd-backup.service"):
        (units / name).write_text("mine")
    assert main(["service", "install", "--no-start", str(tmp_path / "hot folder")]) == 0
    written = capsys.readouterr().out.split()
    assert sorted(p.name for p in units.iterdir()) == sorted(
        [*(Path(p).name for p in written), "inpaintd-backup.service", "other.service"]
    )
    assert (tmp_path / "daemon home" / "logs").is_dir()  # launchd does not make it
    assert len(written) == 2
    monkeypatch.setattr(login_item, "stop_commands", lambda *_: [])
    assert main(["service", "remove"]) == 0
    assert sorted(p.name for p in units.iterdir()) == ["inpaintd-backup.service", "other.service"]


def test_no_session_of_systemd_is_told_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = tmp_path / "systemctl"
    tool.write_text("#!/bin/sh\necho 'Failed to connect to bus: No medium found' >&2; exit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert main(["service", "install"]) == 1
    said = capsys.readouterr().err
    assert "no session of systemd" in said
    assert "inpaintd watch" in said
