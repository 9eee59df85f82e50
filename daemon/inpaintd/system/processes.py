"""Starting processes, ending them, and why they ended."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import kind

_OOM_SCORE = Path("/proc/self/oom_score_adj")
_VMSTAT = Path("/proc/vmstat")

# Process creation flags: learn.microsoft.com/windows/win32/procthread/process-creation-flags
_CREATE_NEW_PROCESS_GROUP = 0x00000200
_CREATE_NO_WINDOW = 0x08000000


def windowless() -> dict[str, Any]:
    """The arguments of `Popen` with which a child opens no console window on Windows."""
    return {"creationflags": _CREATE_NO_WINDOW} if kind.is_windows() else {}


def detached() -> dict[str, Any]:
    """The arguments of `Popen` with which a child outlives this process and its terminal."""
    if not kind.is_windows():
        return {"start_new_session": True}
    # Not DETACHED_PROCESS: without a hidden console, each worker would open a visible one.
    return {"creationflags": _CREATE_NO_WINDOW | _CREATE_NEW_PROCESS_GROUP}


def kill(pid: int) -> None:
    """End a process at once.

    Raises:
        ProcessLookupError: there is none.
        OSError: this user may not.
    """
    # On Windows any signal ends a process at once, and SIGKILL is not defined.
    os.kill(pid, signal.SIGTERM if kind.is_windows() else signal.SIGKILL)


def describe_exit(code: int, memory_kills: int | None = None) -> str:
    """Explain, in a clause without a full stop, the end of a process that nobody here ended.

    Args:
        code: as in `Popen.returncode`: negative for a signal.
        memory_kills: number of processes that the system has ended meanwhile for lack of memory;
            None where unknown.
    """
    if code >= 0:
        return f"its exit code was {code}" if code < 1 << 31 else f"it crashed ({code:#010x})"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name != "SIGKILL":
        return f"it was ended by {name}"
    if memory_kills:
        return "the system ended it, because memory ran out"
    return "it was ended by SIGKILL, most likely by the system, because memory ran out"


def memory_kills_so_far() -> int | None:
    """The number of processes Linux has killed for lack of memory since boot; None elsewhere."""
    with suppress(OSError, ValueError):
        for line in _VMSTAT.read_text("ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None


def offer_first_to_be_killed(score: int = 700) -> None:
    """Have Linux kill this process before the editor or the desktop when memory runs out.

    Args:
        score: 0 to 1000; the highest goes first.
    """
    with suppress(OSError):
        _OOM_SCORE.write_text(str(score), "ascii")
