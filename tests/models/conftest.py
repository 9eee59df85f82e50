"""A tiny repository and a daemon's folder that knows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models import hollow
from tests.models.tiny import ENTRY, FILES, WEIGHTS


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for number, name in enumerate(WEIGHTS, start=1):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        hollow.write(folder / name, {"weight": (number,)})
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "models.toml").write_text(ENTRY)
    return folder
