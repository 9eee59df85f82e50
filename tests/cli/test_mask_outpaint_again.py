"""The commands around fill: mask, outpaint, again, and fill with several files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inpaintd.files.recipe_file import read_recipe
from tests.cli.run import Run
from tests.files.photographs import HOLE, load, photograph, save

pytestmark = pytest.mark.usefixtures("daemon_home")


def test_mask_writes_the_three_pictures(tmp_path: Path, run: Run) -> None:
    pixels = photograph("u8", 3, alpha=True)
    source = save(tmp_path / "cat.png", pixels)
    ran = run("mask", source)
    names = [f"cat.{kind}.png" for kind in ("selected", "deselected", "masked")]
    assert ran.out.split() == [str(tmp_path / name) for name in names], ran.err
    selected, deselected, masked = (load(tmp_path / name) for name in names)
    hole = 255 - pixels[..., 3]
    assert (masked[..., 0] == hole).all(), "white where it would be repainted"
    assert (selected[..., :3] == pixels[..., :3]).all()
    assert (selected[..., 3] == hole).all()
    assert (deselected[..., 3] == 255 - hole).all()


def test_a_folder_of_masks_keeps_what_is_in_it(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph("u8", 3, alpha=True))
    folder = tmp_path / "masks"
    folder.mkdir()
    (folder / "cat.masked.png").write_bytes(b"edited by hand")
    ran = run("mask", source, "-o", folder)
    assert (folder / "cat.masked.png").read_bytes() == b"edited by hand"
    assert len(ran.out.split()) == 3
    assert all(Path(name).exists() for name in ran.out.split())
    assert str(folder / "cat.masked.png") not in ran.out.split()


@pytest.mark.parametrize(("sides", "code"), [(("--left", 100_000), 4), (("--to", "100:1"), 4)])
def test_a_slip_of_the_finger_does_not_take_an_hour(
    tmp_path: Path, run: Run, sides: tuple[object, ...], code: int
) -> None:
    source = save(tmp_path / "cat.png", photograph("u8", 3))
    ran = run("outpaint", source, *sides, "--model", "noise")
    assert ran.code == code
    assert "times as many" in ran.err
    assert "--large" in ran.err


def test_the_mask_goes_straight_into_fill(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph("u8", 3, alpha=True))
    run("mask", source, "--threshold", 0.5, "-o", tmp_path / "masks")
    opaque = save(tmp_path / "opaque.png", photograph("u8", 3))
    mask = tmp_path / "masks" / "cat.masked.png"
    ran = run("fill", opaque, "-M", mask, "-o", tmp_path / "out.png", "--model", "noise")
    assert ran.code == 0, ran.err
    changed = (load(tmp_path / "out.png")[..., :3] != load(opaque)[..., :3]).any(axis=2)
    assert (changed <= (load(mask)[..., 0] > 0)).all()
    assert changed[HOLE].any()


def test_words_without_their_model_name_the_command(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph("u8", 3))
    ran = run("mask", source, "--text", "cat, dog", 0.6)
    assert ran.code != 0
    assert "inpaintd models install clipseg" in ran.err


def test_a_mask_of_nothing_is_told_how_to_make_one(tmp_path: Path, run: Run) -> None:
    ran = run("mask", save(tmp_path / "cat.png", photograph("u8", 3)))
    assert ran.code == 4
    assert "-M" in ran.err
    assert "-tm" in ran.err


@pytest.mark.parametrize("depth", ["u8", "u16"])
def test_outpaint_enlarges_and_keeps_the_picture(tmp_path: Path, run: Run, depth: str) -> None:
    pixels = photograph(depth, 3)
    source = save(tmp_path / "cat.png", pixels)
    ran = run("outpaint", source, "--left", 16, "--bottom", 9, "--model", "telea")
    assert ran.code == 0, ran.err
    assert "Warning" not in ran.err
    result = load(tmp_path / "cat.outpainted.png")
    height, width = pixels.shape[:2]
    assert result.shape[:2] == (height + 9, width + 16)
    assert result.dtype == pixels.dtype
    assert (result[:height, 16:, :3] == pixels[..., :3]).all()
    new = result[:height, :16, :3].astype(float)
    assert np.abs(new.mean() / pixels[:, :16, :3].mean() - 1) < 0.3, "it continues the border"


@pytest.mark.parametrize(
    ("to", "shape", "corner"), [("16:9", (240, 427), (0, 53)), ("1:1", (320, 320), (40, 0))]
)
def test_outpaint_to_proportions(
    tmp_path: Path, run: Run, to: str, shape: tuple[int, int], corner: tuple[int, int]
) -> None:
    pixels = photograph("u8", 3)
    source = save(tmp_path / "cat.png", pixels)
    ran = run("outpaint", source, "--to", to, "--model", "noise", "--count", 2, "--grid", "--json")
    assert ran.json["grid"] == str(tmp_path / "cat.outpainted.grid.png")
    result = load(tmp_path / "cat.outpainted.1.png")
    assert result.shape[:2] == shape
    top, left = corner
    assert (result[top : top + 240, left : left + 320, :3] == pixels).all()


@pytest.mark.parametrize("to", ["4:3", "16", "0:1", "a:b"])
def test_outpaint_to_proportions_that_make_no_sense(tmp_path: Path, run: Run, to: str) -> None:
    assert run("outpaint", save(tmp_path / "cat.png", photograph("u8", 3)), "--to", to).code == 2


def test_outpaint_by_nothing_is_wrong_usage(tmp_path: Path, run: Run) -> None:
    assert run("outpaint", save(tmp_path / "cat.png", photograph("u8", 3))).code == 2


def test_again_repeats_a_result_and_takes_a_new_seed(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph("u8", 3, alpha=True))
    run("fill", source, "--model", "noise")
    first = tmp_path / "cat.inpainted.png"
    assert run("again", first, "-o", tmp_path / "same.png").code == 0
    assert (load(tmp_path / "same.png") == load(first)).all()
    assert run("again", first, "--seed", "new", "-o", tmp_path / "other.png").code == 0
    assert (load(tmp_path / "other.png") != load(first)).any()
    assert read_recipe(tmp_path / "other.png").seed != read_recipe(first).seed
    assert read_recipe(tmp_path / "other.png").model == "noise"


def test_again_remembers_its_mask_and_its_picture_by_their_names(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.jpg", photograph("u8", 3))
    mask = np.zeros((240, 320, 1), np.uint8)
    mask[HOLE] = 255
    mask_file = save(tmp_path / "m.png", mask)
    first = tmp_path / "first.png"
    run("fill", source, "-M", mask_file, "--model", "noise", "-o", first)
    assert str(tmp_path).encode() not in first.read_bytes()
    ran = run("again", first)
    assert ran.out.strip() == str(tmp_path / "cat.inpainted.png"), ran.err
    assert (load(tmp_path / "cat.inpainted.png") == load(first)).all()
    mask_file.rename(tmp_path / "moved.png")
    ran = run("again", first)
    assert (ran.code, "The mask m.png" in ran.err, "-M" in ran.err) == (4, True, True)
    assert run("again", first, "-M", tmp_path / "moved.png").code == 0


def test_again_repeats_an_outpainting(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph("u8", 3))
    run("outpaint", source, "--left", 16, "--top", 4, "--model", "noise")
    ran = run("again", tmp_path / "cat.outpainted.png")
    assert ran.out.strip() == str(tmp_path / "cat.outpainted.1.png"), ran.err
    first, second = (load(tmp_path / f"cat.outpainted{n}.png") for n in ("", ".1"))
    assert (first == second).all()


def test_again_never_takes_a_result_for_its_source(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph("u8", 3))
    mask = np.zeros((240, 320, 1), np.uint8)
    mask[HOLE] = 255
    mask_file = save(tmp_path / "m.png", mask)
    results = tmp_path / "res"
    results.mkdir()
    for seed in (1, 2):
        ran = run(
            "fill", source, "-M", mask_file, "-o", results, "--model", "noise", "--seed", seed
        )
    second = results / "cat.1.png"
    assert ran.out.strip() == str(second), ran.err
    ran = run("again", second, "--json")
    assert ran.json["input"] == str(source)
    assert (load(results / "cat.2.png") == load(second)).all()
    for path in (source, mask_file):
        path.rename(tmp_path / f"moved-{path.name}")
    ran = run("again", second)
    assert ran.code == 4
    assert all(word in ran.err for word in ("cat.png", "m.png", "-I", "-M")), ran.err
    save(source, photograph("u8", 3)[::-1])
    assert run("again", second, "-M", tmp_path / "moved-m.png").code == 4, "another picture"


def test_again_without_names_takes_no_result_for_its_source(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph("u8", 3, alpha=True))
    for name in ("cat.webp", "cat.tif"):
        run("fill", source, "--model", "noise", "-o", tmp_path / name)
    source.unlink()
    recipe = tmp_path / "cat.json"
    recipe.write_text('{"settings": {"model": "noise"}}')
    assert run("again", recipe).code == 4


def test_again_in_a_hot_folder_writes_beside_the_result(tmp_path: Path, run: Run) -> None:
    for name in ("outbox", "done"):
        (tmp_path / name / "sub").mkdir(parents=True)
    source = save(tmp_path / "cat.png", photograph("u8", 3, alpha=True))
    result = tmp_path / "outbox" / "sub" / "cat.png"
    run("fill", source, "-o", result, "--model", "noise")
    source.rename(tmp_path / "done" / "sub" / "cat.png")
    assert run("again", result).out.strip() == str(result.with_name("cat.1.png"))
    assert [p.name for p in (tmp_path / "done" / "sub").iterdir()] == ["cat.png"]


def test_again_without_its_source_says_what_to_do(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph("u8", 3, alpha=True))
    run("fill", source, "--model", "telea")
    source.unlink()
    ran = run("again", tmp_path / "cat.inpainted.png")
    assert ran.code == 4
    assert "-I" in ran.err


def test_several_files_into_a_folder(tmp_path: Path, run: Run) -> None:
    names = ("a.png", "b [1].png", "c.tif")
    sources = [save(tmp_path / name, photograph("u8", 3, alpha=True)) for name in names]
    ran = run("fill", *sources, "-o", tmp_path / "out", "--model", "telea")
    assert ran.code == 0, ran.err
    assert {p.name for p in (tmp_path / "out").iterdir()} == set(names)


def test_a_contact_sheet_of_variants(tmp_path: Path, run: Run) -> None:
    source = save(tmp_path / "cat.png", photograph("u8", 3, alpha=True))
    ran = run("fill", source, "--model", "noise", "--count", 3, "--grid", "--seed", 1)
    paths = [Path(line) for line in ran.out.split()]
    assert [p.name for p in paths][-1] == "cat.inpainted.grid.png"
    assert len(paths) == 4
    height, width = load(paths[0]).shape[:2]
    assert load(paths[-1]).shape[:2] == (2 * height + 8, 2 * width + 8)


def test_only_the_sampling_area_is_copied_and_again_remembers_it(tmp_path: Path, run: Run) -> None:
    pixels = np.full((90, 400, 3), (200, 0, 0), np.uint8)
    pixels[:, 340:] = (0, 0, 200)
    mask, area = np.zeros((2, 90, 400, 1), np.uint8)
    mask[40:50, 20:30] = 255
    area[20:70, 350:390] = 255
    source = save(tmp_path / "red.png", pixels)
    files = [save(tmp_path / f"{name}.png", of) for name, of in (("mask", mask), ("area", area))]
    assert run("fill", source, "-M", files[0], "--sample", files[1], "--seed", 1).code == 0
    first = load(tmp_path / "red.inpainted.png")
    assert first[40:50, 20:30, 2].min() > 80
    assert run("again", tmp_path / "red.inpainted.png").code == 0
    assert (load(tmp_path / "red.inpainted.1.png") == first).all()
