"""The same on a GPU: the pictures of the CPU at tolerance, 16 bits, and memory that really ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd_protocol.errors import InpaintError
from tests.diffusion.pictures import distance, engine, inside, library, paint, task
from tests.diffusion.tiny_models import MODELS, Build

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.fixture(autouse=True)
def full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TensorFloat-32, in which convolutions run by default, with 10 bits of precision."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def on_gpu(tiny: Build, kind: str, dtype: torch.dtype | None) -> DiffusionEngine:
    return DiffusionEngine(library(tiny(kind)), torch.device("cuda"), dtype)


@pytest.mark.parametrize("kind", MODELS)
def test_a_seed_means_the_same_picture_on_every_device(kind: str, tiny: Build) -> None:
    there = inside(paint(on_gpu(tiny, kind, torch.float32)))
    assert distance(there, inside(paint(engine(tiny(kind))))) < 5e-3


@pytest.mark.parametrize("kind", MODELS)
def test_16_bits_paint_nearly_the_same(kind: str, tiny: Build) -> None:
    soft = task(np.full((64, 64), 0.6, np.float32))
    half = on_gpu(tiny, kind, None)
    assert np.isfinite(paint(half, soft, infill="noise").colours[0]).all()
    assert distance(inside(paint(half)), inside(paint(engine(tiny(kind))))) < 0.1


def test_memory_that_really_ends_is_said_and_survived(tiny: Build) -> None:
    one = on_gpu(tiny, "sd15", None)
    calm = inside(paint(one))
    free, _ = torch.cuda.mem_get_info()
    hog = torch.empty(free - (64 << 20), dtype=torch.uint8, device="cuda")
    try:
        with pytest.raises(InpaintError) as caught:
            paint(one, width=2048, height=2048)
        assert caught.value.code == "out_of_memory"
    finally:
        del hog
        torch.cuda.empty_cache()
    assert distance(inside(paint(one)), calm) < 1e-3


def test_an_offloaded_model_paints_the_same_and_leaves_the_device(tiny: Build) -> None:
    one = on_gpu(tiny, "sdxl", None)
    calm = inside(paint(one))
    assert one._model is not None
    one._model.offload()
    assert distance(inside(paint(one)), calm) < 1e-3
    assert one._model.pipe.unet.device.type == one._model.vae.device.type == "cpu"
