"""The table of formats names what is there, and everything that depends on formats follows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from inpaintd.files.formats import FORMATS, SUFFIXES, format_of, function, readable
from inpaintd.files.formats.kinds import formats_hint
from inpaintd.hotfolder import drops
from tests.running import ROOT


def test_every_function_that_a_row_names_is_there() -> None:
    for row in FORMATS:
        assert callable(function(row.read))
        for name in filter(None, (row.save, row.add_layers)):
            assert callable(function(name))


def test_no_suffix_stands_for_two_formats() -> None:
    suffixes = [suffix for row in FORMATS for suffix in row.suffixes]
    assert len(suffixes) == len(SUFFIXES)
    assert all(s == s.lower() and s.startswith(".") for s in suffixes)


@pytest.mark.parametrize("name", ["A.PNG", "b.c.TiFf", "d.psb"])
def test_capitals_do_not_matter(name: str) -> None:
    row = format_of(Path(name))
    assert row is not None
    assert Path(name).suffix.lower() in row.suffixes


def test_hints_and_the_hot_folder_know_all_of_them() -> None:
    assert readable() in formats_hint()
    assert drops.SUFFIXES is SUFFIXES


def test_the_manual_names_all_of_them() -> None:
    manual = (ROOT / "docs/hot-folder.md").read_text()
    for row in FORMATS:
        assert row.title.split(" ")[0] in manual or row.name.upper() in manual, row.title
