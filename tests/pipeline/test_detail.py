"""Detail for holes that an engine filled at a lower resolution than the picture's."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data

from inpaintd.engine import Array, CancelledError, Detailer, Painted, Task
from inpaintd.engines.patches.filler import Patches
from inpaintd.pipeline.detail import with_detail
from inpaintd_protocol.settings import Settings, Settled

SETTLED = Settled.of(Settings())
SCALE = 0.3


def quiet(*_: Any, **__: Any) -> None:
    pass


def disc(height: int, width: int, radius: int) -> Array:
    y, x = np.ogrid[:height, :width]
    return ((y - height // 2) ** 2 + (x - width // 2) ** 2 <= radius**2).astype(np.float32)


def soft(truth: Array, mask: Array) -> Array:
    """The best that a network could give at this scale: the truth without its detail."""
    height, width = mask.shape
    size = (round(width * SCALE), round(height * SCALE))
    small = cv2.resize(truth, size, interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.where(mask[..., None] > 0, np.clip(large, 0, 1), truth).astype(np.float32)


def sharpness(colour: Array, mask: Array) -> float:
    return float(np.abs(np.diff(colour, axis=1)).mean(axis=2)[mask[:, 1:] > 0].mean())


def low(colour: Array) -> Array:
    return np.asarray(cv2.GaussianBlur(colour, (0, 0), 2 / SCALE))


@pytest.fixture(scope="module")
def gravel() -> tuple[Array, Array]:
    grey = skimage.data.gravel()[:360, :360].astype(np.float32) / 255
    return np.repeat(grey[..., None], 3, axis=2), disc(360, 360, 100)


def test_texture_comes_back_and_the_layout_stays(gravel: tuple[Array, Array]) -> None:
    truth, mask = gravel
    coarse = soft(truth, mask)
    fine = Patches().detailed(Task(coarse, mask, 1), SCALE, SETTLED, quiet)
    assert (fine == truth)[mask == 0].all()
    assert sharpness(coarse, mask) < 0.6 * sharpness(truth, mask)
    assert sharpness(fine, mask) > 0.8 * sharpness(truth, mask)
    assert np.abs(low(fine) - low(coarse))[mask > 0].mean() < 0.04


def test_what_the_surroundings_do_not_hold_stays_as_the_network_made_it() -> None:
    """A face in a hole cannot come from what is around it: only fine structure may be added."""
    truth = skimage.data.astronaut()[:300, 60:360].astype(np.float32) / 255
    mask = disc(300, 300, 90)
    coarse = soft(truth, mask)
    fine = Patches().detailed(Task(coarse, mask, 1), SCALE, SETTLED, quiet)
    assert np.abs(low(fine) - low(coarse))[mask > 0].mean() < 0.03


class Recorder:
    def __init__(self) -> None:
        self.scales: list[float] = []

    def detailed(self, task: Task, scale: float, settings: Settled, tell: Any) -> Array:
        tell()
        self.scales.append(scale)
        return task.colour + 1


def painted(*scales: float) -> tuple[Painted, list[Task]]:
    colours = [np.full((4, 4, 3), k, np.float32) for k in range(len(scales))]
    tasks = [Task(colour, np.ones((4, 4), np.float32), 0) for colour in colours]
    return Painted(colours, scales=scales), tasks


def test_only_coarse_fills_are_detailed() -> None:
    recorder = Recorder()
    assert isinstance(recorder, Detailer)
    one, tasks = painted(1.0, 0.5)
    first, second = with_detail(one, tasks, SETTLED, recorder, quiet)
    assert (recorder.scales, first.max(), second.max()) == ([0.5], 0, 2)
    assert with_detail(one, tasks, SETTLED, None, quiet) == one.colours


def test_variants_that_are_the_same_are_detailed_once() -> None:
    recorder = Recorder()
    one, tasks = painted(0.5, 0.5)
    same = Painted([one.colours[0]] * 2, scales=(0.5, 0.5))
    first, second = with_detail(same, tasks, SETTLED, recorder, quiet)
    assert first is second
    assert len(recorder.scales) == 1


def test_it_can_be_cancelled() -> None:
    def cancel(*_: Any, **__: Any) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        with_detail(*painted(0.5), SETTLED, Recorder(), cancel)
