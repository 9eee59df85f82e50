"""Tiny models, built once for all tests of this folder; nothing may ask the network."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"

INSTALLED = all(find_spec(name) for name in ("torch", "diffusers", "transformers", "accelerate"))
if not INSTALLED:  # the extra `diffusion`
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for library in ("diffusers", "torch", "transformers", "compel", "numpy", "peft"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore:::{library}"))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model by its name in `tiny_models.BUILDERS`."""
    import torch

    from tests.diffusion import tiny_models

    torch.set_num_threads(1)
    built: dict[str, Path] = {}
    root = tmp_path_factory.mktemp("models")

    def folder(name: str) -> Path:
        if name not in built:
            built[name] = tiny_models.build(name, root / name)
        return built[name]

    return folder
