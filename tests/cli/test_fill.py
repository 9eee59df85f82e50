"""From a file to a file, through a real daemon, worker and engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inpaintd.files.recipe_file import read_recipe
from tests.cli.run import Run
from tests.files import profiles
from tests.files.photographs import HOLE, load, photograph, save

pytestmark = pytest.mark.usefixtures("daemon_home")

CASES = [
    (".png", "u8", 3, None),
    (".png", "u16", 3, None),
    (".png", "u8", 3, profiles.adobe_rgb()),
    (".png", "u16", 3, profiles.display_p3()),
    (".png", "u16", 1, None),
    (".tif", "u8", 3, None),
    (".tif", "u16", 3, profiles.adobe_rgb()),
    (".tif", "f32", 3, None),
    (".webp", "u8", 3, None),
]


def mask_of(pixels: Any, tmp_path: Path) -> Path:
    mask = np.zeros((*pixels.shape[:2], 1), np.uint8)
    mask[HOLE] = 255
    return save(tmp_path / "mask.png", mask)


@pytest.mark.parametrize(("suffix", "depth", "colours", "profile"), CASES)
def test_kept_pixels_are_bit_exact_and_the_hole_is_filled(
    tmp_path: Path, run: Run, suffix: str, depth: str, colours: int, profile: bytes | None
) -> None:
    pixels = photograph(depth, colours, alpha=True)
    source = save(tmp_path / f"cat{suffix}", pixels, profile=profile)
    out = tmp_path / f"out{suffix}"
    ran = run("fill", source, "-o", out, "--threshold", 0.5, "--model", "noise")
    assert (ran.code, ran.out.strip()) == (0, str(out)), ran.err
    result = load(out)
    assert result.dtype == pixels.dtype
    full = 1 if depth == "f32" else np.iinfo(pixels.dtype).max
    hole = pixels[..., -1] < full
    np.testing.assert_array_equal(result[~hole], pixels[~hole])
    changed = (result[hole][:, :-1] != pixels[hole][:, :-1]).any(axis=1)
    assert changed.mean() > 0.95
    assert (result[..., -1] == full).all()


@pytest.mark.parametrize(("suffix", "depth", "colours", "profile"), CASES)
def test_an_engine_that_changes_nothing_changes_nothing(
    tmp_path: Path, run: Run, suffix: str, depth: str, colours: int, profile: bytes | None
) -> None:
    pixels = photograph(depth, colours, alpha=True)
    source = save(tmp_path / f"cat{suffix}", pixels, profile=profile)
    out = tmp_path / f"out{suffix}"
    assert run("fill", source, "-o", out, "--model", "identity").code == 0
    np.testing.assert_array_equal(load(out)[..., :-1], pixels[..., :-1])


def test_patchmatch_fills_a_photograph_from_its_surroundings(tmp_path: Path, run: Run) -> None:
    pixels = photograph(alpha=True)
    pixels[HOLE][..., :3] = 0
    ran = run("fill", save(tmp_path / "cat.png", pixels))
    assert ran.code == 0
    result = load(tmp_path / "cat.inpainted.png")
    fur = photograph()[HOLE]
    assert np.abs(result[HOLE][..., :3].mean(axis=(0, 1)) - fur.mean(axis=(0, 1))).max() < 25


def test_erased_colour_is_spoken_of_with_the_remedy(tmp_path: Path, run: Run) -> None:
    pixels = photograph(alpha=True)
    pixels[pixels[..., 3] < 255] = 0
    fill = ("fill", save(tmp_path / "cat.png", pixels), "--model", "identity")
    ran = run(*fill, "--json")
    assert "colour_lost" in [warning["code"] for warning in ran.json["warnings"]]
    ran = run(*fill)
    assert ran.code == 0
    assert "inpaintd fill ORIGINAL -M cat.png" in ran.err
    # PatchMatch does not look at what was under the hole.
    assert "Warning: " not in run("fill", tmp_path / "cat.png").err
    quiet = run(*fill, "--quiet")
    assert "Warning: " in quiet.err
    assert "Filled" not in quiet.err


def test_a_photograph_and_a_mask(tmp_path: Path, run: Run) -> None:
    Image.fromarray(photograph()).save(tmp_path / "cat.jpg", quality=92)
    pixels = load(tmp_path / "cat.jpg")
    ran = run("fill", "-I", tmp_path / "cat.jpg", "-M", mask_of(pixels, tmp_path))
    assert ran.code == 0
    result = load(tmp_path / "cat.inpainted.png")
    hole = np.zeros(pixels.shape[:2], bool)
    hole[HOLE] = True
    np.testing.assert_array_equal(result[~hole], pixels[~hole])
    assert (result[hole] != pixels[hole]).any()


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_a_cut_out_keeps_its_transparent_border_and_the_colour_under_it(
    tmp_path: Path, run: Run, suffix: str
) -> None:
    pixels = photograph(alpha=True)
    pixels[:20, :, 3] = 0
    pixels[HOLE][..., 3] = 255
    source, out = save(tmp_path / f"cat{suffix}", pixels), tmp_path / f"out{suffix}"
    mask = mask_of(pixels, tmp_path)
    assert run("fill", source, "-M", mask, "-o", out, "--model", "noise").code == 0
    result = load(out)
    hole = np.zeros(pixels.shape[:2], bool)
    hole[HOLE] = True
    np.testing.assert_array_equal(result[~hole], pixels[~hole])
    assert (result[hole] != pixels[hole]).any(axis=1).mean() > 0.95


def test_the_guides_pair_of_original_and_transparent_picture(tmp_path: Path, run: Run) -> None:
    original = save(tmp_path / "man.png", photograph())
    erased = photograph(alpha=True)
    erased[erased[..., 3] < 255, :3] = 0
    pair = save(tmp_path / "man-transparent.png", erased)
    ran = run("fill", "-I", original, "-M", pair, "--model", "identity", "--json")
    assert ran.code == 0
    assert "colour_lost" not in [warning["code"] for warning in ran.json["warnings"]]
    np.testing.assert_array_equal(load(tmp_path / "man.inpainted.png"), photograph())


def test_only_the_layer(tmp_path: Path, run: Run) -> None:
    pixels = photograph("u16", alpha=True)
    source = save(tmp_path / "cat.png", pixels)
    run("fill", source, "-o", tmp_path / "whole.png", "--seed", 5)
    assert run("fill", source, "-o", tmp_path / "layer.png", "--layer", "--seed", 5).code == 0
    layer, whole = load(tmp_path / "layer.png"), load(tmp_path / "whole.png")
    assert layer.shape == pixels.shape
    hole = pixels[..., 3] < 65535
    assert ((layer[..., 3] > 0) == hole).all()
    np.testing.assert_array_equal(np.where(hole[..., None], layer, pixels), whole)


def test_variants_have_numbers_and_nothing_is_replaced(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph(alpha=True))
    first = run("fill", source, "--count", 2, "--seed", 8, "--json", "--model", "noise").json
    again = run("fill", source, "--count", 2, "--seed", 8, "--json", "--model", "noise").json
    names = [Path(o["path"]).name for o in first["outputs"] + again["outputs"]]
    assert names == [f"cat.inpainted.{n}.png" for n in (1, 2, 3, 4)]
    assert [o["seed"] for o in first["outputs"]] == [8, 9]
    one, two, three, _ = (load(tmp_path / name) for name in names)
    assert (one != two).any()
    np.testing.assert_array_equal(one, three)


def test_the_input_is_replaced_only_when_named(tmp_path: Path, run: Run) -> None:
    pixels = photograph(alpha=True)
    source = save(tmp_path / "cat.png", pixels)
    before = source.read_bytes()
    run("fill", source)
    run("fill", source)
    assert source.read_bytes() == before
    assert (tmp_path / "cat.inpainted.1.png").exists()
    mask = mask_of(pixels, tmp_path)
    for arguments in ((source, "-o", source), (source, "-M", mask, "-o", mask)):
        ran = run("fill", *arguments)
        assert (ran.code, "--overwrite" in ran.err) == (4, True)
    assert source.read_bytes() == before
    assert run("fill", source, "-o", source, "--overwrite").code == 0
    assert (load(source)[..., 3] == 255).all()


def test_a_folder_takes_results_and_replaces_nothing(tmp_path: Path, run: Run) -> None:
    names = ("cat.png", "man.png")
    for name in names:
        save(tmp_path / name, photograph(alpha=True))
    before = [(tmp_path / name).read_bytes() for name in names]
    pictures = [tmp_path / name for name in names]
    for folder in (tmp_path, tmp_path / "out", tmp_path / "out"):
        assert run("fill", *pictures, "-o", folder).code == 0
    assert [(tmp_path / name).read_bytes() for name in names] == before
    assert (tmp_path / "cat.1.png").exists()
    found = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert found == ["cat.1.png", "cat.png", "man.1.png", "man.png"]


@pytest.mark.parametrize(
    ("suffix", "depth", "flags", "name"),
    [
        (".tif", "u16", (), "cat.inpainted.tif"),
        (".webp", "u8", (), "cat.inpainted.webp"),
        (".tif", "u8", ("--layer",), "cat.inpainted.layer.tif"),
        (".png", "u8", ("--layer",), "cat.inpainted.layer.png"),
    ],
)
def test_a_result_keeps_the_format_of_its_source(
    tmp_path: Path, run: Run, suffix: str, depth: str, flags: tuple[str, ...], name: str
) -> None:
    source = save(tmp_path / f"cat{suffix}", photograph(depth, alpha=True))
    assert run("fill", source, *flags).out.strip() == str(tmp_path / name)


def test_a_result_can_be_made_again_from_its_recipe(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph(alpha=True))
    first, second, plain = (tmp_path / name for name in ("1.png", "2.png", "3.png"))
    assert run("fill", source, "-o", first, "--model", "noise", "--grow", 3).code == 0
    assert run("fill", source, "-o", second, "--recipe", first).code == 0
    np.testing.assert_array_equal(load(first), load(second))
    run("fill", source, "-o", plain, "--no-embed-recipe", "--model", "noise")
    assert b"inpaintd" not in plain.read_bytes()
    other = tmp_path / "4.png"
    run("fill", source, "-o", other, "--recipe", first, "--seed", 1)
    assert (read_recipe(other).seed, read_recipe(other).grow_pixels) == (1, 3)


def test_json_says_all_that_a_script_needs(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph(alpha=True))
    told = run("fill", source, "--json", "--steps", 7).json
    assert set(told) == {
        *("input", "outputs", "model", "steps", "request_id", "warnings", "seconds")
    }
    assert told["model"] == "patches"
    assert any("--steps" in warning["message"] for warning in told["warnings"])
    assert set(told["seconds"]) == {"read", "daemon", "engine", "write", "total"}


def test_a_contact_sheet_has_no_seed(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph(alpha=True))
    fill = ("fill", source, "--count", 2, "--seed", 1, "--grid", "--model", "noise")
    told = run(*fill, "--json").json
    assert [output["seed"] for output in told["outputs"]] == [1, 2]
    assert told["grid"] == str(tmp_path / "cat.inpainted.grid.png")
    assert "seed 1, 2, in" in run(*fill).err


def test_opaque_results_can_be_jpeg(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph(alpha=True))
    ran = run("fill", source, "-o", tmp_path / "o.jpg")
    assert (ran.code, "may change slightly" in ran.err) == (0, True)
    assert load(tmp_path / "o.jpg").shape == (240, 320, 3)
    assert run("fill", source, "-o", tmp_path / "l.jpg", "--layer").code == 4


@pytest.mark.parametrize("json_flag", [(), ("--json",)])
def test_an_engine_that_fails(tmp_path: Path, run: Run, json_flag: tuple[str, ...]) -> None:
    source = save(tmp_path / "cat.png", photograph(alpha=True))
    ran = run("fill", source, "--model", "crash", *json_flag)
    assert ran.code == 1
    if json_flag:
        assert ran.json["error"]["code"] == "worker_died"
    else:
        assert ran.err.startswith("Error: ")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cat.png"]
    assert run("fill", source).code == 0  # the daemon lives
