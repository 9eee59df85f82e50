"""One Ray actor against two and four on this machine: python bench/cluster.py [PICTURES]

The same holes through daemons with one, two and four workers on the cluster, in turn:

- processor: the built-in engine on one thread. Only free processors make it faster, so what the
  machine can give at that moment is measured beside it: two busy loops at once, against one.
- elsewhere: an engine that waits for half a second, as for a GPU. What daemon and Ray cost shows
  here, and how many actors they can keep busy.

"at work" is the share of the actors' time that was spent in the engine.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from skimage import data

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.hotfolder import parallel_gain
from tests.running import Daemon, running_daemon
from tests.workers.ray_cluster import running_cluster

from inpaintd_protocol.client import Client
from inpaintd_protocol.messages import Failed, Finished, Inpaint
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings

SIDE, HOLE = 512, 160
START = (SIDE - HOLE) // 2
ACTORS = (1, 2, 4)
KINDS = {"processor": "patches", "elsewhere": "brisk"}
ROUNDS = 3
MODELS = '[brisk]\ntitle = "brisk"\nengine = "tests.synthetic_engines:brisk"\n'


@dataclass
class Run:
    """A number of pictures, filled."""

    actors: int
    per_minute: float
    at_work: float


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    os.environ["NUMBA_NUM_THREADS"] = "1"  # as on a machine with an actor on each processor
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        home = Path(folder) / "home-1"
        cluster = stack.enter_context(running_cluster(home, processors=sum(ACTORS)))
        daemons = {}
        for actors in ACTORS:
            command = cluster.serve("--workers", str(actors))
            own = Path(folder) / f"home-{actors}"
            daemons[actors] = stack.enter_context(
                running_daemon(own, command=command, models=MODELS)
            )
        for actors, daemon in daemons.items():
            run(daemon, actors, "patches", 2 * actors)  # actors start and compile
        gains = [parallel_gain()]
        for kind, model in KINDS.items():
            best: dict[int, Run] = {}
            for _ in range(ROUNDS):
                for actors, daemon in daemons.items():
                    found = run(daemon, actors, model, count)
                    if actors not in best or found.per_minute > best[actors].per_minute:
                        best[actors] = found
                gains.append(parallel_gain())
            for actors, found in best.items():
                gain = found.per_minute / best[1].per_minute
                print(
                    f"{kind:<10} {actors} actors {found.per_minute:7.1f} pictures a minute, "
                    f"x {gain:.2f}; at work {found.at_work:.0%}"
                )
    print(f"two busy loops at once / one  {max(gains):.2f}   (2: both cores are free)")
    print(f"processes that wanted a processor: {os.getloadavg()[0]:.1f} on {os.cpu_count()}")


def run(daemon: Daemon, actors: int, model: str, count: int) -> Run:
    with daemon.connect() as client:
        started = time.perf_counter()
        for number in range(count):
            client.submit(_request(f"{time.monotonic_ns()}-{number}", model))
        engine_seconds = sum(_one_end(client).engine_seconds for _ in range(count))
        seconds = time.perf_counter() - started
    return Run(actors, 60 * count / seconds, engine_seconds / seconds / actors)


def _one_end(client: Client) -> Finished:
    while not isinstance(message := client.poll(120), Finished):
        assert message is not None
        assert not isinstance(message, Failed), message
    return message


def _request(request_id: str, model: str) -> Inpaint:
    pixels = np.full((SIDE, SIDE, 4), 255, np.uint8)
    pixels[..., :3] = data.astronaut()
    pixels[START : START + HOLE, START : START + HOLE, 3] = 0
    layer = Plane(SIDE, SIDE, 4, "u8", pixels.tobytes())
    return Inpaint(request_id, layer, Settings(model=model, seed=1))


if __name__ == "__main__":
    main()
