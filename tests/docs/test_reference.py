"""The pages of the reference that are written by hand name everything that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inpaintd.engines.catalogue import SCHEDULERS
from inpaintd_protocol.settings import settings_fields
from tests.running import ROOT

CHOICES = (ROOT / "docs" / "reference" / "choices.md").read_text("utf-8")
DEVELOPERS = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "developers").glob("*.md"))]
PLACES = [
    f"/{path.relative_to(ROOT).as_posix()}{'/' if path.is_dir() else ''}"
    for folder in ("daemon", "plugins", "protocol", "scripts", "tests", "bench", "docs")
    for path in [ROOT / folder, *(ROOT / folder).rglob("*")]
] + [f"/{path.name}" for path in ROOT.iterdir()]
NAMED = set(re.findall(r"`([a-z0-9_-]+)`", CHOICES))


def test_every_choice_of_a_setting_is_explained() -> None:
    choices = {choice for field in settings_fields() for choice in field.metadata["choices"] or ()}
    assert choices - NAMED == set()


def test_every_scheduler_is_explained() -> None:
    assert set(SCHEDULERS) - NAMED == set()


def test_the_pictures_take_less_than_five_megabytes() -> None:
    files = [path for path in (ROOT / "docs").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 5_000_000


@pytest.mark.parametrize("page", DEVELOPERS, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    named = set(re.findall(r"`(\w[\w/]*/[\w/]*|\w[\w/]*\.(?:py|toml|md|sh|js))`", text))
    missing = [name for name in named if not any(f"/{name}" in place for place in PLACES)]
    assert missing == [], "rename them on the page as well"
