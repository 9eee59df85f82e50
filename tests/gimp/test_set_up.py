"""Set-up on first use, from an archive with uv's real binary and a small stand-in for inpaintd."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from inpaintd.install.uv import find_uv
from inpaintd_protocol.errors import InpaintError

PLUG_IN = Path(__file__).parents[2] / "plugins" / "gimp" / "inpaint"


@pytest.fixture
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The plug-in's module, as if it lay in an unpacked archive."""
    monkeypatch.syspath_prepend(str(PLUG_IN))
    module = importlib.import_module("inpaint_plugin.set_up")
    bundle = tmp_path / "inpaint" / "bundle"
    bundle.mkdir(parents=True)
    monkeypatch.setattr(module, "BUNDLE", bundle)
    name = "uv.exe" if os.name == "nt" else "uv"
    shutil.copyfile(find_uv(), bundle / name)  # without its mode, as some programs unpack it
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path / "home"))
    for variable in ("UV_OFFLINE", "UV_NO_INDEX"):
        monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setattr(module, "_PYTHON", sys.executable)
    return module


def bring(set_up: ModuleType, version: str, *, works: bool = True) -> None:
    """Put the wheel of an inpaintd into the archive, in place of an older one."""
    for old in set_up.BUNDLE.glob("*.whl"):
        old.unlink()
    info = f"inpaintd-{version}.dist-info"
    files = {
        "inpaintd/__init__.py": "",
        "inpaintd/__main__.py": "" if works else "raise SystemExit('it does not run here')",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: inpaintd\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(set_up.BUNDLE / f"inpaintd-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


def run(set_up: ModuleType) -> list[tuple[str, float]]:
    seen: list[tuple[str, float]] = []
    set_up.set_up(lambda what, part: seen.append((what, part)), lambda: False)
    return seen


def command(set_up: ModuleType) -> str:
    return str(json.loads(set_up.set_up_file().read_text())["command"][0])


def test_an_archive_is_set_up_once_and_again_when_it_is_newer(
    set_up: ModuleType, tmp_path: Path
) -> None:
    bring(set_up, "1.0")
    assert set_up.is_needed()
    assert set_up.plan().folder == tmp_path / "home" / "app"
    assert (set_up.plan().version, set_up.plan().present) == ("1.0", "")
    seen = run(set_up)
    assert [part for _, part in seen] == sorted(part for _, part in seen)
    assert seen[-1] == ("Done", 1.0)
    assert not set_up.is_needed()
    first = command(set_up)
    assert Path(first).is_relative_to(tmp_path / "home" / "app" / "1.0-1")
    bring(set_up, "1.1")
    assert set_up.is_needed()
    assert (set_up.plan().version, set_up.plan().present) == ("1.1", "1.0")
    run(set_up)
    assert not Path(first).exists()
    assert Path(command(set_up)).exists()
    kept = {p.name for p in (tmp_path / "home" / "app").iterdir()}
    assert kept <= {"1.1-1", "python", "in-use.json"}


def test_an_older_archive_uses_what_is_set_up(set_up: ModuleType) -> None:
    """As with two GIMPs, of which only one has been updated."""
    bring(set_up, "1.10")
    run(set_up)
    bring(set_up, "1.9")
    assert not set_up.is_needed()
    shutil.rmtree(Path(command(set_up)).parents[1])
    assert set_up.is_needed(), "it cannot be started any more"


def test_an_update_that_does_not_work_leaves_the_old_one(
    set_up: ModuleType, tmp_path: Path
) -> None:
    bring(set_up, "1.0")
    run(set_up)
    first = command(set_up)
    bring(set_up, "1.1", works=False)
    with pytest.raises(InpaintError, match="it does not run here"):
        run(set_up)
    assert command(set_up) == first
    assert Path(first).exists()
    assert not (tmp_path / "home" / "app" / "1.1-1").exists()


def test_a_plug_in_without_an_archive_needs_none(set_up: ModuleType) -> None:
    assert not set_up.is_needed()
    with pytest.raises(InpaintError, match="does not include inpaintd"):
        run(set_up)


def test_cancelling_and_a_full_disk_change_nothing(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(set_up, "1.0")
    with pytest.raises(InpaintError) as caught:
        set_up.set_up(lambda *_: None, lambda: True)
    assert caught.value.code == "cancelled"
    assert not set_up.plan().folder.parent.exists(), "something is left"
    monkeypatch.setattr(set_up, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(InpaintError, match="GB are free"):
        run(set_up)
    assert set_up.is_needed()


def test_an_archive_of_another_system_is_said(set_up: ModuleType) -> None:
    bring(set_up, "1.0")
    for binary in set_up.BUNDLE.glob("uv*"):
        binary.write_bytes(b"MZ of another system")
    with pytest.raises(InpaintError) as caught:
        run(set_up)
    assert caught.value.code == "unsupported"
