"""`--reference` through a real daemon, and `again` that finds its picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.run import Run
from tests.diffusion.pictures import photograph
from tests.files.photographs import load, save

pytestmark = pytest.mark.usefixtures("tiny_daemon")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A photograph, a mask, and a picture to refer to with a colon in its name."""
    save(tmp_path / "photo.png", np.round(photograph(61, 75) * 255).astype(np.uint8))
    mask = np.zeros((61, 75, 1), np.uint8)
    mask[20:45, 20:50] = 255
    save(tmp_path / "mask.png", mask)
    red = np.full((40, 90, 3), (230, 20, 20), np.uint8)
    save(tmp_path / "red.png", red)
    return tmp_path


def test_a_reference_counts_and_again_finds_it(desk: Path, run: Run) -> None:
    asked = ["fill", desk / "photo.png", "-M", desk / "mask.png", "--model", "flux2-klein"]
    asked += ["-p", "a cat", "--steps", 2, "--seed", 3, "--strength", 0.8]
    plain = run(*asked, "-o", desk / "plain.png")
    assert plain.code == 0, plain.err
    ran = run(*asked, "--reference", desk / "red.png", "-o", desk / "red-cat.png")
    assert ran.code == 0, ran.err
    assert not (load(desk / "red-cat.png") == load(desk / "plain.png")).all()

    ran = run("again", desk / "red-cat.png", "-o", desk / "again.png")
    assert ran.code == 0, ran.err
    assert (load(desk / "again.png") == load(desk / "red-cat.png")).all()

    (desk / "red.png").write_bytes((desk / "mask.png").read_bytes())  # no longer the same picture
    ran = run("again", desk / "red-cat.png", "-o", desk / "other.png")
    assert ran.code != 0
    assert "reference red.png" in ran.err


def test_a_region_is_checked_and_kept_in_the_recipe(desk: Path, run: Run) -> None:
    asked = ["fill", desk / "photo.png", "-M", desk / "mask.png", "--model", "flux2-klein"]
    asked += ["--steps", 2, "--seed", 3, "--reference", desk / "red.png"]
    ran = run(*asked, "--reference-region", desk / "mask.png", "-o", desk / "region.png")
    assert ran.code == 0, ran.err
    assert "no regions of references" in ran.err
    ran = run("again", desk / "region.png", "-o", desk / "again.png")
    assert ran.code == 0, ran.err
    assert "no regions of references" in ran.err

    ran = run(*asked, "--reference-region", desk / "red.png", "-o", desk / "p.png")
    assert "same size" in ran.err
    regions = ["--reference-region", desk / "mask.png"] * 2
    ran = run(*asked, *regions, "-o", desk / "q.png")
    assert ran.code == 2
    assert "2 regions for 1 reference" in ran.err


def test_a_weight_follows_the_file_and_is_checked(desk: Path, run: Run) -> None:
    asked = ["fill", desk / "photo.png", "-M", desk / "mask.png", "--model", "flux2-klein"]
    ran = run(*asked, "--steps", 2, "--reference", f"{desk / 'red.png'}:0.5", "-o", desk / "o.png")
    assert ran.code == 0, ran.err
    assert "ignores the weights of references" in ran.err
    ran = run(*asked, "--reference", f"{desk / 'red.png'}:7", "-o", desk / "p.png")
    assert ran.code != 0
    assert "weight" in ran.err


def test_a_model_that_needs_an_ip_adapter_says_so(desk: Path, run: Run) -> None:
    ran = run(
        *("fill", desk / "photo.png", "-M", desk / "mask.png", "--model", "sd15"),
        *("--reference", desk / "red.png", "-o", desk / "o.png"),
    )
    assert ran.code != 0
    assert "takes references by an IP-Adapter" in ran.err
    assert "inpaintd models install ip-adapter-sd" in ran.err
