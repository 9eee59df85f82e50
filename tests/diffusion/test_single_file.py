"""Single files: the same pictures as from the folder, with nothing installed and no network."""

from __future__ import annotations

import shlex
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from inpaintd.engines.diffusion.loading.library import Source
from inpaintd.engines.diffusion.loading.model import load
from inpaintd.models.checkpoint import read_checkpoint
from inpaintd.models.configurations import KINDS
from inpaintd.models.registry import Entry
from inpaintd_protocol.errors import InpaintError
from tests.cli.run import Run
from tests.diffusion import full_size, single_file, tiny_models
from tests.diffusion.pictures import distance, engine, inside, paint
from tests.diffusion.tiny_models import Build
from tests.models import hollow

SHIPPED = {
    "sd15": "sd-1.5",
    "sd15-inpainting": "sd-1.5-inpainting",
    "sdxl": "sdxl",
    "sdxl-inpainting": "sdxl-inpainting",
    "sdxl-refiner": "sdxl-refiner",
}


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something asks the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def single(place: Path, **more: Any) -> Entry:
    return Entry("another", "", "diffusion", native_side=64, source=str(place), **more)


def stored(folder: Path, to: Path, dtype: torch.dtype) -> Path:
    """A copy of a model with its weights in another type."""
    shutil.copytree(folder, to)
    for file in to.rglob("*.safetensors"):
        weights = safetensors.torch.load_file(file)
        safetensors.torch.save_file({n: w.to(dtype) for n, w in weights.items()}, file)
    return to


@pytest.mark.parametrize("kind", SHIPPED)
@pytest.mark.parametrize(
    "dtype", [torch.float16, pytest.param(torch.bfloat16, marks=pytest.mark.exhaustive)]
)
@pytest.mark.usefixtures("no_network")
def test_it_is_the_same_as_its_folder(
    kind: str, dtype: torch.dtype, tiny: Build, tmp_path: Path
) -> None:
    folder = stored(tiny(kind), tmp_path / "folder", dtype)
    file = single_file.write(folder, tmp_path / "traded.safetensors")
    both = engine(folder, traded=single(file, config=str(folder)))
    assert np.array_equal(inside(paint(both, model="traded")), inside(paint(both)))


@pytest.mark.parametrize(
    "kind",
    ["sdxl-inpainting", *(pytest.param(k, marks=pytest.mark.exhaustive) for k in SHIPPED)],
)
def test_so_is_a_file_of_full_precision(kind: str, tiny: Build, tmp_path: Path) -> None:
    """But for the last bit: its weights are used where they lie in memory, aligned or not."""
    file = single_file.write(tiny(kind), tmp_path / "traded.safetensors")
    both = engine(tiny(kind), traded=single(file, config=str(tiny(kind))))
    assert np.abs(inside(paint(both, model="traded")) - inside(paint(both))).max() < 1e-5


@pytest.mark.parametrize("layout", ["first_stage_model.", "", "diffusers"])
def test_a_vae_can_be_a_file_too(layout: str, tiny: Build, tmp_path: Path) -> None:
    """With its names of the single file, of VAEs that are traded alone, or of diffusers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        tiny_models.autoencoder().save_pretrained(tmp_path / "vae")
    weights = safetensors.torch.load_file(tmp_path / "vae" / "diffusion_pytorch_model.safetensors")
    if layout != "diffusers":
        weights = {layout + n: w for n, w in single_file.original_vae(weights).items()}
    file = tmp_path / "vae.safetensors"
    safetensors.torch.save_file({n: w.contiguous() for n, w in weights.items()}, file)
    model = single_file.write(tiny("sd15"), tmp_path / "traded.safetensors")
    own = tiny("sd15")
    several = engine(
        own,
        traded=single(model, vae=str(file), config=str(own)),
        foldered=single(own, vae=str(file)),
        known=single(own, vae=str(tmp_path / "vae")),
    )
    expected = inside(paint(several, model="known"))
    assert distance(expected, inside(paint(several))) > 1e-2
    assert np.array_equal(inside(paint(several, model="traded")), expected)
    assert np.array_equal(inside(paint(several, model="foldered")), expected)


@pytest.mark.parametrize(
    "name",
    [
        "sd-1.5-inpainting",
        *(
            pytest.param(k, marks=pytest.mark.exhaustive)
            for k in ("sd-1.5", "sdxl", "sdxl-refiner")
        ),
    ],
)
@pytest.mark.usefixtures("no_network")
def test_a_full_size_file_loads_with_nothing_else(name: str, tmp_path: Path) -> None:
    """Its zeros are never read, so that 7 GB cost neither disk nor memory."""
    shapes = {n: w.shape for n, w in full_size.single_file(name).items()}
    file = hollow.write(tmp_path / "big.safetensors", shapes)
    model = load(Source("big", file), torch.device("cpu"), torch.float16)
    assert type(model.pipe).__name__ == model.family.pipeline
    assert model.conditioned == (KINDS[name].channels == 9)
    assert model.native_side == (512 if name.startswith("sd-1.5") else 1024)
    weights = [p for part in full_size.NETWORKS for p in parameters(model.pipe, part)]
    assert not any(weight.is_meta for weight in weights)
    expected = (p for network in full_size.networks(name).values() for p in network.parameters())
    assert sum(w.numel() for w in weights) == sum(p.numel() for p in expected)


def parameters(pipe: Any, part: str) -> list[torch.nn.Parameter]:
    network = getattr(pipe, part, None)
    return list(network.parameters()) if network is not None else []


def test_a_pickle_is_refused_with_a_command_that_converts_it(
    tiny: Build, tmp_path: Path, run: Run
) -> None:
    file = single_file.write(tiny("sd15"), tmp_path / "expected.safetensors")
    weights = safetensors.torch.load_file(file)
    pickle = tmp_path / "my model $(touch X).ckpt"
    torch.save({"state_dict": weights, "epoch": 3}, pickle)
    with pytest.raises(InpaintError, match="can run programs") as caught:
        read_checkpoint(pickle)
    words = shlex.split(caught.value.hint.partition("running anything in it: ")[2])
    assert words[0] == "inpaintd"
    assert run(*words[1:]).code == 0
    converted = safetensors.torch.load_file(pickle.with_suffix(".safetensors"))
    assert converted.keys() == weights.keys()
    assert all(torch.equal(converted[name], weights[name]) for name in weights)
