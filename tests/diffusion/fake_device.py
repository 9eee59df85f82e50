"""Engines on a device that refuses tensors of two devices and whose memory has a limit.

    python -m tests.diffusion.fake_device LIBRARY FOLDER [KIND...]

Run in a process of its own, as a device can be registered only once; prints what happened as JSON.
With kinds of models, only their requests are run. `LIBRARY` is fake_device.cpp, compiled by
`built`; the tiny models are made in `FOLDER`.
"""

from __future__ import annotations

import ctypes
import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import accelerate.hooks
import diffusers
import numpy as np
import torch
from diffusers.pipelines import pipeline_utils
from torch.utils import cpp_extension

from inpaintd.engine import CancelledError
from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Control, Lora, Reference
from tests.built_once import built_once
from tests.diffusion import pictures, tiny_adapters, tiny_ip_adapters, tiny_models

LADDERS = {"sd15": (3.0, 2.2, 1.0), "kandinsky": (16.4, 8.0)}
"""Megabytes of memory, down to too little for the weights."""


def built() -> Path:
    """The device, compiled once for each source and torch, since that takes half a minute."""
    folder = built_once(
        "fake_device",
        lambda folder: build(folder / "fake_device.so"),
        sources=[Path(__file__).with_suffix(".cpp")],
        packages=["torch"],
    )
    return folder / "fake_device.so"


def build(library: Path) -> None:
    """Compile the device."""
    torch_libraries = Path(torch.__file__).parent / "lib"
    subprocess.run(
        [
            *("g++", "-O0", "-std=c++20", "-shared", "-fPIC", "-w"),
            *(f"-I{path}" for path in cpp_extension.include_paths()),
            *(str(Path(__file__).with_suffix(".cpp")), "-o", str(library)),
            *(f"-L{torch_libraries}", "-lc10", "-ltorch_cpu", "-ltorch"),
        ],
        check=True,
        capture_output=True,
    )


def register(library: Path) -> ctypes.CDLL:
    """Make torch, diffusers and accelerate know the device."""
    loaded = ctypes.CDLL(str(library))
    loaded.held_bytes.restype = loaded.peak_bytes.restype = ctypes.c_long
    loaded.set_limit_bytes.argtypes = [ctypes.c_long]
    torch.utils.rename_privateuse1_backend("fake")
    module: Any = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 1,
        current_device=lambda: 0,
        _is_in_bad_fork=lambda: False,
        manual_seed_all=lambda _: None,
    )
    torch._register_device_module("fake", module)
    torch.utils.generate_methods_for_privateuse1_backend(unsupported_dtype=[])
    torch.accelerator.empty_cache = lambda *_: None
    pipeline_utils.get_device = lambda: "fake"
    pipeline_utils.empty_device_cache = lambda *_: None
    accelerate.hooks.clear_device_cache = lambda *_, **__: None
    deep_copy = torch.Tensor.__deepcopy__
    torch.Tensor.__deepcopy__ = lambda tensor, memo: (  # storages cannot be made on the device
        tensor.clone() if type(tensor) is torch.Tensor else deep_copy(tensor, memo)
    )
    return loaded


FURTHER = ("flux2-klein", "flux-kontext", "chroma", "qwen-edit")
"""Kinds that are run with one request of each sort alone."""


def main(library: Path, folder: Path, further: Sequence[str] = ()) -> None:
    torch.set_num_threads(1)
    gc.freeze()  # see tests/conftest.py
    device = register(library)
    if further:
        folders = {kind: tiny_models.copied(kind, folder) for kind in (*further, "controlnet")}
        lines = [line for kind in further for line in requests(folders, kind)]
        print(json.dumps({"requests": lines}))
        return
    kinds = ("sd15", "sdxl", "kandinsky", "controlnet")
    folders = {kind: tiny_models.copied(kind, folder) for kind in kinds}
    adapters(folders)
    happened: dict[str, Any] = {
        "requests": [line for kind in kinds[:-1] for line in requests(folders, kind)],
        "ladder": [
            line
            for kind, limits in LADDERS.items()
            for line in ladder(device, folders[kind], limits)
        ],
    }
    print(json.dumps(happened))


def adapters(folders: dict[str, Path]) -> None:
    home = folders["sd15"].parent
    for kind in ("sd15", "sdxl"):
        unet = diffusers.UNet2DConditionModel.from_pretrained(folders[kind], subfolder="unet")
        tiny_adapters.lora(home / "loras" / f"{kind}.safetensors", unet, 1)
        widths = (32,) if kind == "sd15" else (32, tiny_models.OPENCLIP_WIDTH)
        tiny_adapters.embedding(home / "embeddings" / f"{kind}.safetensors", *widths)


