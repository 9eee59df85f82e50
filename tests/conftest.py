"""Fixtures that every area may use."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from hypothesis import HealthCheck, settings

from tests.running import Daemon, running_daemon

# The built-in fill is compiled once for all tests, and not anew in each test's home folder.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parent.parent / ".cache" / "compiled"))

# No test measures time: a busy machine must not turn one red.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


LONGEST = (
    "gimp/test_windows.py",
    "gimp/test_mask_windows.py",
    "photoshop/test_panel.py",
    "photoshop/test_find.py",
    "photoshop/test_plugin.py",
    "gimp/test_matrix.py",
    "diffusion/test_guides.py",
)
"""Files of tests that begin first, so that no process is left with one when all others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(here).as_posix()
        return LONGEST.index(name) if name in LONGEST else len(LONGEST)

    items.sort(key=place)
    for item in items:
        # The first one may have to build the system that GIMP runs in.
        if (here / "gimp") in item.path.parents:
            item.add_marker(pytest.mark.timeout(1500))


def pytest_collection_finish() -> None:
    """Leave the imported libraries out of garbage collection.

    The engine collects whenever it drops a model, and torch alone is a million objects to look
    through: that took longer than the painting.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _processor_libraries() -> None:
    """Run with or without Intel's IPP in OpenCV: INPAINTD_TEST_IPP=on or off."""
    if wanted := os.environ.get("INPAINTD_TEST_IPP"):
        cv2.ipp.setUseIPP(wanted == "on")


@pytest.fixture(autouse=True)
def _no_real_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may touch the daemon of whoever runs the tests."""
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def _module_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(tmp_path_factory.mktemp("daemon") / "home") as daemon:
        yield daemon


@pytest.fixture
def daemon_home(
    _module_daemon: Daemon, _no_real_home: None, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The home of a running daemon, shared by a file's tests, in $INPAINTD_HOME."""
    monkeypatch.setenv("INPAINTD_HOME", str(_module_daemon.home))
    return _module_daemon.home
