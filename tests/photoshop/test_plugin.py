"""The plug-in's own tests, in Node and in Chromium, with a real daemon behind them."""

from __future__ import annotations

import os
import shutil

import pytest

from .node import node_test, npm, require_node

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def test_the_types_hold() -> None:
    npm("check")


@pytest.mark.parametrize("name", ["wire", "client", "settings", "fill", "find", "peer", "package"])
def test_in_node(name: str) -> None:
    node_test(f"{name}.test.js")


@pytest.mark.exhaustive
def test_in_every_reading_of_what_adobe_leaves_open() -> None:
    node_test("readings.test.js")


def test_the_panel_in_chromium() -> None:
    require_node()
    if not os.environ.get("INPAINT_CHROMIUM") and not any(map(shutil.which, _BROWSERS)):
        pytest.skip("Chromium is not installed: apt-get install chromium")
    npm("build")
    node_test("panel.test.js")