def asked_of(kind: str) -> dict[str, dict[str, Any]]:
    if kind in FURTHER:
        return {"plain": {"steps": 2}, "again": {"steps": 2}}
    asked: dict[str, dict[str, Any]] = {"plain": {}, "preview": {"preview": True}}
    if kind in ("sd15", "sdxl"):
        asked["weights"] = {"prompt": "a (red:1.4) cat"}
        asked["embedding"] = {"prompt": kind, "embeddings": (kind,)}
        asked["lora"] = {"loras": (Lora(kind, 0.8),)}
    if kind == "sd15":
        asked["both"] = asked["lora"] | asked["embedding"]
        asked["control"] = {"controls": (Control("inpaint"),)}
        asked["reference"] = {"references": (Reference(0.8),)}
    return asked | {"cancelled": {}, "again": {}}


def requests(folders: dict[str, Path], kind: str) -> list[dict[str, Any]]:
    """Each request, with idle parts on the device and without: its picture, and what stays."""
    more = {"net": pictures.controlnet(folders["controlnet"], "inpaint")}
    if kind == "sd15":
        pipe = diffusers.StableDiffusionInpaintPipeline.from_pretrained(folders[kind])
        more |= tiny_ip_adapters.entries(folders[kind].parent / "ip", pipe, "Stable Diffusion")
    more["small"] = tiny_adapters.preview_decoder(folders[kind].parent / "small")
    on_cpu, on_device = pictures.engine(folders[kind], **more), an_engine(folders[kind], **more)

    @cache
    def truth(name: str) -> np.ndarray:
        settings = pictures.settings(**asked_of(kind)[name])
        return on_cpu.paint([soft], settings, pictures.quiet).colours[0]

    happened = []
    soft = pictures.task(np.linspace(0, 1, 64, dtype=np.float32)[None].repeat(64, axis=0))
    soft = replace(soft, references=(pictures.photograph(40, 60),))
    for offloaded in (False, True):
        if offloaded and on_device._model is not None:
            on_device._model.offload()
        for name, asked in asked_of(kind).items():
            settings = pictures.settings(**asked)
            try:
                cancelled = name == "cancelled"
                report = cancel_in_the_middle if cancelled else pictures.quiet
                painted = on_device.paint([soft], settings, report)
                difference = pictures.distance(painted.colours[0], truth(name))
                notices = [code for code, *_ in painted.notices]
            except CancelledError:
                difference, notices = 0.0, []
            happened.append(
                {
                    "request": f"{kind}, {name}",
                    "offloaded": offloaded,
                    "difference": difference,
                    "left": left_on_device(on_device),
                    "notices": notices,
                }
            )
    return happened


def ladder(device: ctypes.CDLL, folder: Path, limits: Sequence[float]) -> list[dict[str, Any]]:
    """Collect the answers with this much memory, and check that the next request is unharmed."""
    happened = []
    truth = pictures.paint(pictures.engine(folder)).colours[0]
    for megabytes in limits:
        gc.collect()
        one = an_engine(folder)
        device.set_limit_bytes(device.held_bytes() + int(megabytes * 2**20))
        try:
            answer = [code for code, *_ in pictures.paint(one, width=128, height=128).notices]
        except InpaintError as error:
            answer = [error.code]
        device.set_limit_bytes(0)
        offloaded = one._model is not None and one._model.offloaded
        difference = pictures.distance(pictures.paint(one).colours[0], truth)
        happened.append({"answer": answer, "offloaded": offloaded, "difference": difference})
        del one
    return happened


def an_engine(folder: Path, **more: Any) -> DiffusionEngine:
    library = pictures.library(folder, **more)
    return DiffusionEngine(library, torch.device("fake"), torch.float32)


def left_on_device(engine: DiffusionEngine) -> list[str]:
    """The parts that lie on the device while nothing is to be done."""
    model = engine._model
    assert model is not None
    parts = dict(model.pipe.components)
    parts |= {f"net {folder.name}": net for folder, net in model.controlnets.items()}
    if model.prior is not None:
        parts |= {f"prior's {name}": part for name, part in model.prior.components.items()}
    return [
        name
        for name, part in parts.items()
        if isinstance(part, torch.nn.Module)
        and any(parameter.device.type != "cpu" for parameter in part.parameters())
    ]


def cancel_in_the_middle(_: str, step: int = 0, *__: Any, **___: Any) -> None:
    if step == 2:
        raise CancelledError


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
