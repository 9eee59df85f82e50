"""The small interface between the pipeline and whatever fills a region."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settled

Array = NDArray[np.float32]


SAMPLING = "sampling_pixels"
"""The setting that an engine honours if it honours a sampling area, which is no setting."""


class CancelledError(Exception):
    """Raised out of `Report` when the request was cancelled. Engines let it pass."""


class FatalEngineError(InpaintError):
    """The engine failed in a way that spoils its process, such as a CUDA error."""


def nothing_kept() -> InpaintError:
    """The error of an engine that continues the surroundings when there are none."""
    return InpaintError(
        "nothing_kept",
        "The hole covers everything, so there is nothing to continue.",
        "Select less, or choose a model that paints from a prompt.",
    )


@dataclass(frozen=True)
class Task:
    """One region to fill, once.

    Attributes:
        colour: (H, W, 3) float32, sRGB-encoded, 1.0 = white; lost colours already infilled.
        mask: (H, W) float32 in [0, 1], 1 = repaint, 0 = keep.
        seed: 0 to 2**32 - 1.
        variant: which of the request's variants this is for.
        references: for each of the settings' references its picture, (H, W, 3) float32 of any size,
            sRGB-encoded, 1.0 = white.
        reference_masks: for each of the references where it counts, like `mask`, or None for
            everywhere. Empty when all count everywhere.
        stage_masks: for each of the settings' stages a mask of its own, or None; like `mask`. Empty
            when none has one.
        source: (H, W) bool, kept pixels that show something and so may be continued; None when all
            kept pixels do. The others, such as a cut-out's transparent border, only look filled.
        sampling: (H, W) bool, the only pixels that may be copied; None when all may be.
    """

    colour: Array
    mask: Array
    seed: int
    variant: int = 0
    source: NDArray[np.bool_] | None = None
    stage_masks: tuple[Array | None, ...] = ()
    references: tuple[Array, ...] = ()
    reference_masks: tuple[Array | None, ...] = ()
    sampling: NDArray[np.bool_] | None = None


class Report(Protocol):
    """Callback through which an engine reports its progress; it may raise `CancelledError`."""

    def __call__(
        self,
        phase: str,
        step: int = 0,
        steps: int = 0,
        *,
        task: int = 0,
        preview: Array | None = None,
    ) -> None:
        """Report a step.

        Args:
            phase: as in the protocol's `Progress`.
            step, steps: steps done of the steps to do, over all tasks of this call.
            task: index of the task that the preview belongs to.
            preview: (h, w, 3) float32, a sketch of the task's region at any size.
        """


@dataclass(frozen=True)
class Painted:
    """An engine's results for its tasks.

    Attributes:
        colours: for each task (H, W, 3) float32, as large as the task's colour.
        steps: denoising steps really run for each task; 0 for engines without steps.
        notices: (code, message, remedy) of each warning.
        scales: for each task the resolution that its hole was filled at, as a share of the
            picture's; empty for full resolution.
    """

    colours: list[Array]
    steps: int = 0
    notices: tuple[tuple[str, str, str], ...] = ()
    scales: tuple[float, ...] = ()


class Engine(Protocol):
    """Something that fills regions."""

    honours: frozenset[str]
    """Names of the `Settings` fields with `done_by="engine"` that it takes into account."""

    soft: bool
    """True if it honours grey masks itself, so that the composite must not halve them again."""

    interruptible: bool
    """True if it calls `report` often; if not, cancelling ends the worker process."""

    def paint(self, tasks: Sequence[Task], settings: Settled, report: Report) -> Painted:
        """Fill each task's region. Same-sized tasks may run as one batch.

        Raises:
            InpaintError: with a sentence for the user.
            CancelledError: passed on from `report`.
        """
        ...


@runtime_checkable
class Detailer(Protocol):
    """An engine that can add fine structure to another engine's coarse fill."""

    def detailed(
        self, task: Task, scale: float, settings: Settled, tell: Callable[[], object]
    ) -> Array:
        """The task's colours with detail in the hole, (H, W, 3) float32; the rest is unchanged.

        Args:
            task: with the coarse fill in the hole of its colour.
            scale: resolution of that fill as a share of the picture's, below 1.
            tell: called every now and then; may raise `CancelledError`.

        Raises:
            CancelledError: passed on from `tell`.
        """
        ...
