"""The panel in Chromium, with a real daemon behind it."""

from __future__ import annotations

import os
import shutil

import pytest

from .node import node_test, npm, require_node

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def panel() -> None:
    """The panel, built, where there is a browser for it."""
    require_node()
    if not os.environ.get("INPAINT_CHROMIUM") and not any(map(shutil.which, _BROWSERS)):
        pytest.skip("Chromium is not installed: apt-get install chromium")
    npm("build")


@pytest.mark.usefixtures("panel")
@pytest.mark.parametrize("name", ["panel", "models"])
def test_the_panel_in_chromium(name: str) -> None:
    node_test(f"{name}.test.js")


@pytest.mark.usefixtures("panel")
@pytest.mark.exhaustive
def test_frames_of_64_mebibytes_in_chromium() -> None:
    node_test("panel.test.js", exhaustive="frames of 64 MiB")
