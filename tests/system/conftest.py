"""Each system in turn, whichever this one is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inpaintd.system import kind, lifelines, memory, win32
from tests.system.fake_windows import FakeKernel

SYSTEMS = ("linux", "win32", "darwin")

Enter = Callable[[str], None]


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch) -> Enter:
    """Take this system for another one."""

    def entered(system: str) -> None:
        monkeypatch.setattr(kind, "name", lambda: system)

    return entered


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, enter: Enter) -> FakeKernel:
    """Windows, with its functions for processes."""
    enter("win32")
    fake = FakeKernel()
    monkeypatch.setattr(win32, "kernel32", lambda: fake)
    monkeypatch.setattr(lifelines, "_jobs", [])
    monkeypatch.setattr(memory, "_jobs", [])
    return fake
