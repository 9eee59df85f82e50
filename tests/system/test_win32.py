"""Job objects and waiting, against functions as strict as Windows'."""

from __future__ import annotations

import ctypes
import sys

import pytest

from inpaintd.system import win32
from tests.system.fake_windows import (
    ERROR_ACCESS_DENIED,
    FLAGS_AT,
    PROCESS_MEMORY_AT,
    SIZE,
    THIS_PROCESS,
    FakeKernel,
)


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="64 bits")
def test_the_layout_is_that_of_winnt_h() -> None:
    assert ctypes.sizeof(win32.BasicLimits) == 64
    assert ctypes.sizeof(win32.ExtendedLimits) == SIZE
    assert win32.BasicLimits.LimitFlags.offset == FLAGS_AT
    assert win32.ExtendedLimits.ProcessMemoryLimit.offset == PROCESS_MEMORY_AT


def test_a_job_has_the_limits_that_were_set_last() -> None:
    kernel = FakeKernel()
    job = win32.Job(kernel)
    job.limit(win32.LIMIT_KILL_ON_JOB_CLOSE)
    job.limit(win32.LIMIT_PROCESS_MEMORY, process_bytes=5 << 30)
    job.take_this()
    assert list(kernel.jobs.values()) == [
        {"flags": 0x100, "bytes": 5 << 30, "taken": [THIS_PROCESS]}
    ]


@pytest.mark.parametrize(
    "function", ["CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"]
)
def test_what_windows_refuses_is_an_error_with_its_number(function: str) -> None:
    kernel = FakeKernel(refuses={function: ERROR_ACCESS_DENIED})

    def use_a_job() -> None:
        job = win32.Job(kernel)
        job.limit(win32.LIMIT_KILL_ON_JOB_CLOSE)
        job.take_this()

    with pytest.raises(OSError, match=f"{function.removesuffix('W')} failed with error 5"):
        use_a_job()


def test_a_process_that_ends_or_has_ended_is_waited_for() -> None:
    kernel = FakeKernel(processes={77: True})
    assert win32.wait_for(kernel, 77)
    assert not kernel.handles, "its handle is closed again"
    assert win32.wait_for(kernel, 78), "there is no such process any more"


@pytest.mark.parametrize("function", ["OpenProcess", "WaitForSingleObject"])
def test_a_process_that_cannot_be_waited_for_counts_as_running(function: str) -> None:
    kernel = FakeKernel(processes={77: True}, refuses={function: ERROR_ACCESS_DENIED})
    assert not win32.wait_for(kernel, 77)
    assert not kernel.handles


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has it")
def test_elsewhere_there_is_no_kernel32() -> None:
    with pytest.raises(OSError, match="part of Windows"):
        win32.kernel32()


@pytest.mark.skipif(sys.platform != "win32", reason="needs Windows")
def test_windows_itself_takes_a_job() -> None:
    job = win32.Job(win32.kernel32())
    job.limit(win32.LIMIT_PROCESS_MEMORY, process_bytes=1 << 40)
    job.take_this()
