"""Costs of the daemon: round trips by canvas width, startup time, memory, many clients.

    python bench/daemon.py

Figures are ratios or counts of one run, each beside the bound that the project has set itself.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.running import Daemon, running_daemon

from inpaintd_protocol.client import Client, connect
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Failed, Finished, Inpaint
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

WIDTHS = (512, 2048, 4096, 8192)
HOLE = 200
IDENTITY = Settings(model="identity", seed=1)


def say(what: str, value: str, bound: str) -> None:
    print(f"{what:<58} {value:>16}   ({bound})")


def round_trips(daemon: Daemon) -> None:
    """Time from the client's call of `plan` to receiving the layer, less the engine's own time."""
    for transport in ("zmq", "zmtp"):
        with daemon.connect(transport=transport) as client:
            times: dict[int, list[float]] = {width: [] for width in WIDTHS}
            for _ in range(40):
                for width in WIDTHS:  # in turn, so that a busy moment slows all alike
                    times[width].append(_round_trip(client, width))
        medians = [statistics.median(times[width]) * 1000 for width in WIDTHS]
        label = f"{HOLE} px hole, {transport}, canvas {', '.join(map(str, WIDTHS))}"
        say(label, " ".join(f"{m:.1f}" for m in medians) + " ms", "<= 15 ms each")
        say("  largest / smallest", f"{max(medians) / min(medians):.2f}", "<= 1.2")


def _round_trip(client: Client, width: int) -> float:
    # An editor hands over the rows of the rectangle; the rest of the canvas stays where it is.
    canvas = memoryview(bytes(width * width * 4))
    corner = width // 2 - HOLE // 2
    start = time.perf_counter()
    box = client.plan(
        Rectangle(0, 0, width, width), Rectangle(corner, corner, HOLE, HOLE), IDENTITY
    )
    starts = [(y * width + box.x) * 4 for y in range(box.y, box.bottom)]
    pixels = b"".join(canvas[s : s + box.width * 4] for s in starts)
    layer = Plane(box.width, box.height, 4, "u8", pixels)
    mask = Plane(box.width, box.height, 1, "u8", _hole(box, corner))
    answer = client.inpaint(layer, IDENTITY, offset=(box.x, box.y), mask=mask)
    return time.perf_counter() - start - answer.engine_seconds


def _hole(box: Rectangle, corner: int) -> bytes:
    inside, outside = b"\xff", b"\x00"
    left = corner - box.x
    row = outside * left + inside * HOLE + outside * (box.width - left - HOLE)
    above = corner - box.y
    blank = outside * box.width
    return blank * above + row * HOLE + blank * (box.height - above - HOLE)


def readiness() -> None:
    """Time from starting the process until its connection file exists and it answers `hello`."""

    def imports() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import zmq, msgpack"], check=True)
        return time.perf_counter() - start

    def ready() -> float:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            start = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "inpaintd", "serve"],
                env=os.environ | {"INPAINTD_HOME": folder},
                stderr=subprocess.DEVNULL,
            )
            while True:
                try:
                    connect(home, name="bench").close()
                    break
                except InpaintError:
                    time.sleep(0.001)
            taken = time.perf_counter() - start
            process.terminate()
            process.wait()
            return taken

    pairs = [(imports(), ready()) for _ in range(15)]
    base, taken = (statistics.median(column) for column in zip(*pairs, strict=True))
    say(
        "ready to answer / import of zmq and msgpack",
        f"{taken * 1000:.0f}/{base * 1000:.0f} = {taken / base:.2f}",
        "<= 3",
    )


def memory(home: Path) -> None:
    with running_daemon(home, keep_alive_seconds=1.0) as daemon, daemon.connect() as client:
        say("idle daemon", _megabytes(client.status().resident_bytes), "<= 60 MB, no worker")
        assert not client.status().workers
        client.inpaint(Plane(64, 64, 4, "u8", bytes(64 * 64 * 4)), IDENTITY)
        worker = client.status().workers[0].pid
        time.sleep(2.5)
        say("workers after keep-alive", str(len(client.status().workers)), "0")
        assert not psutil.pid_exists(worker)


def many_clients(home: Path) -> None:
    """1,000 requests of 10 clients at once: one terminal answer each, and no memory kept."""
    answers: Counter[str] = Counter()
    plane = Plane(32, 32, 4, "u8", bytes(32 * 32 * 4))

    def work(daemon: Daemon, number: int) -> None:
        with daemon.connect(name=f"client {number}") as client:
            waiting = {f"{time.monotonic_ns()}-{number}-{k}" for k in range(100)}
            for request_id in waiting:
                client.submit(Inpaint(request_id, layer=plane, settings=IDENTITY))
            while waiting:
                message = client.poll(60.0)
                if isinstance(message, Failed) and message.code == "busy":
                    time.sleep(message.retry_after_seconds or 0.1)
                    client.submit(Inpaint(message.request_id, layer=plane, settings=IDENTITY))
                elif isinstance(message, (Finished, Failed)):
                    answers[message.request_id] += 1
                    waiting.remove(message.request_id)

    def rush(daemon: Daemon) -> float:
        start = time.perf_counter()
        threads = [threading.Thread(target=work, args=(daemon, n)) for n in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - start

    with running_daemon(home) as daemon, daemon.connect() as client:
        client.inpaint(plane, IDENTITY)  # start the worker
        before = client.status().resident_bytes
        seconds = rush(daemon)
        time.sleep(1)
        after = client.status().resident_bytes
    say(
        "1,000 requests of 10 clients: ids answered, answers of each",
        f"{len(answers)}, {max(answers.values())}",
        "1000, 1",
    )
    say("  requests a second", f"{1000 / seconds:.0f}", "for the record")
    say(
        "  daemon before, after",
        f"{_megabytes(before)}, {_megabytes(after)}",
        f"+{(after / before - 1) * 100:.1f} %, <= 10 %",
    )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with running_daemon(home / "a") as daemon:
            with daemon.connect() as client:
                client.inpaint(Plane(8, 8, 4, "u8", bytes(256)), IDENTITY)  # start the worker
            round_trips(daemon)
        readiness()
        memory(home / "b")
        many_clients(home / "c")


if __name__ == "__main__":
    main()
