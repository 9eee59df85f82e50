"""The command that adds an extra fits how inpaintd was installed."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from inpaintd.install.extras import command_for, how_to_install
from tests.running import ROOT

PYTHON = "/opt/env/bin/python"


def installed(place: Path, origin: object) -> Distribution:
    folder = place / "inpaintd-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Name: inpaintd\nVersion: 1.0\n")
    if origin is not None:
        (folder / "direct_url.json").write_text(json.dumps(origin))
    return Distribution.at(folder)


FOLDER = {"url": "file:///home/ann/in%20paintd", "dir_info": {}}
EDITABLE = {"url": "file:///src/inpaintd", "dir_info": {"editable": True}}
GIT = {
    "url": "https://example.org/inpaintd.git",
    "vcs_info": {"vcs": "git", "commit_id": "a1b2", "requested_revision": "main"},
}
WHEEL = {"url": "file:///tmp/inpaintd-1.0.whl", "archive_info": {}}


@pytest.mark.parametrize(
    ("origin", "what"),
    [
        (FOLDER, '"/home/ann/in paintd[diffusion]"'),
        (EDITABLE, '-e "/src/inpaintd[diffusion]"'),
        (GIT, '"inpaintd[diffusion] @ git+https://example.org/inpaintd.git@main"'),
        (WHEEL, '"inpaintd[diffusion] @ file:///tmp/inpaintd-1.0.whl"'),
        (None, '"inpaintd[diffusion]"'),
    ],
)
def test_pip_of_this_environment(tmp_path: Path, origin: object, what: str) -> None:
    command = command_for("diffusion", installed(tmp_path, origin), tmp_path, PYTHON)
    assert command == f"{PYTHON} -m pip install {what}"


@pytest.mark.parametrize(
    ("marker", "start"),
    [
        ("pipx_metadata.json", "pipx install --force"),
        ("uv-receipt.toml", "uv tool install --force"),
    ],
)
def test_environments_that_a_tool_keeps(tmp_path: Path, marker: str, start: str) -> None:
    (tmp_path / marker).write_text("{}")
    command = command_for("cluster", installed(tmp_path, FOLDER), tmp_path, PYTHON)
    assert command == f'{start} "/home/ann/in paintd[cluster]"'
    command = command_for("cluster", installed(tmp_path / "e", EDITABLE), tmp_path, PYTHON)
    assert command == f'{start} --editable "/src/inpaintd[cluster]"'


def test_this_installation_is_extended_from_its_own_folder() -> None:
    command = how_to_install("cluster").partition(" -m pip install ")
    assert command[0] == sys.executable
    requirement = command[2].removeprefix("-e ").strip('"')
    assert requirement.endswith("[cluster]")
    assert (Path(requirement.partition("[")[0]) / "pyproject.toml").is_file()


def test_libraries_that_depend_on_the_graphics_card_come_by_set_up() -> None:
    assert how_to_install("diffusion") == "inpaintd setup"


def test_no_message_names_a_package_that_no_index_has() -> None:
    found = subprocess.run(
        ["git", "grep", "-lF", "inpaintd[", "--", "daemon", "bench", "docs", "README.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.split() == []
