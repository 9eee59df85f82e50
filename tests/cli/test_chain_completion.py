"""Chains as they are written, and shell completion."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from inpaintd.cli.chain import read_chain
from inpaintd_protocol.errors import InpaintError
from tests.cli.run import Run
from tests.files.photographs import load, photograph, save

CHAIN = """
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


def test_a_chain_becomes_settings_with_stages(tmp_path: Path) -> None:
    (tmp_path / "steps.toml").write_text(CHAIN)
    order = read_chain(tmp_path / "steps.toml")
    assert order.source == tmp_path / "cat.png"
    assert order.out == tmp_path / "out.png"
    assert (order.settings.model, order.settings.strength) == ("telea", 0.8)
    first, last = order.settings.stages
    assert (first.kind, first.prompt) == ("text-to-image", "a cat")
    assert (last.kind, last.strength, last.steps) == ("image-to-image", 0.3, 7)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("inpaint", "image-to-image"), "no [[step]] has kind"),
        (("text-to-image", "image-to-image"), "only text-to-image can come before"),
        (("steps = 7", "stepz = 7"), "has no stepz"),
        (('image = "cat.png"', ""), "image is missing"),
        (("strength = 0.8", "strength = 8"), "strength"),
        (("[[step]]", "[[step"), "is no chain"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    (tmp_path / "steps.toml").write_text(CHAIN.replace(*change))
    with pytest.raises(InpaintError) as error:
        read_chain(tmp_path / "steps.toml")
    assert said in str(error.value)


@pytest.mark.usefixtures("daemon_home")
def test_a_chain_runs(tmp_path: Path, run: Run) -> None:
    save(tmp_path / "cat.png", photograph("u8", 3, alpha=True))
    (tmp_path / "steps.toml").write_text(CHAIN)
    ran = run("chain", tmp_path / "steps.toml")
    assert ran.code == 0, ran.err
    assert "Stages" in ran.err, "this model has no stages, and says so"
    assert (load(tmp_path / "out.png")[..., 3:] == 255).all()


def test_bash_completes_commands(run: Run) -> None:
    assert "_INPAINTD_COMPLETE=bash_complete" in run("completion", "bash").out
    environment = os.environ | {
        "_INPAINTD_COMPLETE": "bash_complete",
        "COMP_WORDS": "inpaintd wa",
        "COMP_CWORD": "1",
    }
    script = "from inpaintd.cli import main; main([])"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "plain,watch"
