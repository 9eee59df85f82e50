"""The engine `erase`: networks in ONNX files that continue the surroundings of a hole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from inpaintd.engine import Array, Painted, Report, Task, nothing_kept
from inpaintd.engines.catalogue import ENGINES
from inpaintd.engines.erase.network import Network, Pixels
from inpaintd.engines.erase.windows import through_windows, work_scale
from inpaintd.models.registry import Registry
from inpaintd_protocol.settings import Settled

_SIDE = 512
"""Window side for a network that takes any size: these networks were trained on this."""

_RIM = 3
"""Pixels by which the hole is grown for a network that blends its answer with its input."""


def make(_name: str, registry: Callable[[], Registry]) -> Erase:
    """The engine for the networks that are installed."""

    def file_of(name: str) -> Path:
        entry = registry().find(name)
        place = registry().folder(entry)
        return place / entry.files[0] if entry.files else place

    return Erase(file_of)


class Erase:
    """Fills with LaMa, MI-GAN, or another network that takes no prompt."""

    honours = ENGINES["erase"].honours
    soft = ENGINES["erase"].soft
    interruptible = ENGINES["erase"].interruptible

    def __init__(self, file_of: Callable[[str], Path]) -> None:
        """
        Args:
            file_of: from a model's name to its ONNX file; raises `InpaintError`.
        """
        self._file_of = file_of
        self._loaded: tuple[Path, Network] | None = None

    def paint(self, tasks: Sequence[Task], settings: Settled, report: Report) -> Painted:
        """Paint as described in `Engine.paint`; the colours under the hole have no influence.

        Raises:
            InpaintError: `model_missing`, `model_damaged`, `unsupported` for a file that is not an
                inpainting network, or when nothing is kept to continue from.
        """
        file = self._file_of(settings.model)
        report("loading", 0, len(tasks))
        if self._loaded is None or self._loaded[0] != file:
            self._loaded = None  # avoids holding two large networks at once
            self._loaded = file, Network(file)
        network = self._loaded[1]
        side = network.signature.side or _SIDE
        colours: list[Array] = []
        for index, task in enumerate(tasks):
            report("denoising", index, len(tasks), task=index)
            same = next((k for k in range(index) if _same_work(tasks[k], task)), None)
            colours.append(_filled(task, network) if same is None else colours[same])
        report("denoising", len(tasks), len(tasks), task=len(tasks) - 1)
        scales = tuple(work_scale(task.mask > 0, side) for task in tasks)
        return Painted(colours, scales=scales)


def _same_work(one: Task, other: Task) -> bool:
    """Test whether two tasks differ at most in their seed, which these networks do not have."""
    return one.colour is other.colour and one.mask is other.mask


def _filled(task: Task, network: Network) -> Array:
    """The task's colours with the hole filled, (H, W, 3) float32; kept pixels are unchanged."""
    hole = task.mask > 0
    shown = ~hole if task.source is None else task.source
    if not shown.any():
        raise nothing_kept()
    side = network.signature.side or _SIDE
    unseen = hole | ~shown
    if network.signature.dtype == np.uint8:
        kernel = np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)
        unseen = np.asarray(cv2.dilate(unseen.astype(np.uint8), kernel)) > 0
    scale = work_scale(hole, side)
    colour = _resized(task.colour, scale)
    windows = through_windows(
        colour, _covered(hole, scale), _covered(unseen, scale), side, network.fill
    )
    for filled in windows:
        colour = filled
    if scale < 1:
        height, width = hole.shape
        colour = np.asarray(
            cv2.resize(colour, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
        )
    return np.where(hole[..., None], np.clip(colour, 0, 1), task.colour)


def _resized(colour: Array, scale: float) -> Array:
    """A picture, or a mask as floats, scaled to another size."""
    if scale == 1:
        return colour
    height, width = (max(1, round(side * scale)) for side in colour.shape[:2])
    return np.asarray(cv2.resize(colour, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _covered(pixels: Pixels, scale: float) -> Pixels:
    """A set of pixels scaled to another size; partly covered pixels belong to it."""
    return _resized(pixels.astype(np.float32), scale) > 0
