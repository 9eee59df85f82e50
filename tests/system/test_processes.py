"""Flags, ends and reasons, on each system."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from inpaintd.system import processes
from tests.system.conftest import SYSTEMS, Enter


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_child_opens_no_console(system: str, enter: Enter) -> None:
    enter(system)
    expected = {"creationflags": 0x08000000} if system == "win32" else {}
    assert processes.windowless() == expected


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_detached_child_has_no_terminal_and_no_ctrl_c(system: str, enter: Enter) -> None:
    enter(system)
    expected = {"creationflags": 0x08000200} if system == "win32" else {"start_new_session": True}
    assert processes.detached() == expected


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_process_is_ended_by_the_strongest_signal_there_is(
    system: str, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    if system == "win32":  # Python does not define it there
        monkeypatch.delattr(signal, "SIGKILL")
    enter(system)
    processes.kill(4711)
    assert sent == [(4711, 15 if system == "win32" else 9)]


@pytest.mark.parametrize(
    ("code", "kills", "expected"),
    [
        (1, None, "its exit code was 1"),
        (0xC0000005, None, "it crashed (0xc0000005)"),  # Windows: access violation
        (-11, None, "it was ended by SIGSEGV"),
        (-9, None, "ended by SIGKILL, most likely by the system"),
        (-9, 0, "ended by SIGKILL, most likely by the system"),
        (-9, 2, "the system ended it, because memory ran out"),
        (-200, None, "it was ended by signal 200"),
    ],
)
def test_an_end_is_explained(code: int, kills: int | None, expected: str) -> None:
    assert expected in processes.describe_exit(code, kills)


def test_kills_for_lack_of_memory_are_counted_where_the_system_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = tmp_path / "vmstat"
    counts.write_text("nr_free_pages 4\noom_kill 3\n")
    monkeypatch.setattr(processes, "_VMSTAT", counts)
    assert processes.memory_kills_so_far() == 3
    counts.write_text("oom_kill many\n")
    assert processes.memory_kills_so_far() is None
    counts.unlink()
    assert processes.memory_kills_so_far() is None


def test_being_killed_first_is_offered_where_the_system_takes_offers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = tmp_path / "oom_score_adj"
    monkeypatch.setattr(processes, "_OOM_SCORE", score)
    processes.offer_first_to_be_killed(1000)
    assert score.read_text() == "1000"
    monkeypatch.setattr(processes, "_OOM_SCORE", tmp_path / "none" / "oom_score_adj")
    processes.offer_first_to_be_killed()
