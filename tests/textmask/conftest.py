"""A CLIPSeg of a few kilobytes, for all tests of this folder; nothing may ask the network."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.textmask.clipseg import clipseg as tiny_clipseg_folder

os.environ["HF_HUB_OFFLINE"] = "1"

INSTALLED = all(find_spec(name) for name in ("torch", "transformers"))
if not INSTALLED:  # the extra `diffusion`
    collect_ignore_glob = ["test_*.py"]

COLOURS = {"red": (0.85, 0.15, 0.1), "green": (0.1, 0.7, 0.2), "blue": (0.15, 0.2, 0.85)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for library in ("torch", "transformers"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore:::{library}"))


@pytest.fixture(scope="session")
def clipseg() -> Path:
    """The folder of a CLIPSeg that knows red, green and blue."""
    return tiny_clipseg_folder()
