"""The panel in Chromium, with a real daemon behind it."""

from __future__ import annotations

import os
import shutil

import pytest

from .node import node_test, npm, require_node

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def test_the_panel_in_chromium() -> None:
    require_node()
    if not os.environ.get("INPAINT_CHROMIUM") and not any(map(shutil.which, _BROWSERS)):
        pytest.skip("Chromium is not installed: apt-get install chromium")
    npm("build")
    node_test("panel.test.js")
