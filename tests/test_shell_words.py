"""Printed commands: pasted into a shell, a file's name stays a file's name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from inpaintd.shell_words import command, quoted

NASTY = [
    "$(touch X).ckpt",
    "`touch X`.ckpt",
    "a b.ckpt",
    "it's.ckpt",
    'say "hi".ckpt',
    "x; touch X",
    "x & touch X",
    "x | touch X",
    "$HOME",
    "*",
    "~",
    "-n",
    "!!",
    "",
]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("word", NASTY)
def test_a_posix_shell_passes_the_word_on_and_runs_nothing(word: str, tmp_path: Path) -> None:
    line = f"printf '%s' {command(word, system='linux')}"
    done = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == word
    assert not (tmp_path / "X").exists()


@pytest.mark.parametrize(
    ("word", "printed"),
    [
        (r"C:\models\sd.safetensors", r"C:\models\sd.safetensors"),
        (r"C:\my models\sd (1).safetensors", '"C:\\my models\\sd (1).safetensors"'),
        ("it's & co.ckpt", '"it\'s & co.ckpt"'),
        ("modèle.ckpt", "modèle.ckpt"),
        # Neither cmd nor PowerShell leaves these alone within double quotes.
        ("$(touch X).ckpt", "FILE"),
        ("`calc`.ckpt", "FILE"),
        ("%PATH%.ckpt", "FILE"),
        ("“calc”.ckpt", "FILE"),
        ("C:\\a folder\\", "FILE"),
    ],
)
def test_on_windows_a_name_that_no_quoting_makes_safe_is_not_printed(
    word: str, printed: str
) -> None:
    assert command(word, system="win32") == printed


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("word", ["a\nrm -rf x", "\x1b]0;title\x07", "a\x7fb"])
def test_control_characters_never_reach_the_terminal(word: str, system: str) -> None:
    assert quoted(word, system=system) == "FILE"
    assert quoted(word, placeholder="NAME", system=system) == "NAME"
