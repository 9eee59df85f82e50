"""A SAM 2 of a megabyte, for all tests of this folder; nothing may ask the network."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.objectmask.sam import sam

os.environ["HF_HUB_OFFLINE"] = "1"

INSTALLED = all(find_spec(name) for name in ("torch", "transformers"))
if not INSTALLED:  # the extra `diffusion`
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for library in ("torch", "transformers"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore:::{library}"))


@pytest.fixture(scope="session", name="sam")
def _sam() -> Path:
    """The folder of a SAM 2 with random weights."""
    return sam()
