"""ControlNets: against the stock pipeline, and what each of their numbers does."""

from __future__ import annotations

import inspect
import json
import shutil
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.engines.diffusion.loading.controlnets import inpaint_condition, tile_resample
from inpaintd.engines.diffusion.painting.latents import decoded
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Control
from tests.diffusion import tiny_models
from tests.diffusion.pictures import (
    controlnet,
    distance,
    engine,
    hole,
    inside,
    paint,
    photograph,
    task,
)
from tests.diffusion.tiny_models import Build

NETS = {"sdxl": "sdxl-controlnet", "sdxl-inpainting": "sdxl-controlnet"}
"""The ControlNets that fit a model; `controlnet` for the others."""


def nets(tiny: Build, kind: str) -> tuple[Path, Path]:
    name = NETS.get(kind, "controlnet")
    folder = tiny(name)
    other = folder.with_name(f"{name}-tile")
    if not other.exists():
        tiny_models.build(name, other, seed=5)
    return folder, other


def controlled(tiny: Build, kind: str = "sd15", nets_of: str = "") -> DiffusionEngine:
    inpaint, tile = nets(tiny, nets_of or kind)
    return engine(tiny(kind), inpaint=controlnet(inpaint, "inpaint"), tile=controlnet(tile, "tile"))


def test_the_inpainting_condition_is_minus_one_under_the_mask() -> None:
    picture, mask = photograph(), hole()
    condition = inpaint_condition(picture, mask)
    assert (condition[mask == 1] == -1).all()
    assert np.array_equal(condition[mask == 0], picture[mask == 0])


def test_a_higher_rate_blurs_the_tile_more() -> None:
    picture = photograph()

    def detail(rate: float) -> float:
        return float(np.abs(np.diff(tile_resample(picture, rate), axis=1)).mean())

    assert np.array_equal(tile_resample(picture, 1.0), picture)
    assert detail(1) > detail(2) > detail(4) > detail(8)


def tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture.transpose(2, 0, 1).copy())[None]


PIPELINES = {
    "sd15": diffusers.StableDiffusionControlNetInpaintPipeline,
    "sd15-inpainting": diffusers.StableDiffusionControlNetInpaintPipeline,
    "sdxl": diffusers.StableDiffusionXLControlNetInpaintPipeline,
    "sdxl-inpainting": diffusers.StableDiffusionXLControlNetInpaintPipeline,
}


@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
@pytest.mark.parametrize("kind", PIPELINES)
def test_equals_the_stock_controlnet_pipeline(kind: str, several: bool, tiny: Build) -> None:
    asked = (Control("inpaint", weight=0.8, end=0.6),)
    if several:
        asked += (Control("tile", weight=0.5, start=0.3, downsampling_rate=2.0),)
    painted = paint(controlled(tiny, kind), controls=asked, strength=0.75)

    folders = nets(tiny, kind)
    loaded = [diffusers.ControlNetModel.from_pretrained(folder) for folder in folders]
    stock = PIPELINES[kind].from_pretrained(tiny(kind), controlnet=loaded if several else loaded[0])
    cells = hole().reshape(8, 8, 8, 8).max(axis=(1, 3)).repeat(8, axis=0).repeat(8, axis=1)
    condition = photograph()
    condition[hole() == 1] = -1
    shown = [tensor(condition), tensor(tile_resample(photograph(), 2.0))]
    theirs = stock(
        "a cat",
        image=tensor(photograph()),
        mask_image=torch.from_numpy(cells)[None, None],
        control_image=shown if several else shown[0],
        height=64,
        width=64,
        strength=0.75,
        num_inference_steps=4,
        guidance_scale=3.0,
        controlnet_conditioning_scale=[0.8, 0.5] if several else 0.8,
        control_guidance_start=[0.0, 0.3] if several else 0.0,
        control_guidance_end=[0.6, 1.0] if several else 0.6,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
    ).images[0]
    assert np.array_equal(inside(painted), theirs[hole() == 1])
    warned = [code for code, _, _ in painted.notices]
    assert warned == (["control_on_inpainting_model"] if kind.endswith("-inpainting") else [])


def test_weight_start_end_and_rate_have_their_effect(tiny: Build) -> None:
    model = controlled(tiny)

    def result(*controls: Control, **changes: Any) -> np.ndarray:
        return inside(paint(model, controls=controls, steps=6, strength=1.0, **changes))

    free = inside(paint(model, steps=6, strength=1.0))
    whole = result(Control("inpaint"))
    assert np.array_equal(result(Control("inpaint", weight=0.0)), free)
    assert 0 < distance(result(Control("inpaint", weight=0.2)), free) < distance(whole, free)
    assert distance(result(Control("inpaint", end=0.3)), whole) > 0
    assert distance(result(Control("inpaint", start=0.5)), whole) > 0
    tiles = [result(Control("tile", downsampling_rate=rate)) for rate in (1.0, 8.0)]
    assert distance(*tiles) > 0
    both = result(Control("inpaint"), Control("tile"))
    assert distance(both, whole) > 0
    assert distance(both, tiles[0]) > 0
    assert np.array_equal(inside(paint(model, steps=6, strength=1.0)), free)


