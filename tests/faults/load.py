"""Mixed clients at full load for any time: python -m tests.faults.load --seconds 3600

Twenty clients fill, cancel, vanish, ask for the status and attach, while workers are killed. In the
end each id has had exactly one terminal answer, and the daemon has not grown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from inpaintd_protocol.client import Client
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Cancelled, Failed, Finished, Inpaint, Message
from tests.faults.turns import Turns
from tests.running import ROOT, Daemon, running_daemon
from tests.server.test_server import layer, settings

MODELS = ("identity", "noise", "identity", "identity")


@dataclass
class Tally:
    """Everything that the clients have seen."""

    ends: Counter[str] = field(default_factory=Counter)
    """Terminal answers by id, of clients that stayed."""
    kinds: Counter[str] = field(default_factory=Counter)
    kept: set[str] = field(default_factory=set)
    """Accepted and to be kept, by clients that vanished."""
    sent: set[str] = field(default_factory=set)
    status_seconds: list[float] = field(default_factory=list)
    """Sorted times until a process of its own had its status."""
    resident: list[int] = field(default_factory=list)
    """Bytes of the daemon, in order of time."""
    turns: Turns | None = None
    """The daemon's loop."""
    lock: threading.Lock = field(default_factory=threading.Lock)


def work(daemon: Daemon, tally: Tally, number: int, deadline: float) -> None:
    """One client after the other with the same number, until the time is over."""
    dice = random.Random(number)
    turn = 0
    while time.monotonic() < deadline:
        turn += 1
        with daemon.connect(name=f"client {number}") as client:
            _stay(client, tally, dice, f"{number}-{turn}")
            if dice.random() < 0.2:
                _vanish(client, tally, f"{number}-{turn}-kept")


def _stay(client: Client, tally: Tally, dice: random.Random, name: str) -> None:
    waiting = {f"{name}-{k}" for k in range(dice.randint(1, 6))}
    with tally.lock:
        tally.sent |= waiting
    for request_id in sorted(waiting):
        client.submit(Inpaint(request_id, layer(), settings(dice.choice(MODELS))))
    for request_id in sorted(waiting):
        if dice.random() < 0.2:
            client.cancel(request_id)
    while waiting:
        message = client.poll(60.0)
        assert message is not None, f"{waiting} were never answered"
        if _ends(message):
            assert message.request_id in tally.sent
            with tally.lock:
                tally.kinds[message.type] += 1
                # A cancellation that came too late is answered with the same end once more.
                tally.ends[message.request_id] += message.request_id in waiting
            waiting.discard(message.request_id)


def _vanish(client: Client, tally: Tally, name: str) -> None:
    client.submit(Inpaint(name, layer(), settings("identity"), on_disconnect="keep"))
    while (message := client.poll(60.0)) is not None and message.request_id != name:
        pass
    if message is not None and message.type == "accepted":
        with tally.lock:
            tally.kept.add(name)


def _ends(message: Message) -> bool:
    return isinstance(message, (Finished, Failed, Cancelled))


def run(home: Path, seconds: float, clients: int = 20) -> Tally:
    """Raises AssertionError as soon as anything is lost or doubled."""
    tally = Tally()
    report = home.with_name("turns.json")
    serve = ["serve", "--port=0", "--no-websocket", "--workers=2"]
    command = [sys.executable, "-m", "tests.faults.turns", str(report), *serve]
    with running_daemon(home, command=command) as daemon:
        with daemon.connect() as client:
            client.inpaint(layer(), settings("identity"))
        with _probe(home, seconds) as probe:
            _load(daemon, tally, seconds, clients)
            measured = json.loads(probe.communicate(timeout=60)[0])
        tally.status_seconds = sorted(row[0] for row in measured)
        tally.resident = [row[1] for row in measured]
        process = psutil.Process(daemon.process.pid)
        with daemon.connect() as client:
            for request_id in sorted(tally.kept):
                _check_kept(client, request_id)
            assert not client.status().requests, "nothing is left over"
            assert process.num_fds() < 64, "no descriptor is left over"
    tally.turns = Turns(**json.loads(report.read_text()))
    assert {*tally.ends} == tally.sent
    assert {*tally.ends.values()} == {1}
    return tally


@contextmanager
def _probe(home: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.faults.probe", str(home), str(seconds)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _load(daemon: Daemon, tally: Tally, seconds: float, clients: int) -> None:
    failures: list[BaseException] = []
    deadline = time.monotonic() + seconds

    def guarded(number: int) -> None:
        try:
            work(daemon, tally, number, deadline)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    while time.monotonic() < deadline and not failures:
        time.sleep(min(5.0, seconds / 4))
        _kill_a_worker(daemon)
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def _check_kept(client: Client, request_id: str) -> None:
    try:
        client.attach(request_id, timeout_seconds=60)
    except InpaintError as error:
        # Its worker was killed twice: an honest end, kept like any other.
        assert error.code == "worker_died", error  # noqa: PT017


def _kill_a_worker(daemon: Daemon) -> None:
    with daemon.connect() as client:
        busy = [w.pid for w in client.status().workers if w.state == "busy" and w.pid]
    for pid in busy[:1]:
        os.kill(pid, signal.SIGKILL)


def grown(tally: Tally) -> float:
    """The daemon's memory in the last quarter of the time, as a multiple of that in the second."""
    quarter = max(1, len(tally.resident) // 4)
    early, late = tally.resident[quarter : 2 * quarter], tally.resident[-quarter:]
    return statistics.median(late) / statistics.median(early)


def summary(tally: Tally) -> str:
    times = tally.status_seconds
    assert tally.turns is not None
    return (
        f"{len(tally.sent)} requests, {dict(tally.kinds)}, {len(tally.kept)} kept and fetched\n"
        f"none lost, none doubled; memory x {grown(tally):.3f}, {tally.resident[-1] / 1e6:.1f} MB\n"
        f"status: p50 {times[len(times) // 2] * 1000:.1f} ms, "
        f"p99 {times[len(times) * 99 // 100] * 1000:.1f} ms by the clock\n"
        f"the daemon's loop, {tally.turns.count} turns: "
        f"p99 {tally.turns.p99_cpu_seconds * 1000:.1f} ms, "
        f"longest {tally.turns.longest_cpu_seconds * 1000:.1f} ms of CPU; longest turn that nobody "
        f"interrupted {tally.turns.longest_wait_seconds * 1000:.1f} ms\n"
        f"processes that wanted a processor at the end: {os.getloadavg()[0]:.1f} "
        f"on {os.cpu_count()} processors"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3600.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        print(summary(run(Path(folder) / "home", seconds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
