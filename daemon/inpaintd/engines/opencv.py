"""Fast smooth fills with OpenCV, for scratches and thin lines."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from inpaintd.engine import Array, Engine, Painted, Report, Task, nothing_kept
from inpaintd.engines.catalogue import ENGINES
from inpaintd.engines.eight_bit import from_bytes, to_bytes
from inpaintd_protocol.settings import Settled

_METHODS = {"telea": cv2.INPAINT_TELEA, "navier-stokes": cv2.INPAINT_NS}
_RADIUS_PIXELS = 5


def make(name: str, _registry: object) -> Engine:
    """Create an engine for the method of this name."""
    return Diffused(name)


class Diffused:
    """Smoothly extends the hole's edge inwards. Works on 8 bits, within the hole only."""

    honours = ENGINES["telea"].honours
    soft = ENGINES["telea"].soft
    interruptible = ENGINES["telea"].interruptible

    def __init__(self, name: str, notices: tuple[tuple[str, str, str], ...] = ()) -> None:
        """Args: name: "telea" or "navier-stokes"; notices: attached to each result."""
        self._method = _METHODS[name]
        self._notices = notices

    def paint(self, tasks: Sequence[Task], settings: Settled, report: Report) -> Painted:
        """Paint as described in `Engine.paint`; the colours under the hole have no influence.

        Raises:
            InpaintError: `nothing_kept` when nothing is kept to continue from.
        """
        colours = []
        for index, task in enumerate(tasks):
            report("denoising", index, len(tasks), task=index)
            colours.append(self._fill(task))
        report("denoising", len(tasks), len(tasks), task=len(tasks) - 1)
        return Painted(colours, notices=self._notices)

    def _fill(self, task: Task) -> Array:
        hole = task.mask > 0
        if hole.all():
            raise nothing_kept()
        pixels, mask = to_bytes(task.colour), hole.astype(np.uint8)
        filled = np.asarray(cv2.inpaint(pixels, mask, _RADIUS_PIXELS, self._method), np.uint8)
        return np.where(hole[..., None], from_bytes(filled), task.colour)
