from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .peers import Peer, open_door


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home folder of a daemon that runs for all tests of a module."""
    folder = tmp_path_factory.mktemp("home")
    with open_door(folder):
        yield folder


@pytest.fixture
def peer(home: Path) -> Iterator[Peer]:
    opened = Peer(home)
    yield opened
    opened.close()
