"""The plug-in's own tests in Node, with a real daemon behind them.

The long ones are in files of their own, since each file of tests runs as a whole in one process.
"""

from __future__ import annotations

import pytest

from .node import node_test, npm


def test_the_types_hold() -> None:
    npm("check")


@pytest.mark.parametrize(
    "name", ["wire", "client", "settings", "fill", "object", "references", "peer", "package"]
)
def test_in_node(name: str) -> None:
    node_test(f"{name}.test.js")


@pytest.mark.exhaustive
def test_in_every_reading_of_what_adobe_leaves_open() -> None:
    node_test("readings.test.js")
