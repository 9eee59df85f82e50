"""Windows' own functions for processes, by ctypes: job objects, and waiting for a process.

Source of each rule: learn.microsoft.com/windows/win32/procthread/job-objects, and the page of each
function in /windows/win32/api/jobapi2, processthreadsapi and synchapi.
"""

from __future__ import annotations

import ctypes
from typing import Any

_EXTENDED_LIMIT_INFORMATION = 9  # JOBOBJECTINFOCLASS
LIMIT_PROCESS_MEMORY = 0x00000100
LIMIT_KILL_ON_JOB_CLOSE = 0x00002000
SYNCHRONIZE = 0x00100000
_INFINITE = 0xFFFFFFFF
_WAIT_OBJECT_0 = 0


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", ctypes.c_uint32),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", ctypes.c_uint32),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", ctypes.c_uint32),
        ("SchedulingClass", ctypes.c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("Basic", BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),  # IO_COUNTERS
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


class Job:
    """A job object. Processes in it obey its limits; it lasts for as long as this object.

    Args:
        kernel: kernel32.

    Raises:
        OSError: Windows refuses.
    """

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._handle = kernel.CreateJobObjectW(None, None)
        if not self._handle:
            raise _failure(kernel, "CreateJobObject")

    def limit(self, flags: int, *, process_bytes: int = 0) -> None:
        """Set the limits, instead of the former ones.

        Args:
            flags: LIMIT_... of this module.
            process_bytes: committed memory of each process, with `LIMIT_PROCESS_MEMORY`.
        """
        limits = ExtendedLimits()
        limits.Basic.LimitFlags = flags
        limits.ProcessMemoryLimit = process_bytes
        size = ctypes.sizeof(limits)
        if not self._kernel.SetInformationJobObject(
            self._handle, _EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), size
        ):
            raise _failure(self._kernel, "SetInformationJobObject")

    def take(self, process: int) -> None:
        """Put a process into the job, by its handle. From Windows 8 on, jobs may be nested."""
        if not self._kernel.AssignProcessToJobObject(self._handle, process):
            raise _failure(self._kernel, "AssignProcessToJobObject")

    def take_this(self) -> None:
        """Put this process into the job."""
        self.take(self._kernel.GetCurrentProcess())


def wait_for(kernel: Any, pid: int) -> bool:
    """Wait until a process has ended; False when it cannot be waited for.

    A process that is gone already has no handle to be had (ERROR_INVALID_PARAMETER), which counts
    as ended.
    """
    handle = kernel.OpenProcess(SYNCHRONIZE, False, pid)
    if not handle:
        return bool(kernel.GetLastError() == 87)
    try:
        return bool(kernel.WaitForSingleObject(handle, _INFINITE) == _WAIT_OBJECT_0)
    finally:
        kernel.CloseHandle(handle)


def kernel32() -> Any:
    """Windows' kernel32, with the types that keep handles whole on 64 bits.

    Raises:
        OSError: this is not Windows.
    """
    loader = getattr(ctypes, "WinDLL", None)
    if loader is None:
        raise OSError("kernel32 is a part of Windows")
    kernel = loader("kernel32", use_last_error=True)
    handle, number, flag = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int
    for function, result, arguments in (
        ("CreateJobObjectW", handle, (ctypes.c_void_p, ctypes.c_wchar_p)),
        ("SetInformationJobObject", flag, (handle, ctypes.c_int, ctypes.c_void_p, number)),
        ("AssignProcessToJobObject", flag, (handle, handle)),
        ("GetCurrentProcess", handle, ()),
        ("OpenProcess", handle, (number, flag, number)),
        ("WaitForSingleObject", number, (handle, number)),
        ("CloseHandle", flag, (handle,)),
        ("GetLastError", number, ()),
    ):
        entry = getattr(kernel, function)
        entry.restype, entry.argtypes = result, arguments
    return kernel


def _failure(kernel: Any, function: str) -> OSError:
    return OSError(f"{function} failed with error {kernel.GetLastError()}")
