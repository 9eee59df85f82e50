"""The examples of the guide are run, so that they stay true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tests.running import ROOT

GUIDE = ROOT / "docs" / "developers" / "engine.md"


def block(language: str) -> str:
    """The first block of code in this language."""
    found = re.search(rf"```{language}\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_engine_of_the_guide_fills_a_picture(tmp_path: Path) -> None:
    (tmp_path / "mean_colour.py").write_text(block("python"))
    home = tmp_path / "home"
    home.mkdir()
    (home / "models.toml").write_text(block("toml"))
    pixels = np.full((60, 80, 4), (200, 100, 50, 255), np.uint8)
    pixels[20:40, 30:50] = 0
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    environment = os.environ | {"INPAINTD_HOME": str(home), "PYTHONPATH": str(tmp_path)}

    def inpaintd(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "inpaintd", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    try:
        done = inpaintd("fill", str(tmp_path / "photo.png"), "--model", "mean")
        assert done.returncode == 0, done.stderr
    finally:
        inpaintd("stop")
    result = np.asarray(Image.open(done.stdout.strip()))
    assert (result == (200, 100, 50, 255)).all()