def test_soft_masks_work_with_controlnets(tiny: Build) -> None:
    soft = task(np.full((64, 64), 0.5, np.float32))
    painted = paint(controlled(tiny), soft, controls=(Control("inpaint"),), steps=6)
    assert np.isfinite(painted.colours[0]).all()


@pytest.mark.parametrize("kind", ["kandinsky", "flux-fill", "chroma", "flux2-klein"])
def test_models_without_controlnets_say_which_have_them(kind: str, tiny: Build) -> None:
    with pytest.raises(InpaintError, match="cannot be guided by ControlNets") as caught:
        paint(controlled(tiny, kind), controls=(Control("inpaint"),))
    assert caught.value.code == "unsupported"
    assert "a model of Stable Diffusion or Stable Diffusion XL" in caught.value.hint


OTHERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sdxl-union-controlnet": (
        "sdxl",
        "StableDiffusionXLControlNetUnionInpaintPipeline",
        {"control_mode": [7], "strength": 0.75},
    ),
    "flux-controlnet": (
        "flux",
        "FluxControlNetInpaintPipeline",
        {"control_mode": 1, "strength": 0.75},
    ),
    "sd3-controlnet": ("sd3", "StableDiffusion3ControlNetInpaintingPipeline", {}),
    "qwen-controlnet": ("qwen-image", "QwenImageControlNetInpaintPipeline", {}),
    "z-image-controlnet": ("z-image", "ZImageControlNetInpaintPipeline", {}),
}


def other(tiny: Build, name: str) -> DiffusionEngine:
    kind = "union" if "union" in name else "tile" if "flux" in name else "inpaint"
    return engine(tiny(OTHERS[name][0]), net=controlnet(tiny(name), kind))


def kind_of(name: str) -> str:
    return "tile" if "flux" in name else "inpaint"


@pytest.mark.parametrize("name", OTHERS)
def test_equals_the_pipelines_of_the_other_controlnets(name: str, tiny: Build) -> None:
    """A mask over everything, for pipelines that keep nothing by themselves."""
    kind, class_name, extra = OTHERS[name]
    whole = "strength" not in extra
    mask = np.ones((64, 64), np.float32) if whole else hole()
    asked = (Control(kind_of(name), weight=0.8, downsampling_rate=2.0),)
    ours = other(tiny, name)
    painted = paint(
        ours, task(mask), controls=asked, strength=1.0 if whole else 0.75, infill="fill"
    )

    net_class = json.loads((tiny(name) / "config.json").read_text())["_class_name"]
    net = getattr(diffusers, net_class).from_pretrained(tiny(name))
    stock = getattr(diffusers, class_name).from_pretrained(tiny(kind), controlnet=net)
    cells = mask.reshape(8, 8, 8, 8).max(axis=(1, 3)).repeat(8, axis=0).repeat(8, axis=1)
    photo = photograph()
    grey = np.where(mask[..., None] > 0, np.float32(0.5), photo)
    black = np.where(mask[..., None] > 0, np.float32(0), photo)
    call: dict[str, Any] = {
        "image": tensor(photo),
        "mask_image": torch.from_numpy(cells)[None, None],
        "control_image": {
            "sdxl": [tensor(black)],
            "flux": tensor(tile_resample(photo, 2.0)),
            "z-image": tensor(grey),
        }.get(kind, tensor(2 * photo - 1)),
        "control_mask": torch.from_numpy(mask)[None, None],
    }
    taken = inspect.signature(type(stock).__call__).parameters
    call = {k: v for k, v in call.items() if k in taken} | extra
    if kind == "qwen-image":
        call["negative_prompt"] = " "
    torch.manual_seed(7)  # SD 3's and Qwen's draw from torch's own stream
    latents = kind == "sd3"  # whose pipeline forgets the shift of its VAE
    theirs = stock(
        "a cat",
        height=64,
        width=64,
        num_inference_steps=4,
        controlnet_conditioning_scale=0.8,
        generator=torch.Generator().manual_seed(7),
        output_type="latent" if latents else "np",
        **{"true_cfg_scale" if kind == "qwen-image" else "guidance_scale": 3.0},
        **call,
    ).images[0]
    if latents:
        assert ours._model is not None
        theirs = decoded(ours._model, theirs[None])
    # But for the last bit: weights are used where they lie in memory, aligned or not.
    assert np.abs(painted.colours[0] - theirs)[mask == 1].max() < 1e-5
    assert np.ptp(theirs) > 0.02


