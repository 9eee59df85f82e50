"""Engines with a known fault or none, which make every path testable without a GPU or a model.

A worker process can be told to load one by its name: `tests.synthetic_engines:crash`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from inpaintd.engine import Array, Painted, Report, Task
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import ObjectPrompt
from inpaintd_protocol.settings import Settings


@dataclass
class Synthetic:
    """Does to each task's colour what `change` says, in `steps` steps of `step_seconds` each."""

    change: Callable[[Task], Array]
    steps: int = 0
    step_seconds: float = 0.0
    soft: bool = False
    interruptible: bool = True
    honours: frozenset[str] = frozenset({"seed", "infill", "steps", "prompt"})
    notices: tuple[tuple[str, str, str], ...] = ()
    calls: list[list[Task]] = field(default_factory=list)

    def paint(self, tasks: Sequence[Task], settings: Settings, report: Report) -> Painted:
        self.calls.append(list(tasks))
        todo = self.steps * len(tasks)
        for step in range(todo):
            index = step // self.steps
            preview = tasks[index].colour[::4, ::4] if settings.preview else None
            report("denoising", step, todo, task=index, preview=preview)
            time.sleep(self.step_seconds)
        return Painted([self.change(task) for task in tasks], self.steps, self.notices)


def identity(**options: bool) -> Synthetic:
    """Gives back what it got."""
    return Synthetic(lambda task: task.colour.copy(), **options)


def constant_offset(offset: float = 5 / 255) -> Synthetic:
    """The truth, everywhere brighter by `offset`."""
    return Synthetic(lambda task: task.colour + np.float32(offset))


def smooth_bias(amplitude: float = 8 / 255, **options: bool) -> Synthetic:
    """The truth plus half of a slow wave over the region."""

    def change(task: Task) -> Array:
        height, width = task.mask.shape
        y, x = np.mgrid[0 : np.pi / 2 : height * 1j, 0 : np.pi / 2 : width * 1j]
        wave = amplitude * np.cos(x + 0.3) * np.cos(y - 0.4)
        return np.asarray(task.colour + wave[..., None], np.float32)

    return Synthetic(change, **options)


def noise(**options: bool) -> Synthetic:
    """White noise by the task's seed, everywhere: not a pixel of the source survives."""

    def change(task: Task) -> Array:
        return np.random.default_rng(task.seed).random(task.colour.shape, np.float32)

    return Synthetic(change, **options)


def flat(red: float, green: float, blue: float, **options: bool) -> Synthetic:
    """One colour everywhere."""
    colour = np.array([red, green, blue], np.float32)
    return Synthetic(lambda task: np.broadcast_to(colour, task.colour.shape).copy(), **options)


def reference() -> Synthetic:
    """The mean colour of the first reference picture in the hole; black without one."""

    def change(task: Task) -> Array:
        means = [picture.mean(axis=(0, 1)) for picture in task.references]
        colour = np.asarray(means[0] if means else (0, 0, 0), np.float32)
        return np.where(task.mask[..., np.newaxis] > 0, colour, task.colour)

    return Synthetic(change, honours=frozenset({"seed", "references"}))


def slow(seconds: float = 5.0) -> Synthetic:
    """The identity, in 50 steps that take `seconds` in all."""
    return Synthetic(lambda task: task.colour.copy(), steps=50, step_seconds=seconds / 50)


def brisk() -> Synthetic:
    """As `slow`, in half a second: for what happens between two steps."""
    return slow(0.5)


def hold() -> Synthetic:
    """Goes on for ever, and heeds a cancellation at each of its steps."""
    return Synthetic(lambda task: task.colour.copy(), steps=sys.maxsize, step_seconds=0.05)


def hang() -> Synthetic:
    """Never comes back and never reports, so only ending its process stops it."""

    def change(task: Task) -> Array:
        while True:
            time.sleep(60)

    return Synthetic(change, interruptible=False)


def crash() -> Synthetic:
    """Takes its whole process down, as a segmentation fault does."""

    def change(task: Task) -> Array:
        if hasattr(signal, "SIGKILL"):
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(70)

    return Synthetic(change)


