"""Uninstalling: nothing is left, but for what the user has put there and models unless asked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from inpaintd.install import gimp_plugin, removal
from inpaintd.launch import login_item
from tests.cli.run import Run
from tests.running import running_daemon


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    user = tmp_path / "user"
    (user / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(user))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("INPAINTD_HOME", str(user / ".inpaintd"))
    return user


@pytest.mark.skipif(sys.platform != "linux", reason="lays out a Linux user's home")
@pytest.mark.parametrize("models", [False, True])
def test_nothing_is_left(models: bool, user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = user / ".inpaintd"
    before = {p for p in user.rglob("*") if p != home}
    with running_daemon(home) as daemon:
        for configuration in gimp_plugin.configurations(user, dict(os.environ), sys.platform):
            gimp_plugin.install(configuration)
        unit = login_item.units([])[0]
        for path, content in login_item.files_of(unit, sys.platform, user).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (home / "models" / "sdxl").mkdir(parents=True)
        ran = Run(capsys)("uninstall", "--yes", *["--models"] * models)
        daemon.process.wait(30)
    assert ran.code == 0
    assert "pip uninstall inpaintd" in ran.out
    (home / "test.log").unlink(missing_ok=True)
    left = {p for p in user.rglob("*") if not p.is_dir()} - before
    if models:
        assert left == set()
        assert not (home / "models").exists()
    else:
        assert {p.relative_to(home).as_posix() for p in left} == {"models.toml"}
        assert (home / "models" / "sdxl").is_dir()


def test_what_cannot_remove_itself_while_it_runs_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("app/1.0-1/bin", "logs", "zeta"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "app" / "1.0-1"))
    asked: list[str] = []

    def as_windows_does(path: Path) -> None:
        asked.append(path.name)
        if path.name == "app":
            raise PermissionError(13, "Access is denied")
        path.rmdir()

    monkeypatch.setattr(removal.shutil, "rmtree", as_windows_does)
    removed = list(removal.remove_home(tmp_path, models=True))
    assert asked == ["logs", "zeta", "app"]
    assert [path.name for path in removed] == ["logs", "zeta"]
    assert (tmp_path / "app").exists()


def test_it_asks_first(
    user: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (user / ".inpaintd").mkdir()
    monkeypatch.setattr("click.confirm", _refuse)
    assert Run(capsys)("uninstall").code != 0
    assert (user / ".inpaintd").exists()


def _refuse(*_: object, **__: object) -> None:
    import click

    raise click.Abort
