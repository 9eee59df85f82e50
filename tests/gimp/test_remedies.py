"""Errors that a button in GIMP clears away: which button, and what it runs."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from inpaintd_protocol.errors import InpaintError

PLUG_IN = Path(__file__).parents[2] / "plugins" / "gimp" / "inpaint"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script of the shell")


class Remedies:
    """The plug-in's module, whose offers are all accepted, and what was run then."""

    def __init__(self, module: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mend = module.mend
        self.in_gimp = module.in_gimp
        self.offered: list[str] = []
        self._ran = folder / "ran"
        program = folder / "python"
        program.write_text(f'#!/bin/sh\necho "$@" >>{self._ran}\n')
        program.chmod(0o755)
        launch = folder / "launch.json"
        launch.write_text(json.dumps({"command": [str(program), "serve"]}))
        monkeypatch.setattr("inpaint_plugin.daemon.LAUNCH_FILE", launch)
        monkeypatch.setattr(module, "_offer", self._accept)

    @property
    def ran(self) -> list[str]:
        return self._ran.read_text().splitlines() if self._ran.exists() else []

    def _accept(self, title: str, _text: str, _button: str, work: Any) -> None:
        self.offered.append(title)
        work(lambda *_: None, lambda: False)


@pytest.fixture
def remedies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remedies:
    monkeypatch.syspath_prepend(str(PLUG_IN))
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path / "home"))
    module = importlib.import_module("inpaint_plugin.remedies")
    return Remedies(module, tmp_path, monkeypatch)


def an_archive(monkeypatch: pytest.MonkeyPatch, *, newer: bool) -> list[str]:
    """Have the plug-in come as an archive; returns what it sets up."""
    done: list[str] = []
    archive = SimpleNamespace(
        is_possible=lambda: True,
        is_needed=lambda: newer,
        set_up=lambda *_: done.append("set up"),
    )
    monkeypatch.setattr(sys.modules["inpaint_plugin.remedies"], "set_up", archive)
    return done


SKEW = InpaintError("wrong_version", "The inpaint daemon speaks protocol 2.0, this program 1.2.")


def test_a_plug_in_older_than_the_daemon_is_replaced(remedies: Remedies) -> None:
    with pytest.raises(InpaintError, match="Repeat the command"):
        remedies.mend(SKEW)
    assert remedies.offered == ["Update inpaintd"]
    assert remedies.ran == [f"install gimp --dir {PLUG_IN.parent}", "stop --force"]


def test_an_archive_newer_than_the_daemon_is_set_up(
    remedies: Remedies, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = an_archive(monkeypatch, newer=True)
    assert remedies.mend(SKEW)
    assert done == ["set up"]


def test_a_daemon_of_another_installation_gives_way_to_the_archive(
    remedies: Remedies, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_archive(monkeypatch, newer=False)
    assert remedies.mend(SKEW)
    assert remedies.ran == ["stop --force"]


def test_a_daemon_that_does_not_answer_is_restarted(remedies: Remedies) -> None:
    assert remedies.mend(InpaintError("timed_out", "No sign of life."))
    assert remedies.ran == ["stop --force"]


def test_what_was_set_up_and_cannot_start_is_set_up_anew(
    remedies: Remedies, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = InpaintError("not_running", "It could not be started.")
    assert not remedies.mend(dead), "without an archive there is nothing to set up from"
    done = an_archive(monkeypatch, newer=False)
    assert remedies.mend(dead)
    assert done == ["set up"]


def test_hints_lead_to_menus_instead_of_a_terminal(remedies: Remedies) -> None:
    missing = InpaintError("model_missing", "It is not installed.", "Run: inpaintd models install")
    assert remedies.in_gimp(missing).endswith("Filters > Inpaint > Models.")
    other = InpaintError("empty_mask", "Nothing is selected.", "Select something.")
    assert remedies.in_gimp(other) == str(other)
