"""Masks by text and of objects in a real GIMP, with a daemon that has small models for both."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.gimp.cases import Run, names_in, run_cases
from tests.gimp.gimp_root import Gimp
from tests.running import ROOT, Daemon, running_daemon
from tests.textmask.conftest import COLOURS

_MODULES = ["cases_text_masks", "cases_objects"]
_OPTIONS = ("-tm", "red", "0.3", "--grow", "5")
"""For `inpaintd mask`, what case_of_the_command_line does in GIMP."""


@dataclass(frozen=True)
class Masks:
    run: Run
    ours: NDArray[np.uint8]
    theirs: NDArray[np.uint8]
    """The mask that `inpaintd mask` writes."""


@pytest.fixture(scope="module")
def masks(gimp: Gimp, text_mask_model: str, object_mask_model: str) -> Masks:
    if not text_mask_model:
        pytest.skip("the extra `diffusion` is not installed")
    photograph = gimp.work / "red.png"
    _growing_red().save(photograph)
    with running_daemon(gimp.work / "daemon", models=text_mask_model + object_mask_model) as daemon:
        run = run_cases(gimp, _MODULES)
        theirs = _inpaintd_mask(daemon, photograph)
    ours = np.frombuffer((gimp.work / "selected").read_bytes(), np.uint8)
    return Masks(run, ours.reshape(theirs.shape), theirs)


@pytest.mark.parametrize("name", names_in(_MODULES))
def test_case(masks: Masks, name: str) -> None:
    masks.run.check(name)


def test_a_mask_is_that_of_the_command_line(masks: Masks) -> None:
    assert 0 < masks.theirs.mean() < 255
    assert (masks.ours == masks.theirs).all()


def _growing_red() -> Image.Image:
    """Noise that grows red to the right and down, so that each threshold finds another part."""
    share = (np.linspace(0, 0.7, 300) + np.linspace(0, 0.3, 240)[:, None])[..., None]
    noise = np.random.default_rng(1).uniform(0.45, 0.55, (240, 300, 3))
    colour = noise * (1 - share) + np.array(COLOURS["red"]) * share
    return Image.fromarray(np.round(colour * 255).astype(np.uint8))


def _inpaintd_mask(daemon: Daemon, picture: Path) -> NDArray[np.uint8]:
    command = [sys.executable, "-m", "inpaintd", "mask", str(picture), *_OPTIONS]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "INPAINTD_HOME": str(daemon.home)}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    with Image.open(picture.with_name("red.red.masked.png")) as mask:
        return np.asarray(mask)
