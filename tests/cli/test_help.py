"""Every command can explain itself."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from inpaintd.cli import _COMMANDS, group
from inpaintd.cli.examples import EXAMPLES
from inpaintd.engines.catalogue import SCHEDULERS
from inpaintd.setting_names import option_name
from inpaintd_protocol.settings import settings_fields


def test_help_is_short_until_asked_for_all() -> None:
    short, whole = (
        CliRunner().invoke(group, ["fill", option], terminal_width=80).output
        for option in ("--help", "--help-all")
    )
    assert "--lora" not in short
    assert "--help-all" in short
    assert "--lora" in whole
    assert len(short.splitlines()) < 0.7 * len(whole.splitlines())


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_every_command_shows_examples_that_it_understands(name: str) -> None:
    shown = CliRunner().invoke(group, [name, "--help"], terminal_width=200).output
    for line in EXAMPLES[name]:
        assert line in shown
        words = shlex.split(line.removeprefix('eval "$(').removesuffix(')"'))
        assert words[:2] == ["inpaintd", name]
        with group.make_context("inpaintd", words[1:]) as context:
            _, command, rest = group.resolve_command(context, words[1:])
            assert command is not None
            command.make_context(name, rest, parent=context)


def test_the_help_of_all_options_names_what_may_be_chosen() -> None:
    whole = CliRunner().invoke(group, ["fill", "--help-all"], terminal_width=80).output
    words = " ".join(whole.split()).replace("- ", "-")
    assert "KIND is inpaint or tile." in words
    assert "KIND is text-to-image, inpaint or image-to-image." in words
    assert all(name in words for name in SCHEDULERS)
    assert "patchmatch: texture copied from the surroundings." in words


def test_the_first_help_names_the_documents_and_they_are_there() -> None:
    root = Path(__file__).parents[2]
    shown = " ".join(CliRunner().invoke(group, ["--help"]).output.split())
    for name in ("README.md", "protocol/PROTOCOL.md"):
        assert name in shown
        assert (root / name).exists()
    documents = shown.partition("in docs/: ")[2].partition(". The wire")[0]
    top, _, guide = documents.partition(", and guide/ (")
    for name in top.split(", "):
        assert (root / "docs" / f"{name}.md").exists(), name
    for name in guide.rstrip(")").split(", "):
        assert (root / "docs" / "guide" / f"{name}.md").exists(), name


def test_each_setting_is_listed_under_the_heading_of_its_group() -> None:
    groups = {"hole", "paint", "result", "more", "running"}
    for field in settings_fields():
        assert field.metadata["group"] in groups, field.name
    shown = CliRunner().invoke(group, ["fill", "--help-all"], terminal_width=80).output
    hole = shown.partition("Picture and hole:")[2].partition("What to paint:")[0]
    for field in settings_fields():
        listed = option_name(field.name) in hole.split()
        if field.metadata["group"] != "hole":
            assert not listed, field.name


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_help(name: str) -> None:
    done = CliRunner().invoke(group, [name, "--help"])
    assert done.exit_code == 0, done.exception
    assert done.output.lower().startswith("usage: ")
