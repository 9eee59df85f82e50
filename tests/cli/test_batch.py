"""Several pictures in one call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inpaintd.cli import fill
from inpaintd_protocol.errors import InpaintError
from tests.cli.run import Run
from tests.files.photographs import photograph, save

pytestmark = pytest.mark.usefixtures("daemon_home")


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    good = save(tmp_path / "good.png", photograph(alpha=True))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    opaque = save(tmp_path / "opaque.png", photograph())
    last = save(tmp_path / "last.png", photograph(alpha=True))
    return [good, tmp_path / "bad.png", opaque, last]


def test_one_bad_file_does_not_stop_the_others(
    tmp_path: Path, run: Run, pictures: list[Path]
) -> None:
    ran = run("fill", *pictures, "-o", tmp_path / "res", "--model", "identity")
    assert ran.code == 4
    assert sorted(p.name for p in (tmp_path / "res").iterdir()) == ["good.png", "last.png"]
    assert "bad.png is a text" in ran.err
    assert "opaque.png has no transparency" in ran.err
    assert "2 filled, 2 failed." in ran.err


def test_json_says_which_file_each_line_is_about(run: Run, pictures: list[Path]) -> None:
    ran = run("fill", *pictures, "--json", "--model", "identity")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["input"] for line in lines] == [str(path) for path in pictures]
    assert ["error" in line for line in lines] == [False, True, True, False]


def test_what_concerns_all_stops_at_once(run: Run, pictures: list[Path]) -> None:
    ran = run("fill", *pictures, "--model", "nobody")
    assert ran.code == 1
    assert ran.err.count("nobody") == 1


def test_cancelling_one_stops_all(
    run: Run, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled(*_: object, **__: object) -> None:
        raise InpaintError("cancelled", "The request was cancelled.")

    monkeypatch.setattr(fill, "fill_opened", cancelled)
    assert run("fill", *pictures).code == 130
    assert not list(pictures[0].parent.glob("*inpainted*"))


@pytest.mark.parametrize("command", [("fill",), ("outpaint", "--left", 8)])
def test_a_slash_makes_a_folder(
    tmp_path: Path, run: Run, pictures: list[Path], command: tuple[str, ...]
) -> None:
    ran = run(*command, pictures[0], "-o", f"{tmp_path}/new/er/", "--model", "noise")
    assert ran.code == 0, ran.err
    assert [p.name for p in (tmp_path / "new" / "er").iterdir()] == ["good.png"]
    refused = run(*command, pictures[0], "-o", f"{pictures[0]}/")
    assert (refused.code, "cannot be made" in refused.err) == (4, True)


def test_several_results_do_not_go_into_one_picture(
    tmp_path: Path, run: Run, pictures: list[Path]
) -> None:
    ran = run("fill", *pictures, "-o", tmp_path / "one.png")
    assert (ran.code, "name a folder" in ran.err) == (2, True)
    assert not (tmp_path / "one.png").exists()
