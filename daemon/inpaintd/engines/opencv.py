"""Quick smooth fills by OpenCV, for scratches and thin lines."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from inpaintd.engine import Array, Painted, Report, Task
from inpaintd_protocol.settings import Settings

_METHODS = {"telea": cv2.INPAINT_TELEA, "navier-stokes": cv2.INPAINT_NS}
_RADIUS_PIXELS = 5


class Diffused:
    """Carries the hole's edge inwards, smoothly. Works on 8 bits, within the hole only."""

    honours: frozenset[str] = frozenset()
    soft = False
    interruptible = False

    def __init__(self, name: str) -> None:
        """Args: name: "telea" or "navier-stokes"."""
        self._method = _METHODS[name]

    def paint(self, tasks: Sequence[Task], settings: Settings, report: Report) -> Painted:
        """As `Engine.paint`; the colours under the hole have no influence."""
        colours = []
        for index, task in enumerate(tasks):
            report("denoising", index, len(tasks), task=index)
            colours.append(self._fill(task))
        report("denoising", len(tasks), len(tasks), task=len(tasks) - 1)
        return Painted(colours)

    def _fill(self, task: Task) -> Array:
        hole = task.mask > 0
        pixels = np.floor(np.clip(task.colour, 0, 1) * 255 + np.float32(0.5)).astype(np.uint8)
        filled = cv2.inpaint(pixels, hole.astype(np.uint8), _RADIUS_PIXELS, self._method)
        return np.where(hole[..., None], filled.astype(np.float32) / 255, task.colour)
