"""Renames and permissions, on each system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from inpaintd.system import files
from tests.system.conftest import SYSTEMS, Enter


@pytest.fixture
def windows_rename(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have renames fail where the target exists, as Windows' do."""
    rename = Path.rename

    def refusing(self: Path, target: Path) -> Path:
        if os.path.lexists(target):
            raise FileExistsError(str(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refusing)


def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, target: Path) -> None:
        raise PermissionError("hard links are not supported")

    monkeypatch.setattr(Path, "hardlink_to", refused)


@pytest.mark.parametrize("system", [*SYSTEMS, "a stick without links"])
@pytest.mark.usefixtures("windows_rename")
def test_a_rename_replaces_nothing(
    system: str, enter: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(system if system in SYSTEMS else "darwin")
    if system not in ("linux", "darwin"):
        without_links(monkeypatch)
    source, target = tmp_path / "new", tmp_path / "name"
    source.write_text("new")
    files.rename_without_replacing(source, target)
    assert (source.exists(), target.read_text()) == (False, "new")
    source.write_text("other")
    with pytest.raises(FileExistsError):
        files.rename_without_replacing(source, target)
    assert (source.read_text(), target.read_text()) == ("other", "new")


@pytest.mark.parametrize("system", SYSTEMS)
def test_who_may_look_is_a_mode_where_there_are_modes(
    system: str, enter: Enter, tmp_path: Path
) -> None:
    enter(system)
    path = tmp_path / "secret"
    path.write_text("")
    path.chmod(0o640)
    assert files.open_to_others(path) is (system != "win32")
    path.chmod(0o600)
    assert not files.open_to_others(path)
    assert files.has_modes() is (system != "win32")
    assert files.is_executable(path) is (system == "win32")


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_folder_is_synced_where_folders_can_be_opened(
    system: str, enter: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(system)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    files.sync_folder(tmp_path)
    assert len(synced) == (0 if system == "win32" else 1)
    files.try_to_sync_folder(tmp_path / "none")
