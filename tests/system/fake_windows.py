"""Windows' functions for processes, as strict as their documentation.

Source: learn.microsoft.com/windows/win32/api/jobapi2 and /processthreadsapi, /synchapi.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any

THIS_PROCESS = (1 << 64) - 1
"""GetCurrentProcess returns the pseudo handle -1."""

ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER = 5, 6, 87

# The layout on 64 bits, written down here once more: offsets as winnt.h has them.
SIZE, FLAGS_AT, PROCESS_MEMORY_AT = 144, 16, 112


@dataclass
class FakeKernel:
    """kernel32 with jobs and processes.

    Attributes:
        processes: exit state by process ID: True once it has ended.
        refuses: functions that fail, with the error.
        jobs: for each job its flags, its limit of memory in bytes, and the handles in it.
    """

    processes: dict[int, bool] = field(default_factory=dict)
    refuses: dict[str, int] = field(default_factory=dict)
    jobs: dict[int, dict[str, Any]] = field(default_factory=dict)
    handles: dict[int, int] = field(default_factory=dict)
    error: int = 0

    def _fails(self, function: str, error: int = 0) -> bool:
        self.error = self.refuses.get(function, error)
        return bool(self.error)

    def CreateJobObjectW(self, attributes: None, name: None) -> int | None:
        assert attributes is None
        assert name is None, "a name would let other programs open the job"
        if self._fails("CreateJobObjectW"):
            return None
        handle = 0x1000 + 4 * len(self.jobs)
        self.jobs[handle] = {"flags": 0, "bytes": 0, "taken": []}
        return handle

    def SetInformationJobObject(self, job: int, kind: int, information: Any, size: int) -> int:
        if self._fails("SetInformationJobObject", 0 if job in self.jobs else ERROR_INVALID_HANDLE):
            return 0
        if kind != 9 or size != SIZE:
            self.error = ERROR_INVALID_PARAMETER
            return 0
        raw = ctypes.string_at(ctypes.addressof(information._obj), size)
        flags = int.from_bytes(raw[FLAGS_AT : FLAGS_AT + 4], "little")
        limit = int.from_bytes(raw[PROCESS_MEMORY_AT : PROCESS_MEMORY_AT + 8], "little")
        # A flag without its value, or a value without its flag, limits nothing.
        assert bool(flags & 0x100) == bool(limit)
        self.jobs[job] |= {"flags": flags, "bytes": limit}
        return 1

    def AssignProcessToJobObject(self, job: int, process: int) -> int:
        known = job in self.jobs and (process == THIS_PROCESS or process in self.handles)
        if self._fails("AssignProcessToJobObject", 0 if known else ERROR_INVALID_HANDLE):
            return 0
        self.jobs[job]["taken"].append(process)
        return 1

    def GetCurrentProcess(self) -> int:
        return THIS_PROCESS

    def OpenProcess(self, access: int, inherit: bool, pid: int) -> int | None:
        assert access == 0x00100000, "SYNCHRONIZE is all that waiting takes"
        assert inherit is False
        if self._fails("OpenProcess", 0 if pid in self.processes else ERROR_INVALID_PARAMETER):
            return None
        handle = 0x2000 + 4 * len(self.handles)
        self.handles[handle] = pid
        return handle

    def WaitForSingleObject(self, handle: int, milliseconds: int) -> int:
        assert milliseconds == 0xFFFFFFFF
        if self._fails(
            "WaitForSingleObject", 0 if handle in self.handles else ERROR_INVALID_HANDLE
        ):
            return 0xFFFFFFFF
        assert self.processes[self.handles[handle]], "the test would wait for ever"
        return 0

    def CloseHandle(self, handle: int) -> int:
        del self.handles[handle]  # KeyError: closed twice
        return 1

    def GetLastError(self) -> int:
        return self.error
