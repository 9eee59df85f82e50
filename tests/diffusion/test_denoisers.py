"""Transformers in files of their own: GGUF, fp8 and plain, with the other parts of their base."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.engines.diffusion.loading.denoiser import load_denoiser
from inpaintd.engines.diffusion.loading.device_memory import DeviceMemory
from inpaintd.engines.diffusion.loading.library import Library
from inpaintd.engines.diffusion.loading.model import load
from inpaintd.engines.diffusion.loading.plan import Placement, Plan, ways_for
from inpaintd.models.footprint import of_files
from inpaintd.models.registry import Registry
from inpaintd.models.unlisted import install_unlisted
from inpaintd_protocol.errors import InpaintError
from tests.diffusion import denoiser_files as files
from tests.diffusion import pictures
from tests.diffusion.tiny_models import Build

NETWORKS = {
    "flux": "FluxTransformer2DModel",
    "sd3": "SD3Transformer2DModel",
    "chroma": "ChromaTransformer2DModel",
    "flux2-klein": "Flux2Transformer2DModel",
    "qwen-image": "QwenImageTransformer2DModel",
    "z-image": "ZImageTransformer2DModel",
}

ROUNDING = 1e-6
"""The processor adds up in another order where a tensor lies elsewhere in memory."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("denoisers")


def engine_with(base: Path, file: Path) -> DiffusionEngine:
    """An engine whose only model is the transformer in a file, with the other parts of a base."""
    entry = replace(pictures.model(base), name="alone", source=str(file), base=str(base))
    registry = Registry({"alone": entry}, own_default="alone", home=base.parent)
    return DiffusionEngine(Library(lambda: registry), torch.device("cpu"), torch.float32)


def painted_with(base: Path, file: Path, **options: Any) -> Any:
    engine = engine_with(base, file)
    if options:
        source = engine.library.model("alone")
        engine._model = load(source, torch.device("cpu"), torch.float32, **options)
    return pictures.paint(engine).colours[0]


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_gguf_file_gives_the_pixels_that_diffusers_gets_from_it(
    tiny: Build, folder: Path, kind: str
) -> None:
    base = tiny(kind)
    weights = files.weights_of(base)
    # diffusers takes no packed numbers outside of linear layers, and files as traded have none.
    packed = {n: t for n, t in weights.items() if "pad_token" not in n}
    plain = {n: t for n, t in weights.items() if "pad_token" in n}
    file = files.write_gguf(folder / f"{kind}.gguf", packed, plain=plain)
    options: dict[str, Any] = {"config": str(base), "subfolder": "transformer"}
    config: Any = diffusers.GGUFQuantizationConfig
    theirs = getattr(diffusers, NETWORKS[kind]).from_single_file(
        str(file),
        quantization_config=config(compute_dtype=torch.float32),
        dtype=torch.float32,
        **options,
    )
    by_diffusers = pictures.engine(base)
    pictures.paint(by_diffusers)
    assert by_diffusers._model is not None
    if kind == "chroma":  # its pipeline asks for this, and its transformer lacks it
        theirs.register_to_config(guidance_embeds=False)
    by_diffusers._model.pipe.transformer = theirs
    expected = pictures.paint(by_diffusers).colours[0]
    painted = painted_with(base, file)
    assert pictures.distance(painted, expected) < ROUNDING
    plainly = pictures.paint(pictures.shared(base)).colours[0]
    # Qwen-Image's tiny layers are too narrow to be packed.
    assert kind == "qwen-image" or 0 < pictures.distance(painted, plainly) < 0.01


@pytest.mark.parametrize("kind", ["Q4_0", "Q5_1", "BF16"])
def test_packed_weights_may_be_streamed_and_are_never_stored_otherwise(
    tiny: Build, folder: Path, kind: str
) -> None:
    base = tiny("z-image")
    file = files.write_gguf(folder / f"{kind}.gguf", files.weights_of(base), kind)
    streamed = painted_with(base, file, placement=Placement.STREAMED)
    assert np.array_equal(streamed, painted_with(base, file))
    packed = of_files(base, 2, denoiser=file).packed
    assert packed is (kind != "BF16")
    assert all(not eight for _, eight in ways_for(streams=True, adapters=False, packed=True))


@pytest.mark.parametrize("kind", ["flux", "qwen-image", "z-image"])
def test_weights_that_come_in_8_bits_stay_so_without_a_loss(
    tiny: Build, folder: Path, kind: str
) -> None:
    base = tiny(kind)
    prefix = "model.diffusion_model." if kind == "qwen-image" else ""
    file = files.write_fp8(folder / f"{kind}.safetensors", files.weights_of(base), prefix)
    wide = painted_with(base, file)
    assert np.array_equal(painted_with(base, file, eight_bits=True), wide)
    rounded = {n: t.to(torch.float8_e4m3fn).to(t.dtype) for n, t in files.weights_of(base).items()}
    save_file(rounded, folder / f"{kind}-wide.safetensors")
    again = painted_with(base, folder / f"{kind}-wide.safetensors")
    assert pictures.distance(again, wide) < ROUNDING
    assert of_files(base, 2, denoiser=file).lossless
    assert Plan(Placement.RESIDENT, True, False, 0, lossless=True).exact


def test_factors_of_8_bit_weights_are_applied(tiny: Build, folder: Path) -> None:
    base = tiny("flux")
    file = files.write_scaled_fp8(folder / "scaled.safetensors", files.weights_of(base))
    plain = files.write_fp8(folder / "unscaled.safetensors", files.weights_of(base))
    truth = pictures.paint(pictures.shared(base)).colours[0]
    assert pictures.distance(painted_with(base, file), truth) < pictures.distance(
        painted_with(base, plain), truth
    )
    assert not of_files(base, 2, denoiser=file).lossless


def test_a_transformer_of_another_size_or_with_a_gap_is_refused(tiny: Build, folder: Path) -> None:
    base = tiny("flux")
    weights = files.weights_of(base)
    gap = {n: t for n, t in weights.items() if not n.startswith("proj_out")}
    save_file(gap, folder / "gap.safetensors")
    wide = {n: torch.cat([t, t]) if n == "proj_out.weight" else t for n, t in weights.items()}
    save_file(wide, folder / "other.safetensors")
    for name in ("gap", "other"):
        with pytest.raises(InpaintError, match="cannot be used with flux") as caught:
            load_denoiser(folder / f"{name}.safetensors", base, name, torch.float32)
        assert caught.value.code == "model_damaged"


def test_an_installed_file_fills_and_shares_its_base(
    tiny: Build, tmp_path: Path, folder: Path
) -> None:
    base = tiny("flux")
    entry = pictures.model(base)
    registry = Registry({"flux": entry}, own_default="flux", home=tmp_path)
    file = files.write_gguf(folder / "flux1-dev-Q8_0.gguf", files.weights_of(base))
    said: list[str] = []
    install_unlisted(registry, str(file), "", said.append)
    text = (tmp_path / "models.toml").read_text()
    assert 'base = "flux"' in text
    assert "holds the transformer of a FLUX.1 model, Q8_0" in said[0]
    memory = DeviceMemory(torch.device("cpu"), tmp_path)
    assert memory._footprint(engine_with(base, file).library.model("alone"), torch.float32).packed
