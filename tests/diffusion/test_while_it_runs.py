"""Progress, previews, and cancelling in the middle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from inpaintd.engine import CancelledError
from inpaintd.engines.diffusion.painting import after_step
from tests.diffusion.pictures import engine as fresh
from tests.diffusion.pictures import hole, inside, paint, photograph, quiet, settings, task
from tests.diffusion.pictures import shared as engine
from tests.diffusion.tiny_models import MODELS, Build, cell_of


@pytest.mark.parametrize("kind", MODELS)
def test_each_step_is_reported(kind: str, tiny: Build) -> None:
    said: list[tuple[Any, ...]] = []
    model = fresh(tiny(kind))
    tasks = [task(), task(seed=8)]
    painted = model.paint(tasks, settings(), lambda *a, **k: said.append((*a, k.get("task", 0))))
    assert [word for word, *_ in said[:2]] == ["loading", "preparing"]
    steps = [place for word, *place in said if word == "denoising"]
    total = 2 * painted.steps
    assert [(step, of) for step, of, _ in steps] == [(i + 1, total) for i in range(total)]
    assert [which for *_, which in steps] == [0] * painted.steps + [1] * painted.steps


@pytest.mark.parametrize("kind", MODELS)
def test_cancelling_stops_at_once_and_leaves_no_trace(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    steps_seen = []

    def cancel_at_second_step(phase: str, step: int = 0, *_: Any, **__: Any) -> None:
        if phase == "denoising":
            steps_seen.append(step)
            if step == 2:
                raise CancelledError

    soft = task(np.full((64, 64), 0.6, np.float32), seed=3)
    with pytest.raises(CancelledError):
        model.paint([soft], settings(replace=0.5), cancel_at_second_step)
    assert steps_seen == [1, 2]
    afterwards = model.paint([task()], settings(), quiet).colours[0]
    assert np.array_equal(afterwards, paint(engine(tiny(kind))).colours[0])


@pytest.mark.parametrize("kind", MODELS)
def test_previews_show_the_latents_colours(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    shown: list[np.ndarray] = []

    def keep(*_: Any, preview: np.ndarray | None = None, **__: Any) -> None:
        if preview is not None:
            shown.append(preview)

    watched = model.paint([task()], settings(preview=True), keep)
    assert np.array_equal(inside(watched), inside(paint(model)))  # looking changes nothing
    assert shown
    side = 64 // cell_of(kind)
    assert shown[0].shape == (side, side, 3)
    assert shown[0].dtype == np.float32
    assert 0 <= shown[0].min() <= shown[0].max() <= 1


def test_the_map_gives_the_colours_of_clean_latents_back(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = engine(tiny("sd15"))
    paint(model)
    loaded = model._model
    assert loaded is not None
    mix = torch.tensor([[0.4, -0.3, 0.2], [0.1, 0.5, -0.2], [0.3, 0.3, 0.3], [-0.2, 0.1, 0.6]])

    def encoded(_: object, picture: np.ndarray) -> torch.Tensor:
        cells = picture.reshape(picture.shape[0] // 8, 8, -1, 8, 3).mean(axis=(1, 3))
        return torch.einsum("ck,hwk->chw", mix, torch.from_numpy(cells))[None]

    monkeypatch.setattr(after_step, "encoded", encoded)
    colours = after_step.LatentColours(loaded)
    photo = photograph()
    sketch = colours.picture(loaded, encoded(None, photo), 64, 64)
    truth = photo.reshape(8, 8, 8, 8, 3).mean(axis=(1, 3))
    assert np.abs(sketch - truth).max() < 0.01


def test_previews_come_at_most_five_times_a_second(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(np.arange(0, 100, 0.05))
    monkeypatch.setattr(after_step.time, "monotonic", lambda: float(next(clock)))
    model = fresh(tiny("sdxl"))
    shown = []
    model.paint(
        [task()],
        settings(preview=True, steps=20, strength=1.0),
        lambda *_, **k: shown.append(k.get("preview") is not None),
    )
    pictures = [shown[i : i + 4].count(True) for i in range(2, 22, 4)]
    assert pictures == [1] * 5


class _Looks(TorchDispatchMode):
    """Counts the operations that make the processor wait for the device."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func in (
            torch.ops.aten._local_scalar_dense.default,
            torch.ops.aten.is_nonzero.default,
        )
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("kind", "soft"),
    [("sd15", False), ("sd15", True), ("flux", False), ("flux", True), ("sd15-inpainting", True)],
)
def test_no_step_but_the_first_waits_for_the_device(
    tiny: Build, monkeypatch: pytest.MonkeyPatch, kind: str, soft: bool
) -> None:
    looks: list[int] = []
    copies: list[int] = []
    inside: list[None] = []
    real = after_step.Watch.__call__

    def counted(self: Any, *args: Any) -> Any:
        copies.append(0)
        inside.append(None)
        with _Looks() as mode:
            tensors = real(self, *args)
        inside.clear()
        looks.append(mode.count)
        return tensors

    def copying(function: Any) -> Any:
        def copy(*args: Any) -> Any:
            if inside:
                copies[-1] += 1
            return function(*args)

        return copy

    # Between the processor and the processor nothing is copied, so no operation shows it.
    monkeypatch.setattr(torch, "from_numpy", copying(torch.from_numpy))
    for name in ("cpu", "numpy", "tolist"):
        monkeypatch.setattr(torch.Tensor, name, copying(getattr(torch.Tensor, name)))
    monkeypatch.setattr(after_step.Watch, "__call__", counted)
    mask = (hole() * (0.6 if soft else 1.0)).astype(np.float32)
    paint(engine(tiny(kind)), task(mask))
    assert len(looks) > 1
    assert looks[0] == 1
    assert not any(looks[1:])
    assert not any(copies[1:])
