"""The reason why a worker process ended, as far as its exit code and the system reveal it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


def describe_exit(code: int, memory_kills: int | None = None) -> str:
    """Explain, in a clause without a full stop, the end of a process that the daemon did not end.

    Args:
        code: as in `Popen.returncode`: negative for a signal.
        memory_kills: number of processes that the system has ended meanwhile for lack of memory;
            None where unknown.
    """
    if code >= 0:
        return f"its exit code was {code}"
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
        for line in Path("/proc/vmstat").read_text("ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None


def offer_first_to_be_killed() -> None:
    """Have Linux kill this process before the editor or the desktop when memory runs out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("700", "ascii")


def end_with(parent: int) -> None:
    """Have Linux end this process once its parent is gone, even if it hangs in native code."""
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before the call took effect
            os._exit(0)
