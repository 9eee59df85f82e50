"""Chains as they are written: what each says, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inpaintd.cli.chain_file import read_chain
from inpaintd.files.mask_file import Everywhere
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Stage
from tests.cli.run import Run
from tests.files.photographs import load, photograph, save

ALL = Everywhere.EVERYWHERE

ON_A_PICTURE = """
image = "cat.png"
output = "out.png"
[[step]]
kind = "text-to-image"
prompt = "a cat"
[[step]]
kind = "inpaint"
model = "telea"
strength = 0.8
[[step]]
kind = "image-to-image"
strength = 0.3
steps = 7
"""

FROM_NOTHING = """
size = [64, 48]
[[step]]
kind = "text-to-image"
model = "sd-1.5"
prompt = "a castle"
seed = 92
[[step]]
kind = "inpaint"
prompt = "a waterfall"
negative_prompt = "people"
mask = "mask.png"
guidance_scale = 4
[[step]]
kind = "image-to-image"
model = "sdxl-refiner"
scheduler = "ddim"
seed = 5
"""

PICTURE_AND_MASKS = """
image = "opaque.png"
[[step]]
kind = "inpaint"
mask = "mask.png"
grow_pixels = 3
[[step]]
kind = "image-to-image"
"""


CONTINUED_TWICE = """
image = "cat.png"
[[step]]
kind = "inpaint"
model = "patchmatch"
[[step]]
kind = "inpaint"
model = "telea"
"""

UNKNOWN = """
size = [64, 48]
[[step]]
kind = "text-to-image"
model = "sd-1.6"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the pictures that these chains name."""
    pixels = photograph("u8", 3, alpha=True)
    save(tmp_path / "cat.png", pixels)
    save(tmp_path / "opaque.png", photograph("u8", 3))
    save(tmp_path / "wide.png", photograph("u8", 3)[:, :50])
    save(tmp_path / "hole.png", 255 - pixels[..., 3:])
    mask = np.zeros((48, 64, 1), np.uint8)
    save(tmp_path / "black.png", mask)
    mask[8:20, 8:20] = 255
    save(tmp_path / "mask.png", mask)
    return tmp_path


def written(desk: Path, text: str) -> Path:
    path = desk / "steps.toml"
    path.write_text(text)
    return path


def test_no_file_of_steps(desk: Path, run: Run) -> None:
    ran = run("chain", desk / "nothere.toml")
    assert (ran.code, "nothere.toml cannot be opened: No such file" in ran.err) == (4, True)


def test_with_a_hole_the_inpaint_step_is_the_requests_own(desk: Path) -> None:
    order = read_chain(written(desk, ON_A_PICTURE)).order
    assert (order.source, order.out) == (desk / "cat.png", desk / "out.png")
    assert (order.settings.model, order.settings.strength) == ("telea", 0.8)
    first, last = order.settings.stages
    assert (first.kind, first.prompt) == ("text-to-image", "a cat")
    assert (last.kind, last.strength, last.steps) == ("image-to-image", 0.3, 7)
    assert (order.mask, order.stage_masks) == (None, ())


def test_from_nothing_the_first_step_is_the_requests_own(desk: Path) -> None:
    order = read_chain(written(desk, FROM_NOTHING)).order
    assert (order.size, order.mask) == ((64, 48), ALL)
    own = order.settings
    assert (own.model, own.prompt, own.seed, own.strength) == ("sd-1.5", "a castle", 92, None)
    assert own.stages == (
        Stage("inpaint", "", "a waterfall", "people", strength=1.0, guidance_scale=4.0),
        Stage("image-to-image", "sdxl-refiner", scheduler="ddim", seed=5),
    )
    assert order.stage_masks == (desk / "mask.png", None)


def test_image_to_image_goes_over_all_of_an_opaque_picture(desk: Path) -> None:
    order = read_chain(written(desk, PICTURE_AND_MASKS)).order
    assert (order.mask, order.stage_masks) == (desk / "mask.png", (ALL,))
    assert order.settings.grow_pixels == 3
    alone = '[[step]]\nkind = "image-to-image"\nprompt = "a cat"'
    order = read_chain(written(desk, f'image = "opaque.png"\n{alone}')).order
    assert (order.mask, order.stage_masks, order.settings.strength) == (ALL, (), 0.3)


def test_a_mask_beside_the_image_says_what_may_change_at_all(desk: Path) -> None:
    text = PICTURE_AND_MASKS.replace("opaque.png", "cat.png")
    text = text.replace("[[step]]", 'mask = "hole.png"\n[[step]]', 1)
    order = read_chain(written(desk, text)).order
    assert (order.mask, order.stage_masks) == (desk / "mask.png", (desk / "hole.png",))


@pytest.mark.parametrize(
    ("text", "change", "said"),
    [
        (ON_A_PICTURE, ('"image-to-image"', '"upscale"'), "the kind of step 3 is upscale; it must"),
        (ON_A_PICTURE, ('kind = "inpaint"', ""), "the kind of step 2 is nothing"),
        (
            ON_A_PICTURE,
            ('kind = "inpaint"', 'knd = "inpaint"'),
            "has the unsupported key knd (the nearest is kind)",
        ),
        (ON_A_PICTURE, ("image-to-image", "text-to-image"), "step 3 (text-to-image) paints over"),
        (
            ON_A_PICTURE,
            ("steps = 7", "stepz = 7"),
            "step 3 (image-to-image) has the unsupported key stepz (the nearest is steps);",
        ),
        (
            ON_A_PICTURE,
            ("strength = 0.8", "stepz = 7"),
            "step 2 (inpaint) has the unsupported key stepz (the nearest is steps); it",
        ),
        (
            ON_A_PICTURE,
            ("strength = 0.3", "grow_pixels = 3"),
            "has the unsupported key grow_pixels",
        ),
        (ON_A_PICTURE, ("strength = 0.8", "strength = 8"), "in step 2 (inpaint), strength is 8"),
        (
            ON_A_PICTURE,
            ("strength = 0.3", 'strength = "a"'),
            "in step 3 (image-to-image), strength",
        ),
        (ON_A_PICTURE, ('"a cat"', '"a cat"\nstrength = 1.0'), "takes no strength"),
        (
            ON_A_PICTURE,
            ("steps = 7", 'mask = "mask.png"'),
            "works on the whole picture, so it takes no mask",
        ),
        (ON_A_PICTURE, ('image = "cat.png"', ""), "it needs either image or size"),
        (ON_A_PICTURE, ('image = "cat.png"', "image = 7"), "image must be the name of a file"),
        (ON_A_PICTURE, ("cat.png", "opaque.png"), "would paint over the whole image"),
        (ON_A_PICTURE, ("cat.png", "gone.png"), "gone.png cannot be opened"),
        (ON_A_PICTURE, ("output", "outpt"), "outpt is not a valid key; use image, size"),
        (ON_A_PICTURE, ("[[step]]", "[[step"), "is not a valid chain"),
        (FROM_NOTHING, ("[64, 48]", "[64, 48]\nimage = 'cat.png'"), "either image or size"),
        (FROM_NOTHING, ("[64, 48]", "[64]"), "size must be like [1024, 768]"),
        (FROM_NOTHING, ("[64, 48]", "[64, 4]"), "each side 8 or more"),
        (FROM_NOTHING, ("[64, 48]", "[64000, 48000]"), "more than 100 million pixels"),
        (FROM_NOTHING, ('"text-to-image"', '"inpaint"'), "step 1 (inpaint) must be text-to-image"),
        (FROM_NOTHING, ('mask = "mask.png"', ""), "step 2 (inpaint) has no area to paint"),
        (
            FROM_NOTHING,
            ("[64, 48]", '[64, 48]\nmask = "mask.png"'),
            "the mask belongs in the step",
        ),
        ("size = [64, 48]", ("", ""), "it has no [[step]]"),
        ('size = [64, 48]\nstep = "one"', ("", ""), "write each step under a heading"),
        (PICTURE_AND_MASKS, ("opaque.png", "cat.png"), "step 1 (inpaint) has a mask but another"),
        (PICTURE_AND_MASKS, ("grow_pixels = 3", "stages = []"), "write them as separate steps"),
    ],
)
def test_what_is_wrong_is_named(desk: Path, text: str, change: tuple[str, str], said: str) -> None:
    with pytest.raises(InpaintError) as error:
        read_chain(written(desk, text.replace(*change)))
    assert error.value.code == "unreadable"
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "change", "said", "code"),
    [
        (ON_A_PICTURE, ("", ""), "telea of step 1 (text-to-image) paints nothing", 1),
        (CONTINUED_TWICE, ("", ""), "patchmatch of step 1 (inpaint) only fills holes", 1),
        (FROM_NOTHING, ("", ""), "inpaintd models install sd-1.5", 1),
        (UNKNOWN, ("", ""), "Known are, among others: sd-1.5", 1),
        (FROM_NOTHING, ('model = "sd-1.5"', ""), "patches of step 1 (text-to-image)", 1),
        (FROM_NOTHING, ("mask.png", "gone.png"), "gone.png cannot be opened", 4),
        (FROM_NOTHING, ("mask.png", "wide.png"), "the picture 64 x 48", 4),
        (FROM_NOTHING, ("mask.png", "black.png"), "The mask black.png is black everywhere", 4),
    ],
)
@pytest.mark.usefixtures("daemon_home")
def test_what_cannot_run_is_said_first(
    desk: Path, run: Run, text: str, change: tuple[str, str], said: str, code: int
) -> None:
    before = sorted(desk.iterdir())
    path = written(desk, text.replace(*change))
    ran = run("chain", path)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert sorted(desk.iterdir()) == sorted([*before, path])


@pytest.mark.usefixtures("daemon_home")
def test_a_single_inpaint_step_needs_no_diffusion_model(desk: Path, run: Run) -> None:
    path = written(desk, 'image = "cat.png"\n[[step]]\nkind = "inpaint"\nmodel = "telea"')
    ran = run("chain", path)
    assert ran.code == 0, ran.err
    result = desk / "cat.inpainted.png"
    assert (load(result)[..., 3:] == 255).all()
    again = run("again", result, "-o", desk / "again.png")
    assert again.code == 0, again.err
    assert (load(desk / "again.png") == load(result)).all()
