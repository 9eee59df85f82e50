"""Tasks, holes and a measure of sharpness, for the tests of the engines that copy."""

from __future__ import annotations

from typing import Any

import numpy as np

from inpaintd.engine import Task


def quiet(*_: Any, **__: Any) -> None:
    """A report that nobody reads."""


def task(colour: Any, mask: Any, seed: int = 1, source: Any = None) -> Task:
    """A task from (H, W, 3) in [0, 255] and its hole."""
    return Task(colour.astype(np.float32) / 255, mask.astype(np.float32), seed, 0, source)


def ellipse(shape: tuple[int, ...], x: int, y: int, a: int, b: int) -> Any:
    """(H, W) bool, true within an ellipse of these half-axes."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return ((columns - x) / a) ** 2 + ((rows - y) / b) ** 2 < 1


def sharpness(colour: Any) -> float:
    """The mean difference between neighbours."""
    return float(np.abs(np.diff(colour, axis=1)).mean())