def fail() -> Synthetic:
    """Raises an error meant for the user."""

    def change(task: Task) -> Array:
        raise InpaintError("engine_failed", "The synthetic engine failed.", "It always does.")

    return Synthetic(change)


def bug() -> Synthetic:
    """Raises an error that is nobody's intention."""

    def change(task: Task) -> Array:
        raise ZeroDivisionError("a bug")

    return Synthetic(change)


def gate(phase: str) -> Synthetic:
    """The identity, held in a phase until the file in $INPAINTD_TEST_GATE exists."""

    def change(task: Task) -> Array:
        return task.colour.copy()

    @dataclass
    class Gate(Synthetic):
        def paint(self, tasks: Sequence[Task], settings: Settings, report: Report) -> Painted:
            while not os.path.exists(os.environ["INPAINTD_TEST_GATE"]):  # noqa: PTH110
                report(phase, 1, 2)
                time.sleep(0.02)
            return super().paint(tasks, settings, report)

    return Gate(change)


def gate_loading() -> Synthetic:
    return gate("loading")


def gate_denoising() -> Synthetic:
    return gate("denoising")


def gate_finishing() -> Synthetic:
    return gate("finishing")


def native_hang() -> Synthetic:
    """Never comes back from a call of native code that holds Python's lock, as drivers do."""

    def change(task: Task) -> Array:
        import ctypes

        ctypes.PyDLL(None).sleep(100_000)
        return task.colour

    return Synthetic(change)


class ColourFinder:
    """Stands in for a model that finds words: knows red, green and blue, with soft edges."""

    def __init__(self, folder: Path) -> None:
        """Need no files."""

    def find(self, colour: Array, words: str) -> Array:
        found = np.zeros(colour.shape[:2], np.float32)
        for word in words.split(","):
            channel = ("red", "green", "blue").index(word.strip())
            others = np.delete(colour, channel, axis=2).mean(axis=2)
            found = np.maximum(found, np.clip((colour[..., channel] - others) * 2, 0, 1))
        soft: Array = cv2.blur(found, (9, 9), borderType=cv2.BORDER_REPLICATE)
        return soft


class BoxFinder:
    """Stands in for a model that selects objects.

    Answers with the first box, else a square around each click inside, less the clicks outside; a
    choice makes the squares larger. Its edge is soft.
    """

    def __init__(self, folder: Path) -> None:
        """Need no files."""

    def find(self, colour: Array, prompt: ObjectPrompt) -> Array:
        found = np.zeros(colour.shape[:2], np.float32)
        reach = 8 * (1 + (prompt.choice or 0))
        for box in prompt.boxes:
            found[box.y : box.bottom, box.x : box.right] = 1
        for click in prompt.clicks:
            if click.inside and prompt.boxes:
                continue
            left, top = max(0, int(click.x) - reach), max(0, int(click.y) - reach)
            value = 1 if click.inside else 0
            found[top : int(click.y) + reach, left : int(click.x) + reach] = value
        soft: Array = cv2.blur(found, (3, 3), borderType=cv2.BORDER_REPLICATE)
        return soft


class OutlineFinder:
    """Stands in for a model that selects objects in pictures for the guide, by GrabCut.

    Source: Rother et al., "GrabCut", SIGGRAPH 2004, as in OpenCV.
    """

    def __init__(self, folder: Path) -> None:
        """Need no files."""

    def find(self, colour: Array, prompt: ObjectPrompt) -> Array:
        height, width = colour.shape[:2]
        click = next(click for click in prompt.clicks if click.inside)
        reach = 0.31 * min(height, width)
        box = [int(click.x - reach), int(click.y - reach), int(2 * reach), int(2 * reach)]
        eight = np.round(np.clip(colour, 0, 1) * 255).astype(np.uint8)
        marks = np.zeros((height, width), np.uint8)
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(eight, marks, box, *models, 4, cv2.GC_INIT_WITH_RECT)
        return np.asarray((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD), np.float32)
