"""Out of memory on each rung of the ladder, simulated; and models that break down in 16 bits."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from inpaintd.engine import FatalEngineError
from inpaintd.engines.diffusion import engine as engines
from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.engines.diffusion.loading import ladder as memory
from inpaintd.engines.diffusion.loading.model import Model
from inpaintd.engines.diffusion.painting import attempt
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Stage
from tests.diffusion.pictures import (
    distance,
    engine,
    inside,
    library,
    paint,
    settings,
    task,
)
from tests.diffusion.pictures import model as an_entry_for
from tests.diffusion.tiny_models import Build

ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
]


def fail_times(monkeypatch: pytest.MonkeyPatch, times: int, error: Exception) -> list[float]:
    """Let painting run out of memory so many times; the work area's width of each attempt."""
    real = attempt.paint
    widths: list[float] = []

    def paint_or_fail(model: Model, job: Any, *rest: Any, **more: Any) -> Any:
        widths.append(job.mask.shape[1])
        if len(widths) <= times:
            raise error
        return real(model, job, *rest, **more)

    monkeypatch.setattr(attempt, "paint", paint_or_fail)
    return widths


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_freeing_caches_comes_first_and_changes_nothing(
    error: Exception, tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = engine(tiny("sd15"))
    calm = inside(paint(model))
    fail_times(monkeypatch, 1, error)
    assert np.array_equal(inside(paint(model)), calm)


def test_each_rung_is_taken_in_its_turn(tiny: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    model = engine(tiny("sdxl"))
    calm = inside(paint(model))
    vae = model._model.vae if model._model else None
    offloaded: list[Any] = []
    ladder = [
        *memory.LADDER[:2],
        memory.Rung("offload", lambda model: offloaded.append(vae.use_tiling) or True),
    ]
    monkeypatch.setattr(memory, "LADDER", ladder)
    widths = fail_times(monkeypatch, 4 - 1, ERRORS[0])
    assert distance(inside(paint(model)), calm) > 0  # in tiles, also at the native size
    assert offloaded == [True]
    assert widths == [64] * 4
    assert vae is not None
    assert not vae.use_tiling  # the next request is as it would be without this one
    monkeypatch.undo()
    assert np.array_equal(inside(paint(model)), calm)


def test_a_smaller_size_is_the_last_thing_tried_and_told(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = engine(tiny("sd15"))
    widths = fail_times(monkeypatch, 3, ERRORS[0])
    painted = paint(model)
    assert widths[-1] == 48
    assert painted.colours[0].shape == (64, 64, 3)
    assert [code for code, *_ in painted.notices] == ["smaller_for_memory"]


def test_latents_become_a_picture_for_a_stage_that_falls_to_a_smaller_size(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = attempt.paint
    cells: list[tuple[int, ...]] = []

    def short_in_the_second_stage(model: Model, job: Any, *rest: Any, **more: Any) -> Any:
        cells.append(job.cells.shape)
        if len(cells) > 1 and job.cells.shape == (8, 8):
            raise ERRORS[0]
        return real(model, job, *rest, **more)

    monkeypatch.setattr(attempt, "paint", short_in_the_second_stage)
    painted = paint(engine(tiny("sd15")), stages=(Stage(strength=0.5, steps=4),))
    assert cells[-1] == (6, 6)
    assert [code for code, *_ in painted.notices] == ["smaller_for_memory"]
    assert np.isfinite(painted.colours[0]).all()


def test_the_error_says_what_was_tried(tiny: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    model = engine(tiny("sd15"))
    fail_times(monkeypatch, 99, ERRORS[0])
    with pytest.raises(InpaintError, match="free caches, decode in tiles, work at a sma") as caught:
        paint(model)
    assert caught.value.code == "out_of_memory"
    monkeypatch.undo()
    assert np.array_equal(inside(paint(model)), inside(paint(engine(tiny("sd15")))))


def test_other_errors_are_not_taken_for_it(tiny: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    widths = fail_times(monkeypatch, 99, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        paint(engine(tiny("sd15")))
    assert len(widths) == 1


@pytest.mark.parametrize(
    "error",
    [
        torch.AcceleratorError("CUDA error: an illegal memory access"),
        RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx(...)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_MAPPING_ERROR"),
    ],
)
def test_a_failing_device_ends_the_worker(
    error: Exception, tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    widths = fail_times(monkeypatch, 99, error)
    with pytest.raises(FatalEngineError, match=r"The device failed: (CUDA|cuDNN) error"):
        paint(engine(tiny("sd15")))
    assert len(widths) == 1  # a spoilt device is not tried again


def test_a_codebook_has_no_tiles(tiny: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kandinsky's has the methods all the same, which raise."""
    model = engine(tiny("kandinsky"))
    calm = inside(paint(model))
    widths = fail_times(monkeypatch, 2, ERRORS[0])
    assert [code for code, *_ in paint(model).notices] == ["smaller_for_memory"]
    monkeypatch.undo()
    assert len(widths) == 3
    assert np.array_equal(inside(paint(model)), calm)


def test_a_model_that_does_not_fit_is_not_called_damaged(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(diffusers.StableDiffusionInpaintPipeline, "from_pretrained", full)
    with pytest.raises(InpaintError, match="sd15 does not fit into memory") as caught:
        paint(engine(tiny("sd15")))
    assert caught.value.code == "out_of_memory"


def test_the_last_model_is_gone_before_the_next_is_loaded(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = engine(tiny("sd15"), other=an_entry_for(tiny("sd15-inpainting")))
    paint(both)
    assert both._model is not None
    unet = weakref.ref(both._model.pipe.unet)
    real = engines.load

    def load(*arguments: Any, **options: Any) -> Model:
        assert unet() is None
        return real(*arguments, **options)

    monkeypatch.setattr(engines, "load", load)
    gc.disable()  # which would come by only now and then
    try:
        paint(both, model="other")
    finally:
        gc.enable()


def test_a_decoding_that_breaks_off_leaves_the_vae_in_its_type(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SDXL's pipeline decodes in 32 bits, and goes back to 16 only when it has succeeded."""
    half = DiffusionEngine(library(tiny("sdxl")), torch.device("cpu"), torch.float16)
    stages = (Stage(strength=0.5, steps=4),)  # the second goes on from latents: nothing to encode
    calm = inside(paint(half, stages=stages))
    assert half._model is not None
    vae = half._model.vae
    real = vae.decode
    types: list[torch.dtype] = []

    def decode(*arguments: Any, **options: Any) -> Any:
        types.append(vae.dtype)
        if len(types) == 1:
            raise ERRORS[0]
        return real(*arguments, **options)

    monkeypatch.setattr(vae, "decode", decode)
    assert np.array_equal(inside(paint(half, stages=stages)), calm)
    assert types == [torch.float32] * 2
    assert vae.dtype == torch.float16


def test_no_tensors_of_a_failed_attempt_are_held(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = attempt.paint
    alive: list[weakref.ref[torch.Tensor]] = []

    def paint_or_fail(*arguments: Any, **more: Any) -> Any:
        assert all(tensor() is None for tensor in alive)
        if alive:
            return real(*arguments, **more)
        large = torch.zeros(1000)
        alive.append(weakref.ref(large))
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(attempt, "paint", paint_or_fail)
    paint(engine(tiny("sd15")))
    assert alive


def overflowing(model: Model) -> None:
    """Have a 16-bit denoiser answer as one whose activations have overflowed."""

    def broken(_: Any, __: Any, output: Any) -> Any:
        return (torch.full_like(output[0], torch.nan), *output[1:])

    if model.dtype != torch.float32:
        getattr(model.pipe, model.family.denoiser).register_forward_hook(broken)


@pytest.mark.parametrize("kind", ["sd15", "sdxl-inpainting", "sd3"])
def test_a_model_that_breaks_down_in_16_bits_is_run_in_more(
    kind: str, tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engines.load

    def load(*arguments: Any, **options: Any) -> Model:
        model = real(*arguments, **options)
        overflowing(model)
        return model

    monkeypatch.setattr(engines, "load", load)
    half = DiffusionEngine(library(tiny(kind)), torch.device("cpu"), torch.bfloat16)
    said: list[str] = []
    painted = half.paint([task()], settings(), lambda phase, *_, **__: said.append(phase))
    assert said.count("denoising") == painted.steps  # it broke off before its first was told
    assert [code for code, *_ in painted.notices] == ["precision_raised"]
    assert np.array_equal(inside(painted), inside(paint(engine(tiny(kind)))))
    assert not paint(half).notices  # and is not tried in vain again


def test_a_picture_that_is_none_at_full_precision_is_an_error(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = engine(tiny("sd15"))
    paint(model)
    assert model._model is not None
    with torch.no_grad():
        for parameter in model._model.pipe.unet.parameters():
            parameter.fill_(torch.nan)
    with pytest.raises(InpaintError, match="numbers that are no picture") as caught:
        paint(model)
    assert caught.value.code == "engine_failed"
