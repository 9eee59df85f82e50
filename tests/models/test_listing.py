"""The output of `inpaintd models list`, in terminals of any width."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from inpaintd.cli.models import listing
from inpaintd.models.registry import Registry, load_registry
from inpaintd_protocol.messages import ModelInfo
from tests.running import running_daemon

GONE = (
    '[mine]\ntitle = "My own"\nengine = "diffusion"\nsource = "/nowhere/of/any/use.safetensors"\n'
)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    (tmp_path / "models.toml").write_text(GONE)
    return load_registry(tmp_path)


@pytest.fixture
def models(registry: Registry) -> tuple[ModelInfo, ...]:
    return registry.infos()


@pytest.fixture
def helpers(registry: Registry) -> tuple[ModelInfo, ...]:
    return registry.helpers()


@pytest.mark.parametrize("columns", [60, 80, 120, 300])
def test_every_line_fits(
    models: tuple[ModelInfo, ...], helpers: tuple[ModelInfo, ...], columns: int
) -> None:
    lines = listing(models, helpers, columns)
    assert max(len(line) for line in lines if "models install" not in line) < columns
    for model in (*models, *helpers):
        assert sum(line.split()[:1] == [model.name] for line in lines) == 1


def test_what_can_be_used_at_once_comes_first(
    models: tuple[ModelInfo, ...], helpers: tuple[ModelInfo, ...]
) -> None:
    lines = listing(models, helpers, 80)
    end = lines.index("")
    assert lines[0] == "Installed:"
    assert lines[1].split(maxsplit=1) == [
        "patches",
        "Content-aware fill, the default",
    ]
    assert [line.split()[0] for line in lines[1:end]] == [
        "patches",
        "patchmatch",
        "telea",
        "navier-stokes",
    ]
    assert lines[end + 1] == "Not installed; to fetch one: inpaintd models install NAME"
    assert any(line.split()[0] == "sdxl" for line in lines[end + 2 :] if line)
    part = next(n for n, line in enumerate(lines) if line.startswith("Helpers"))
    names = [line.split()[0] for line in lines[part + 1 : -2]]
    assert {"clipseg", "controlnet-inpaint", "controlnet-tile"} < set(names)
    assert "Its file is gone. See: inpaintd models info mine" in "\n".join(lines)


def test_a_very_narrow_terminal_still_gets_words(
    models: tuple[ModelInfo, ...], helpers: tuple[ModelInfo, ...]
) -> None:
    assert all(line.strip() for line in listing(models, helpers, 1)[:4])


def test_the_command_heeds_the_terminal(tmp_path: Path) -> None:
    with running_daemon(tmp_path):
        listed = subprocess.run(
            [sys.executable, "-m", "inpaintd", "models", "list"],
            env=os.environ | {"INPAINTD_HOME": str(tmp_path), "COLUMNS": "80"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    lines = listed.stdout.splitlines()
    assert "Installed:" in lines
    assert max(map(len, lines)) < 80
