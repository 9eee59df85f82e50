"""The plug-in's search by words in Node, with a real daemon behind it."""

from __future__ import annotations

from .node import node_test


def test_in_node() -> None:
    node_test("find.test.js")
