"""Outpainting with diffusion models: `inpaintd outpaint` through a real daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from inpaintd.engine import Task
from inpaintd.engines.load import load as load_engine
from inpaintd.pipeline.infill import infilled
from inpaintd_protocol.settings import Settled
from tests.cli.run import Run
from tests.diffusion.pictures import photograph, quiet
from tests.diffusion.test_oracle import widened_to_cells
from tests.diffusion.tiny_models import Build
from tests.files.photographs import load, save

INFILLS = ("original", "fill", "average", "noise", "nothing", "patchmatch")
STEPS, STRENGTH = 4, 0.75
ASKED = ("--seed", 7, "--steps", STEPS, "--guidance-scale", 3, "-p", "a cat", "-q")


pytestmark = pytest.mark.usefixtures("tiny_daemon")


def picture(height: int, width: int, dtype: Any = np.uint8) -> np.ndarray:
    top = np.iinfo(dtype).max
    return np.round(photograph(height, width) * top).astype(dtype)


@pytest.mark.parametrize("infill", INFILLS)
@pytest.mark.parametrize("model", ["sd15-inpainting", "sdxl-inpainting"])
def test_the_canvas_grows_and_the_picture_stays(
    model: str, infill: str, tmp_path: Path, run: Run
) -> None:
    """Neither the picture nor the canvas is a multiple of 8, and nothing is as large as a model."""
    pixels = picture(61, 75, np.uint16 if infill == "fill" else np.uint8)
    source = save(tmp_path / "cat.png", pixels)
    grown = ("--left", 21, "--bottom", 10, "--infill", infill, "--model", model)
    outs = [tmp_path / f"{seed}.png" for seed in (7, 8)]
    for seed, out in zip((7, 8), outs, strict=True):
        ran = run("outpaint", source, *grown, *ASKED, "--seed", seed, "-o", out)
        assert ran.code == 0, ran.err
        # At full strength there is nothing but noise under the hole anyway.
        assert ("had no effect" in ran.err) == (infill in ("noise", "nothing")), ran.err
    one, other = (load(out) for out in outs)
    assert one.shape == (71, 96, 3)
    assert one.dtype == pixels.dtype
    assert (one[:61, 21:] == pixels).all()
    new = np.ones((71, 96), bool)
    new[:61, 21:] = False
    assert (one != other).any(axis=2)[new].mean() > 0.8, "the model paints what is new"


@pytest.mark.parametrize("infill", ["original", "fill", "average", "patchmatch"])
@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("sd15", "StableDiffusionInpaintPipeline"),
        ("sd15-inpainting", "StableDiffusionInpaintPipeline"),
        ("sdxl", "StableDiffusionXLInpaintPipeline"),
        ("sdxl-inpainting", "StableDiffusionXLInpaintPipeline"),
    ],
)
def test_the_model_goes_on_from_the_infill(
    model: str, kind: str, infill: str, tiny: Build, tmp_path: Path, run: Run
) -> None:
    pixels = picture(51, 45)
    source = save(tmp_path / "cat.png", pixels)
    out = tmp_path / "out.png"
    grown = ("--left", 19, "--bottom", 13, "--infill", infill, "--model", model)
    more = ("--strength", STRENGTH, "--no-match-colour", "-o", out)
    ran = run("outpaint", source, *grown, *ASKED, *more)
    assert ran.code == 0, ran.err

    canvas = np.pad(pixels, ((0, 13), (19, 0), (0, 0)), mode="edge").astype(np.float32) / 255
    mask = np.ones((64, 64), np.float32)
    mask[:51, 19:] = 0
    under = infilled(canvas, mask, mask == 0, infill, by_continuing)
    pipe = getattr(diffusers, kind).from_pretrained(tiny(model))
    theirs = pipe(
        prompt="a cat",
        image=torch.from_numpy(under.transpose(2, 0, 1).copy())[None],
        mask_image=torch.from_numpy(widened_to_cells(mask))[None, None],
        height=64,
        width=64,
        strength=STRENGTH,
        num_inference_steps=STEPS,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
    ).images[0]
    painted = load(out)
    assert (painted[:51, 19:] == pixels).all()
    difference = np.abs(painted / 255 - theirs)[mask > 0]
    assert difference.max() <= 0.5 / 255 + 1e-5, "rounded to 8 bits, nothing else"


def by_continuing(colour: Any, mask: Any, shown: Any) -> Any:
    tasks = [Task(colour, mask, 7, source=shown)]
    return load_engine("patches").paint(tasks, Settled(), quiet).colours[0]


def test_without_saying_so_the_border_is_carried_outwards(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", picture(51, 45))
    asked = ("--left", 19, "--model", "sd15", *ASKED, "--strength", STRENGTH)
    for name, infill in {"unsaid": (), "said": ("--infill", "fill")}.items():
        assert run("outpaint", source, *asked, *infill, "-o", tmp_path / f"{name}.png").code == 0
    assert (load(tmp_path / "unsaid.png") == load(tmp_path / "said.png")).all()
