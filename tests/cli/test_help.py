"""Every command can explain itself."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from inpaintd.cli import _COMMANDS, group


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_help(name: str) -> None:
    done = CliRunner().invoke(group, [name, "--help"])
    assert done.exit_code == 0, done.exception
    assert done.output.lower().startswith("usage: ")
