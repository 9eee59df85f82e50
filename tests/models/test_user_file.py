"""models.toml, changed by several at once and with names of any kind."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from inpaintd.models.registry import load_registry
from inpaintd.models.user_file import add_entry, remove_entry, set_default, unset_default
from inpaintd_protocol.errors import InpaintError

ADD = (
    "import sys; from pathlib import Path; from inpaintd.models.user_file import add_entry\n"
    "for i in range(10): add_entry(Path(sys.argv[1]), f'{sys.argv[2]}-{i}', "
    "{'title': 'T', 'engine': 'telea'})"
)


def test_installs_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", ADD, str(tmp_path), f"writer{n}"]) for n in range(6)
    ]
    assert [writer.wait(120) for writer in writers] == [0] * 6
    entries = load_registry(tmp_path).entries
    assert all(f"writer{n}-{i}" in entries for n in range(6) for i in range(10))


@pytest.mark.parametrize(
    "text", ["a\x7fb", "line\nbreak", 'quo"te', "back\\slash", "\x1b[31m", "é🌻"]
)
def test_any_text_makes_a_valid_file(text: str, tmp_path: Path) -> None:
    add_entry(tmp_path, text, {"title": text, "engine": "telea"})
    assert tomllib.loads((tmp_path / "models.toml").read_text(encoding="utf-8")) == {
        text: {"title": text, "engine": "telea"}
    }


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    add_entry(tmp_path, "one", {"title": "One", "engine": "telea"})
    with pytest.raises(InpaintError, match="There is a model named one already"):
        add_entry(tmp_path, "one", {"title": "Two", "engine": "telea"})


def test_removing_leaves_all_else_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    mine, table = '# mine\ndefault = "b"\n', '["b"]\n# kept\ntitle = "B"\n'
    path.write_text(mine + '[a]\ntitle = "A"\n[a.defaults]\nsteps = 9\n' + table)
    assert remove_entry(tmp_path, "a")
    assert path.read_text() == mine + table
    assert not remove_entry(tmp_path, "a")
    unset_default(tmp_path, "a")
    assert tomllib.loads(path.read_text())["default"] == "b"
    unset_default(tmp_path, "b")
    assert "default" not in tomllib.loads(path.read_text())
    set_default(tmp_path, "telea")
    assert tomllib.loads(path.read_text())["default"] == "telea"
