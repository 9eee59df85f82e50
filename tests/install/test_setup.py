"""Set-up with the real uv and small stand-ins: what worked keeps working, whatever goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inpaintd.install import environment as environments
from inpaintd.install.card import Card
from inpaintd.install.notices import notices
from inpaintd.install.setup import diffusion_requirements, plan, set_up
from inpaintd.system import places
from inpaintd_protocol.errors import InpaintError
from tests.cli.run import Run
from tests.install.fake_machine import FakeMachine
from tests.install.wheels import write_wheels

CARD = Card("NVIDIA", "RTX 4070", "581.29", (8, 9))
SMI = {"nvidia-smi": "RTX 4070, 581.29, 8.9, 12282\n"}
LIBRARIES = ("torch", "diffusers", "transformers")


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels is all that uv can fetch from."""
    folder = write_wheels(tmp_path / "wheels")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    return folder


def make(home: Path, **changes: object) -> environments.Environment:
    wanted = plan(home, FakeMachine(), backend="as-indexed", requirements=LIBRARIES)
    return set_up(home, replace(wanted, **changes), lambda *_: None)


def test_workers_run_in_what_set_up_has_made(tmp_path: Path) -> None:
    steps: list[str] = []
    wanted = plan(tmp_path, FakeMachine(), backend="as-indexed", requirements=LIBRARIES)
    assert environments.worker_python(tmp_path) == sys.executable
    made = set_up(tmp_path, wanted, lambda step, _: steps.append(step))
    assert list(dict.fromkeys(steps)) == ["make", "fetch", "try", "switch"]
    assert environments.in_use(tmp_path) == made
    python = environments.worker_python(tmp_path)
    assert python != sys.executable
    # The same inpaintd as here, and the new torch before any of the daemon's own.
    tell = "import torch, inpaintd, json; print(json.dumps([torch.__file__, inpaintd.__file__]))"
    done = subprocess.run([python, "-P", "-c", tell], capture_output=True, text=True, check=True)
    torch_file, own_file = json.loads(done.stdout)
    assert Path(torch_file).is_relative_to(wanted.folder)
    import inpaintd

    assert own_file == inpaintd.__file__
    assert environments.site_packages_of(tmp_path) in Path(torch_file).parents
    assert [p.name for p in wanted.folder.parent.iterdir() if p.is_dir()] == [wanted.folder.name]


def test_an_update_replaces_the_old_environment_only_when_it_works(
    tmp_path: Path, index: Path
) -> None:
    first = make(tmp_path)
    write_wheels(index, version="2.14.0", broken=True)
    with pytest.raises(InpaintError, match="no kernel image is available") as caught:
        make(tmp_path)
    assert "what worked before still does" in caught.value.message
    assert environments.in_use(tmp_path) == first
    assert Path(environments.worker_python(tmp_path)).exists()
    write_wheels(index, version="2.14.1")
    second = make(tmp_path)
    assert second.torch == "2.14.1"
    left = [p.name for p in (tmp_path / "environments").iterdir() if p.is_dir()]
    assert left == [second.folder]


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"free_bytes": 1 << 30}, "unwritable", "are free"),
        ({"requirements": ("no-such-library",)}, "unsupported", "cannot be installed"),
        ({"requirements": ("no-such-library",)}, "unreachable", "cannot be reached"),
    ],
)
def test_a_set_up_that_fails_leaves_nothing_and_says_why(
    changes: dict[str, object],
    code: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if code == "unreachable":
        monkeypatch.delenv("UV_NO_INDEX")
        monkeypatch.delenv("UV_OFFLINE")
        monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(InpaintError, match=said) as caught:
        make(tmp_path, **changes)
    assert caught.value.code == code
    assert environments.in_use(tmp_path) is None
    left = [p.name for p in tmp_path.glob("environments/*") if not p.name.startswith(".")]
    assert left == []


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    wanted = plan(tmp_path, FakeMachine(), backend="as-indexed", requirements=LIBRARIES)
    with pytest.raises(InpaintError) as caught:
        set_up(tmp_path, wanted, lambda *_: None, should_cancel=_always)
    assert caught.value.code in ("cancelled", "unsupported")
    assert environments.in_use(tmp_path) is None


def _always() -> bool:
    return True


def test_an_environment_of_another_python_is_not_used_and_said(tmp_path: Path) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    other = environments.Environment("cu130-1", "cu130", "cuda", "2.13.0", "3.8")
    environments.use(tmp_path, other)
    assert "is gone" in environments.mismatch(tmp_path)
    python = places.interpreter(folder / "cu130-1")
    python.parent.mkdir(parents=True)
    python.touch()
    assert "is of Python 3.8" in environments.mismatch(tmp_path)
    assert environments.worker_python(tmp_path) == sys.executable
    assert notices(tmp_path, Card(""))[0].code == "setup_mismatch"


def test_a_card_that_torch_cannot_use_is_said_with_the_command(tmp_path: Path, index: Path) -> None:
    make(tmp_path)
    [notice] = notices(tmp_path, CARD)
    assert notice.code == "card_unused"
    assert "RTX 4070, driver 581.29" in notice.message
    assert "inpaintd setup" in notice.remedy
    write_wheels(index, version="2.15.0", cuda="13.0")
    make(tmp_path)
    assert notices(tmp_path, CARD) == ()
    assert notices(tmp_path, Card("")) == ()


def test_a_plan_says_what_uv_is_asked(tmp_path: Path) -> None:
    wanted = plan(tmp_path, FakeMachine("linux", "x86_64", programs=SMI))
    assert wanted.backend.name == "cu130"
    assert wanted.commands[1][4:6] == ["--torch-backend", "cu130"]
    assert set(diffusion_requirements()) <= set(wanted.commands[1])
    assert any(requirement.startswith("torch") for requirement in diffusion_requirements())
    apple = plan(tmp_path, FakeMachine("darwin", "arm64"))
    assert "--torch-backend" not in apple.commands[1]


def test_a_dry_run_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path / "home"))
    ran = Run(capsys)("setup", "--dry-run", "--backend", "cu130", "--json")
    assert ran.code == 0
    assert ran.json["backend"] == "cu130"
    assert not (tmp_path / "home").exists()
