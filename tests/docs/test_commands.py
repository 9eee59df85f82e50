"""Every command that README and guide show is one that the command line understands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from inpaintd.cli import group
from tests.running import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def shown_commands(page: Path) -> Iterator[str]:
    """Commands in blocks of code, lines joined where they go on, without comments and pipes."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if found := re.match(r"(?:    |\$ )?(inpaintd [a-z].*)", line):
            yield re.split(r"\s+#|\s[|>]|\s&&", found[1])[0].strip()
    for line in re.findall(r"`(inpaintd [a-z][^`]*)`", text):
        yield line.strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_is_understood(page: Path) -> None:
    for line in shown_commands(page):
        words = shlex.split(line.replace("[", "").replace("]", ""))
        try:
            _resolve(group, words)
        except click.exceptions.Exit:  # --help
            pass
        except click.UsageError as error:
            # A page may name a command without everything that it needs.
            if isinstance(error, click.NoSuchOption) or "No such command" in error.message:
                pytest.fail(f"{line}: {error.message}")


def _resolve(command: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    with command.make_context(words[0], words[1:], parent=parent) as context:
        rest = [*context._protected_args, *context.args]
        if isinstance(command, click.Group) and rest:
            name, child, _ = command.resolve_command(context, rest)
            assert child is not None
            assert name is not None
            _resolve(child, rest, context)
