"""Costs of the built-in fill: time relative to PyPatchMatch's, and memory per source pixel.

    python bench/fill_cost.py

Times are the best of three in one run, so only their ratio counts. Those of all cores together come
second: on a busy machine they are the surer measure.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

import cv2
import numpy as np
import psutil
import skimage.data

from inpaintd.engine import Array, Task
from inpaintd.engines import patchmatch
from inpaintd.engines.patches.filler import completed
from inpaintd_protocol.settings import Settled

HOLES = (60, 150, 300, 600)
MEMORY_SIDE = 2000


def task(hole_side: int, side: int) -> Task:
    """A round hole in the middle of a portrait of this side."""
    photo = cv2.resize(skimage.data.astronaut(), (side, side), interpolation=cv2.INTER_CUBIC)
    rows, columns = np.mgrid[:side, :side] - side / 2
    mask = (np.hypot(rows, columns) < hole_side / 2).astype(np.float32)
    return Task(photo.astype(np.float32) / 255, mask, 1)


def best_of(count: int, fill: Callable[[], Array]) -> tuple[float, float]:
    """Seconds by the clock, and of all cores together."""
    clock, cores = [], []
    for _ in range(count):
        began, worked = time.perf_counter(), time.process_time()
        fill()
        clock.append(time.perf_counter() - began)
        cores.append(time.process_time() - worked)
    return min(clock), min(cores)


def peak_bytes(work: Task) -> int:
    """Peak memory increase of this process during a fill."""
    process, done, seen = psutil.Process(), threading.Event(), [0]

    def watch() -> None:
        while not done.wait(0.002):
            seen.append(process.memory_info().rss)

    before = process.memory_info().rss
    watching = threading.Thread(target=watch)
    watching.start()
    completed(work, Settled(), lambda *_: None)
    done.set()
    watching.join()
    return max(seen) - before


def main() -> int:
    print(f"{'hole':>8} {'built-in':>10} {'PatchMatch':>11} {'ratio':>7} {'of all cores':>13}")
    completed(task(20, 100), Settled(), lambda *_: None)  # loads the compiled loops
    for hole in HOLES:
        work = task(hole, 3 * hole + 40)
        ours = best_of(3, lambda work=work: completed(work, Settled(), lambda *_: None))
        before = best_of(3, lambda work=work: patchmatch.completed(work))
        print(
            f"{hole:>5} px {ours[0]:>8.2f} s {before[0]:>9.2f} s"
            f" {ours[0] / before[0]:>7.2f} {ours[1] / before[1]:>13.2f}"
        )
    used = peak_bytes(task(600, MEMORY_SIDE))
    print(f"\nmemory of a fill: {used / MEMORY_SIDE**2:.0f} bytes for each pixel it sees")
    return 0


if __name__ == "__main__":
    sys.exit(main())
