"""A child process ends with its parent, even if one of them hangs in native code or is killed.

The rules: prctl(2), PR_SET_PDEATHSIG, on Linux; kqueue(2), EVFILT_PROC with NOTE_EXIT, on macOS; on
Windows a job object with JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, and waiting for the parent's handle.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from contextlib import suppress
from typing import Any

from . import kind, win32

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 1.0

_jobs: list[win32.Job] = []
"""The job of this process's children. Kept: Windows ends them when its last handle is closed."""


def end_with(parent: int) -> None:
    """End this process once its parent is gone.

    Args:
        parent: the parent's process ID. If it has ended already, so does this process.
    """
    if kind.is_linux():
        _end_by_signal(parent)
    else:
        watch = _wait_on_windows if kind.is_windows() else _wait_by_kqueue
        thread = threading.Thread(target=_outlive, args=(watch, parent), daemon=True)
        thread.start()


def end_with_this(process: subprocess.Popen[bytes]) -> None:
    """Have Windows end a child with this process; elsewhere the child sees to it by `end_with`."""
    if not kind.is_windows():
        return
    with suppress(OSError):  # it then ends by `end_with`, unless it hangs in native code
        if not _jobs:
            job = win32.Job(win32.kernel32())
            job.limit(win32.LIMIT_KILL_ON_JOB_CLOSE)
            _jobs.append(job)
        _jobs[0].take(int(getattr(process, "_handle")))  # noqa: B009 - known on Windows alone


def _end_by_signal(parent: int) -> None:
    with suppress(ImportError, OSError, AttributeError):
        import ctypes  # imported late: not every worker needs it

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent ended before the call took effect
        os._exit(0)


def _outlive(watch: Any, parent: int) -> None:
    """Wait for the parent's end by `watch`, or by asking once a second where that fails."""
    with suppress(OSError):
        if watch(parent):
            os._exit(0)
    if kind.is_windows():
        return  # an environment's python.exe starts another one, so the parent is not the daemon
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os._exit(0)


def _wait_by_kqueue(parent: int) -> bool:
    queue = getattr(select, "kqueue")()  # noqa: B009 - of macOS and BSD alone
    try:
        flags = getattr(select, "KQ_EV_ADD") | getattr(select, "KQ_EV_ONESHOT")  # noqa: B009
        event = getattr(select, "kevent")(  # noqa: B009
            parent,
            filter=getattr(select, "KQ_FILTER_PROC"),  # noqa: B009
            flags=flags,
            fflags=getattr(select, "KQ_NOTE_EXIT"),  # noqa: B009
        )
        try:
            return bool(queue.control([event], 1, None))
        except ProcessLookupError:
            return True  # it has ended already
    finally:
        queue.close()


def _wait_on_windows(parent: int) -> bool:
    return win32.wait_for(win32.kernel32(), parent)