@pytest.mark.parametrize("name", OTHERS)
def test_their_weight_counts_and_greys_are_taken(name: str, tiny: Build) -> None:
    model = other(tiny, name)
    strong, weak = (
        inside(paint(model, controls=(Control(kind_of(name), weight=weight),)))
        for weight in (1.0, 0.1)
    )
    assert distance(strong, weak) > 1e-5
    soft = task(np.full((64, 64), 0.5, np.float32))
    painted = paint(model, soft, controls=(Control(kind_of(name)),), steps=6)
    assert np.isfinite(painted.colours[0]).all()
    again = paint(model, controls=(Control(kind_of(name)),))
    assert np.array_equal(inside(again), strong)


def test_a_union_takes_two_kinds_at_once(tiny: Build) -> None:
    model = other(tiny, "sdxl-union-controlnet")
    both = (Control("inpaint"), Control("tile", downsampling_rate=2.0))
    one, two = (inside(paint(model, controls=asked)) for asked in (both[:1], both))
    assert distance(one, two) > 1e-5


def test_a_smaller_union_says_which_one_is_needed(tiny: Build, tmp_path: Path) -> None:
    """The usual one knows six kinds, neither of which is for inpainting or tiles."""
    folder = Path(shutil.copytree(tiny("sdxl-union-controlnet"), tmp_path / "union"))
    tiny_models.union_controlnet(folder, kinds=6)
    model = engine(tiny("sdxl"), net=controlnet(folder, "union"))
    with pytest.raises(InpaintError, match="was not trained on inpaint"):
        paint(model, controls=(Control("inpaint"),))


def test_a_kind_that_a_family_has_no_nets_for_says_so(tiny: Build) -> None:
    model = engine(tiny("flux"), net=controlnet(tiny("flux-controlnet"), "inpaint"))
    with pytest.raises(InpaintError, match="no ControlNets of the kind inpaint, but of tile"):
        paint(model, controls=(Control("inpaint"),))


def test_the_net_of_the_models_own_family_is_taken(tiny: Build) -> None:
    """Of several of a kind that are installed."""
    nets = {
        name: controlnet(tiny(name), "inpaint")
        for name in ("controlnet", "sdxl-controlnet", "sd3-controlnet")
    }
    for kind in ("sd15", "sdxl", "sd3"):
        painted = paint(engine(tiny(kind), **nets), controls=(Control("inpaint"),))
        assert np.isfinite(painted.colours[0]).all()


def test_a_damaged_controlnet_says_so(tiny: Build, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("controlnet"), tmp_path / "net"))
    weights = next(folder.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(InpaintError, match="cannot be loaded") as caught:
        paint(engine(tiny("sd15"), net=controlnet(folder, "inpaint")), controls=(Control(),))
    assert caught.value.code == "model_damaged"


def test_what_does_not_fit_says_so(tiny: Build, tmp_path: Path) -> None:
    with pytest.raises(InpaintError, match="does not fit the model sdxl"):
        paint(controlled(tiny, "sdxl", nets_of="sd15"), controls=(Control("inpaint"),))
    with pytest.raises(InpaintError, match="Known are: controlnet"):
        paint(controlled(tiny), controls=(Control("inpaint", model="inpant"),))
    with pytest.raises(InpaintError, match="end later than it starts"):
        paint(controlled(tiny), controls=(Control("inpaint", start=0.8, end=0.2),))
    missing = engine(tiny("sd15"), inpaint=controlnet(tmp_path / "nowhere", "inpaint"))
    with pytest.raises(InpaintError) as caught:
        paint(missing, controls=(Control("inpaint"),))
    assert caught.value.code == "model_missing"


def test_a_net_of_z_image_in_a_single_file_is_the_one_in_a_folder(
    tiny: Build, tmp_path: Path
) -> None:
    """As its makers give it out: weights alone, whose shapes tell the configuration."""
    folder = tiny("z-image-controlnet")
    single = tmp_path / "fun.safetensors"
    shutil.copy(folder / "diffusion_pytorch_model.safetensors", single)
    entries = (controlnet(path, "union") for path in (folder, single))
    own, other = (
        paint(engine(tiny("z-image"), net=entry), controls=(Control("inpaint"),))
        for entry in entries
    )
    assert np.array_equal(inside(own), inside(other))


def test_a_file_that_is_no_known_controlnet_is_refused(tiny: Build, tmp_path: Path) -> None:
    single = tmp_path / "other.safetensors"
    shutil.copy(tiny("controlnet") / "diffusion_pytorch_model.safetensors", single)
    model = engine(tiny("z-image"), net=controlnet(single, "union"))
    with pytest.raises(InpaintError, match="no ControlNet that is known as a single file"):
        paint(model, controls=(Control("inpaint"),))
