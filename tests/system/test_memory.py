"""Limits of memory, on each system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from inpaintd.system import memory
from tests.system.conftest import Enter
from tests.system.fake_windows import ERROR_ACCESS_DENIED, THIS_PROCESS, FakeKernel


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_linux_gives_a_process_no_more_than_its_limit() -> None:
    script = (
        "from inpaintd.system.memory import free_in_limits, limit_own_memory\n"
        "limit_own_memory(64 << 20)\n"
        "assert free_in_limits() <= 64 << 20\n"
        "bytearray(16 << 20)\n"
        "try: bytearray(512 << 20)\n"
        "except MemoryError: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "refused"


def test_windows_gives_a_process_no_more_than_its_limit(kernel: FakeKernel) -> None:
    memory.limit_own_memory(1 << 30)
    (job,) = kernel.jobs.values()
    assert (job["flags"], job["taken"]) == (0x100, [THIS_PROCESS])
    assert job["bytes"] > 1 << 30, "what is in use already comes on top"
    first = job["bytes"]
    memory.limit_own_memory(2 << 30)
    assert len(kernel.jobs) == 1, "the limit is changed, not nested"
    assert job["bytes"] > first
    assert job["taken"] == [THIS_PROCESS]


def test_a_limit_that_windows_refuses_hinders_nobody(kernel: FakeKernel) -> None:
    kernel.refuses["AssignProcessToJobObject"] = ERROR_ACCESS_DENIED
    memory.limit_own_memory(1 << 30)


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_have_no_limits_to_keep_within(system: str, enter: Enter) -> None:
    enter(system)
    assert memory.free_in_limits() == memory.NO_LIMIT
    memory.give_back_unused()


def test_macos_enforces_no_limit(enter: Enter) -> None:
    enter("darwin")
    memory.limit_own_memory(1)
    assert len(bytearray(1 << 20)) == 1 << 20


def test_the_resident_size_is_known_without_proc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = memory.resident_bytes()
    monkeypatch.setattr(memory, "_STATM", tmp_path / "statm")
    elsewhere = memory.resident_bytes()
    assert 0.5 < here / elsewhere < 2
