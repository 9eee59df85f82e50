"""References with the commands around fill: outpaint, chain and again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inpaintd.files.recipe_file import read_recipe
from tests.cli.run import Run
from tests.files.photographs import load, photograph, save

RED, BLUE = (200, 20, 20), (20, 20, 200)
MODEL = """
[reference]
title = "r"
engine = "tests.synthetic_engines:reference"
honours = ["seed", "references"]
"""
"""Paints the mean colour of the first reference."""

CHAIN = """
image = "cat.png"
[[reference]]
file = "style.png"
weight = 0.5
[[step]]
kind = "inpaint"
model = "reference"
"""


@pytest.fixture
def desk(tmp_path: Path, daemon_home: Path) -> Path:
    """A folder with pictures, and a model that paints by references."""
    models = daemon_home / "models.toml"
    if "[reference]" not in models.read_text():
        models.write_text(models.read_text() + MODEL)
    save(tmp_path / "cat.png", photograph("u8", 3, alpha=True))
    save(tmp_path / "opaque.png", photograph("u8", 3))
    for name, colour in (("style", RED), ("other", BLUE)):
        save(tmp_path / f"{name}.png", np.full((9, 7, 3), colour, np.uint8))
    return tmp_path


def test_outpaint_and_again(desk: Path, run: Run) -> None:
    ran = run(
        *("outpaint", desk / "opaque.png", "--left", 16, "--model", "reference"),
        *("--reference", f"{desk / 'style.png'}:0.5", "-o", desk / "out.png"),
    )
    assert ran.code == 0, ran.err
    assert tuple(load(desk / "out.png")[20, 4, :3]) == RED
    (reference,) = read_recipe(desk / "out.png").references or ()
    assert reference.weight == 0.5
    again = run("again", desk / "out.png", "-o", desk / "again.png")
    assert again.code == 0, again.err
    assert (load(desk / "again.png") == load(desk / "out.png")).all()
    (desk / "style.png").rename(desk / "gone")
    lost = run("again", desk / "out.png")
    assert lost.code != 0
    assert "reference style.png" in lost.err


def test_chain(desk: Path, run: Run) -> None:
    path = desk / "steps.toml"
    path.write_text(CHAIN)
    ran = run("chain", path)
    assert ran.code == 0, ran.err
    result = desk / "cat.inpainted.png"
    before, after = load(desk / "cat.png"), load(result)
    assert (after[before[..., 3] == 0][:, :3] == RED).all()
    (reference,) = read_recipe(result).references or ()
    assert reference.weight == 0.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("weight = 0.5", "weight = 3"), "weight"),
        (('file = "style.png"', ""), "file"),
        (("[[reference]]", "[reference]"), "heading [[reference]]"),
        (("style.png", "gone.png"), "gone.png"),
        (('model = "reference"', "references = [{}]"), "belong next to image"),
    ],
)
def test_what_is_wrong_in_a_chain_is_named(
    desk: Path, run: Run, change: tuple[str, str], said: str
) -> None:
    path = desk / "steps.toml"
    path.write_text(CHAIN.replace(*change))
    ran = run("chain", path)
    assert (ran.code, ran.out) != (0, "")
    assert said in ran.err
