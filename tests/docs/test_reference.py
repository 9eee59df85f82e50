"""The pages of the reference that are written by hand name everything that there is."""

from __future__ import annotations

import re

from inpaintd.engines.catalogue import SCHEDULERS
from inpaintd_protocol.settings import settings_fields
from tests.running import ROOT

CHOICES = (ROOT / "docs" / "reference" / "choices.md").read_text("utf-8")
NAMED = set(re.findall(r"`([a-z0-9_-]+)`", CHOICES))


def test_every_choice_of_a_setting_is_explained() -> None:
    choices = {choice for field in settings_fields() for choice in field.metadata["choices"] or ()}
    assert choices - NAMED == set()


def test_every_scheduler_is_explained() -> None:
    assert set(SCHEDULERS) - NAMED == set()


def test_the_pictures_take_less_than_five_megabytes() -> None:
    files = [path for path in (ROOT / "docs").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 5_000_000
