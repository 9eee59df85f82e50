"""Tiny models, built once for all tests of this folder; nothing may ask the network."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.run import Run
from tests.running import Daemon, running_daemon

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
    root = tmp_path_factory.mktemp("models")
    return lambda name: tiny_models.copied(name, root)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line."""
    return Run(capsys)


@pytest.fixture(scope="module")
def _tiny_daemon(
    tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    models = ("sd15", "sd15-inpainting", "sdxl", "sdxl-inpainting", "sdxl-refiner")
    models += ("flux2-klein",)
    with pytest.MonkeyPatch.context() as environment:
        # Two threads on a busy machine wait for each other ten times as long as they work.
        environment.setenv("OMP_NUM_THREADS", "1")
        with running_daemon(tmp_path_factory.mktemp("daemon") / "home") as daemon:
            tables = (
                f'["{name}"]\ntitle = "{name}"\nengine = "diffusion"\nsource = "{tiny(name)}"\n'
                "native_side = 64\nmultiple = 8\n"
                for name in models
            )
            (daemon.home / "models.toml").write_text("".join(tables), encoding="utf-8")
            yield daemon


@pytest.fixture
def tiny_daemon(
    _tiny_daemon: Daemon, _no_real_home: None, monkeypatch: pytest.MonkeyPatch
) -> Daemon:
    """A daemon whose models are tiny, shared by a file's tests, its home in $INPAINTD_HOME."""
    monkeypatch.setenv("INPAINTD_HOME", str(_tiny_daemon.home))
    return _tiny_daemon
