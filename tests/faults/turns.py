"""A daemon that measures its loop: python -m tests.faults.turns REPORT serve [OPTIONS]

On a busy machine the time until an answer says how long the daemon waited for a processor. What the
daemon itself adds is the CPU time of its loop's turns, and waits of its own accord: for locks,
disks and other processes.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import zmq

from inpaintd.cli import main as inpaintd

if sys.platform == "linux":
    import resource


@dataclass
class Turns:
    """Figures of a daemon's run, from the end of one poll to the start of the next."""

    count: int
    p99_cpu_seconds: float
    longest_cpu_seconds: float
    longest_wait_seconds: float
    """Of the turns that nobody else interrupted, the longest, by the clock on the wall."""


def main() -> None:
    report = Path(sys.argv[1])
    cpu: list[float] = []
    waits: list[float] = [0.0]
    began: tuple[float, float, int] | None = None
    poll = zmq.Poller.poll

    def measured_poll(self: zmq.Poller, timeout: float | None = None) -> list[tuple[object, int]]:
        nonlocal began
        if began is not None:
            cpu.append(time.thread_time() - began[0])
            if _interruptions() == began[2]:
                waits.append(time.perf_counter() - began[1])
        ready = poll(self, timeout)
        began = time.thread_time(), time.perf_counter(), _interruptions()
        return ready

    zmq.Poller.poll = measured_poll
    try:
        inpaintd(sys.argv[2:])
    finally:
        cpu.sort()
        found = Turns(len(cpu), cpu[len(cpu) * 99 // 100], cpu[-1], max(waits))
        report.write_text(json.dumps(asdict(found)))


def _interruptions() -> int:
    """Times another program was given this thread's processor."""
    if sys.platform == "linux":
        return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw
    return 0


if __name__ == "__main__":
    main()
