"""`inpaintd chain` with diffusion models, through a real daemon."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Preview, Progress
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings, Stage
from tests.cli.run import Run
from tests.diffusion.pictures import photograph
from tests.files.photographs import load, save
from tests.running import Daemon

pytestmark = pytest.mark.usefixtures("tiny_daemon")

SIZE = (75, 61)

FROM_NOTHING = """
size = [75, 61]
[[step]]
kind = "text-to-image"
model = "sdxl"
prompt = "a castle"
steps = 4
seed = 7
COUNT
[[step]]
kind = "inpaint"
model = "sdxl-inpainting"
mask = "mask.png"
prompt = "a waterfall"
negative_prompt = "people"
steps = 4
[[step]]
kind = "inpaint"
model = "sd15"
mask = "other.png"
steps = 5
scheduler = "ddim"
[[step]]
kind = "image-to-image"
model = "sdxl-refiner"
strength = 0.5
steps = 4
"""

TWO_MASKS = """
image = "photo.png"
[[step]]
kind = "inpaint"
model = "sdxl"
mask = "mask.png"
feather_pixels = 3
steps = 4
[[step]]
kind = "inpaint"
mask = "other.png"
steps = 4
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a photograph and two masks, no side a multiple of 8."""
    width, height = SIZE
    save(tmp_path / "photo.png", np.round(photograph(height, width) * 255).astype(np.uint8))
    for name, place in {"mask": np.s_[8:30, 8:31], "other": np.s_[35:59, 50:70]}.items():
        mask = np.zeros((height, width, 1), np.uint8)
        mask[place] = 255
        save(tmp_path / f"{name}.png", mask)
    return tmp_path


@pytest.mark.exhaustive
def test_variants_equal_chains_of_their_own_and_are_repeated(desk: Path, run: Run) -> None:
    (desk / "steps.toml").write_text(FROM_NOTHING.replace("COUNT", "count = 2"))
    ran = run("chain", desk / "steps.toml", "--json")
    assert ran.code == 0, ran.out
    assert [output["seed"] for output in ran.json["outputs"]] == [7, 8]
    both = [load(desk / f"steps.{number}.png") for number in (1, 2)]
    assert both[0].shape == (61, 75, 3)
    assert (both[0] != both[1]).any(axis=2).mean() > 0.9

    alone = FROM_NOTHING.replace("COUNT", "").replace("seed = 7", "seed = 8")
    (desk / "alone.toml").write_text(alone)
    assert run("chain", desk / "alone.toml").code == 0
    assert (load(desk / "alone.png") == both[1]).all()

    moved = desk.rename(desk.with_name("moved"))
    ran = run("again", moved / "steps.2.png", "-o", moved / "again.png")
    assert ran.code == 0, ran.err
    assert (load(moved / "again.png") == both[1]).all()
    ran = run("again", moved / "again.png", "--seed", 7, "-o", moved / "other-seed.png")
    assert (load(moved / "other-seed.png") == both[0]).all()
    (moved / "mask.png").unlink()
    ran = run("again", moved / "again.png")
    assert ran.code == 4
    assert "mask.png that again.png was made from" in ran.err


def test_what_no_mask_shows_stays_to_the_bit(desk: Path, run: Run) -> None:
    (desk / "steps.toml").write_text(TWO_MASKS)
    ran = run("chain", desk / "steps.toml")
    assert ran.code == 0, ran.err
    changed = (load(desk / "photo.inpainted.png") != load(desk / "photo.png")).any(axis=2)
    shown = {name: load(desk / f"{name}.png")[..., 0] > 0 for name in ("mask", "other")}
    for mask in shown.values():
        assert changed[mask].mean() > 0.9
    feathered = np.zeros_like(changed)
    feathered[5:33, 5:34] = True
    assert not changed[~(feathered | shown["other"])].any()


def test_a_request_is_cancelled_in_its_second_stage(tiny_daemon: Daemon) -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    canvas = Plane(64, 64, 4, "u8", pixels.tobytes())
    stages = (Stage(model="sdxl-refiner", strength=1.0, steps=200),)
    asked = Settings(model="sdxl", steps=50, seed=1, preview=True, stages=stages)
    seen: list[Progress] = []
    shown: list[Preview] = []
    with tiny_daemon.connect() as client:
        with pytest.raises(InpaintError, match="cancelled"):
            client.inpaint(
                canvas,
                asked,
                on_progress=seen.append,
                on_preview=shown.append,
                should_cancel=lambda: bool(seen) and seen[-1].step > 60,
            )
        steps = [message.step for message in seen if message.phase == "denoising"]
        assert steps == sorted(steps)
        assert 60 < steps[-1] < 250
        assert {message.steps for message in seen if message.phase == "denoising"} == {250}
        assert all(a.fraction <= b.fraction for a, b in pairwise(seen))
        assert shown
        assert client.inpaint(canvas, Settings(model="sdxl", steps=2, seed=1)).steps == 2
