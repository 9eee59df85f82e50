"""Bad input: a sentence, an exit code, and nothing written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.cli.run import Run
from tests.files.photographs import photograph, save

USAGE, BAD_FILE, FAILED = 2, 4, 1


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    return save(tmp_path / "cat.png", photograph(alpha=True))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Which picture?"),
        (("a.png", "-I", "b.png"), "once"),
        (("a.png", "--steps", "0"), "steps is 0; it must lie between 1 and 500"),
        (("a.png", "--steps", "many"), "--steps"),
        (("a.png", "--count", "20"), "--count is 20; it must lie between 1 and 8."),
        (("a.png", "--grow", "999"), "--grow is 999"),
        (("a.png", "--strength", "nan"), "strength"),
        (("a.png", "--infill", "magic"), "--infill"),
        (("a.png", "--control", "tile:weight=heavy"), "weight=heavy is not a number"),
        (("a.png", "--control", "tile:colour=2"), "Write it as"),
        (("a.png", "--control", "depth"), "must be one of"),
        (("a.png", "--lora", "ink:weight=9"), "between"),
        (
            (
                "a.png",
                "--no-such-option",
            ),
            "no-such-option",
        ),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], said: str) -> None:
    ran = run("fill", *arguments)
    assert ran.code == USAGE
    assert said.lower() in ran.err.lower()
    assert "plug-in" not in ran.err


def test_files_that_cannot_be_used(tmp_path: Path, run: Run, cat: Path) -> None:
    half = tmp_path / "half.png"
    half.write_bytes(cat.read_bytes()[:4000])
    small = save(tmp_path / "small.png", photograph()[:100])
    opaque = save(tmp_path / "opaque.png", photograph())
    black = save(tmp_path / "black.png", np.zeros((240, 320, 1), np.uint8))
    before = sorted(tmp_path.iterdir())
    for arguments, code in [
        ((tmp_path / "none.png",), "unreadable"),
        ((tmp_path,), "unreadable"),
        ((half,), "unreadable"),
        ((opaque,), "empty_mask"),
        ((opaque, "-M", black), "empty_mask"),
        ((opaque, "-M", small), "size_mismatch"),
        ((opaque, "-M", half), "unreadable"),
        ((cat, "--recipe", opaque), "unreadable"),
        ((cat, "-o", tmp_path / "none" / "o.png"), "unwritable"),
        ((cat, "-o", tmp_path / "o.bmp"), "unwritable"),
        ((cat, "-o", tmp_path / "o.jpg", "--layer"), "unwritable"),
    ]:
        ran = run("fill", *arguments, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (BAD_FILE, code), arguments
        assert ran.json["error"]["hint"], arguments
    assert sorted(tmp_path.iterdir()) == before


def test_no_daemon_is_started_for_a_file_that_cannot_be_used(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> Any:
        raise AssertionError("a daemon was asked for")

    monkeypatch.setattr("inpaintd.cli.fill.connect_or_start", refuse)
    assert run("fill", save(tmp_path / "opaque.png", photograph())).code == BAD_FILE


def test_pixels_that_are_no_numbers(tmp_path: Path, run: Run, daemon_home: Path) -> None:
    pixels = photograph("f32", alpha=True)
    pixels[35, 95, 0] = np.nan
    ran = run("fill", save(tmp_path / "nan.tif", pixels), "--json")
    assert (ran.code, ran.json["error"]["code"]) == (BAD_FILE, "bad_pixels")


def test_a_model_that_nobody_knows(run: Run, cat: Path, daemon_home: Path) -> None:
    ran = run("fill", cat, "--model", "zzz")
    assert ran.code == FAILED
    assert "zzz" in ran.err
    assert "inpaintd models list" in ran.err
    assert "patchmatch" in ran.err
    assert "clipseg" not in ran.err


def test_no_daemon(run: Run) -> None:
    for command in (("status",), ("status", "--json"), ("cancel", "abc")):
        assert run(*command).code == 3
    assert run("stop").code == 0
    said = run("status").err
    assert "starts automatically" in said
    assert "Error" not in said


def test_unknown_ids(run: Run, daemon_home: Path) -> None:
    assert "no unfinished fill" in run("cancel", "abc").err
    assert "No detached fill" in run("attach", "abc").err
    assert "is not the ID" in run("attach", "../../etc/passwd").err


def test_unknown_command(run: Run) -> None:
    assert run("paint").code == USAGE
    ran = run("fil")
    assert (ran.code, "Did you mean: inpaintd fill?" in ran.err) == (USAGE, True)


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="all names are text there")
def test_a_name_that_is_no_text(daemon_home: Path, tmp_path: Path) -> None:
    name = os.path.join(os.fsencode(tmp_path), b"bad \xff.png")  # noqa: PTH118
    with open(name, "wb") as file:  # noqa: PTH123
        Image.fromarray(photograph(alpha=True)).save(file, "PNG")
    for more in ([], ["--json"]):
        command = [sys.executable, "-m", "inpaintd", "fill", name, "--model", "telea", *more]
        ran = subprocess.run(command, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert b"Traceback" not in ran.stderr
    assert len(list(tmp_path.glob("bad*.inpainted*.png"))) == 2


def test_what_cannot_be_a_mask_or_a_source_of_its_own_is_named(
    tmp_path: Path, run: Run, cat: Path
) -> None:
    bmp = tmp_path / "m.bmp"
    Image.new("L", (320, 240)).save(bmp)
    ran = run("fill", cat, "-M", bmp)
    assert (ran.code, "a BMP picture, which is not supported" in ran.err) == (BAD_FILE, True)
    assert "PSD" in ran.err
    ran = run("outpaint", cat, "--left", 8, "-o", cat)
    assert (ran.code, "hole" in ran.err, "--overwrite" in ran.err) == (BAD_FILE, False, True)


@pytest.mark.usefixtures("daemon_home")
def test_a_warning_names_the_option(run: Run, cat: Path) -> None:
    ran = run("fill", cat, "--model", "telea", "--seed", 3)
    assert "Warning: --seed has no effect" in ran.err


@pytest.mark.usefixtures("daemon_home")
@pytest.mark.parametrize(
    ("encoding", "name", "printed"),
    [
        # As on Windows, where redirected output is in a code page.
        ("cp1252:strict", "\u732b", b"\\u732b"),
        pytest.param(
            "utf-8:strict",
            os.fsdecode(b"bad \xff"),
            b"bad \xff",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="all names are text there"),
        ),
    ],
)
def test_a_name_that_the_output_cannot_spell(
    tmp_path: Path, encoding: str, name: str, printed: bytes
) -> None:
    hole = save(tmp_path / "mask.png", photograph()[..., :1])
    picture = save(tmp_path / "cat.png", photograph())
    picture = picture.rename(tmp_path / f"{name}.png")
    done = subprocess.run(
        [sys.executable, "-m", "inpaintd", "mask", picture, "--mask", hole],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout
