import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inpaintd.engines.catalogue import compiled_marker
from inpaintd.engines.patches import ahead
from inpaintd.launch.compiling import compile_ahead


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been started."""
    started: list[list[str]] = []

    class Started:
        def __init__(self, command: list[str], **_: Any) -> None:
            started.append(command)

        def wait(self) -> int:
            return 0

    monkeypatch.setattr(subprocess, "Popen", Started)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    return started


def test_loops_are_compiled_once_for_each_home(tmp_path: Path, commands: list[list[str]]) -> None:
    home = tmp_path / "home"
    compile_ahead(home)
    assert commands == [[sys.executable, "-m", ahead.__name__, str(home)]]
    ahead.main(home)
    assert compiled_marker(home).is_file()
    compile_ahead(home)
    assert len(commands) == 1


def test_a_home_that_cannot_be_made_is_left_to_the_first_fill(
    tmp_path: Path, commands: list[list[str]]
) -> None:
    (tmp_path / "file").touch()
    compile_ahead(tmp_path / "file" / "home")
    assert not commands
