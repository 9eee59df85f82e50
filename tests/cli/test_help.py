"""Every command can explain itself."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from inpaintd.cli import _COMMANDS, group


def test_help_is_short_until_asked_for_all() -> None:
    short, whole = (
        CliRunner().invoke(group, ["fill", option], terminal_width=80).output
        for option in ("--help", "--help-all")
    )
    assert "--lora" not in short
    assert "--help-all" in short
    assert "--lora" in whole
    assert len(short.splitlines()) < 65


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_help(name: str) -> None:
    done = CliRunner().invoke(group, [name, "--help"])
    assert done.exit_code == 0, done.exception
    assert done.output.lower().startswith("usage: ")
