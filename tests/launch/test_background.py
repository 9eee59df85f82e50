"""Behaviour that only another system than this one can show."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest

from inpaintd.launch import background

CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS = 0x08000000, 0x200, 0x8


def test_a_daemon_on_windows_has_a_console_that_nobody_sees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its workers use it, too. Detached, it would have none, and each worker would open one."""
    for name in ("CREATE_NO_WINDOW", "CREATE_NEW_PROCESS_GROUP", "DETACHED_PROCESS"):
        monkeypatch.setattr(subprocess, name, globals()[name], raising=False)
    monkeypatch.setattr(background, "os", SimpleNamespace(name="nt"))
    flags = background._detached()["creationflags"]
    assert flags & CREATE_NO_WINDOW
    assert not flags & DETACHED_PROCESS  # which would make the other one count for nothing
