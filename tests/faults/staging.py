"""A daemon with a request held at a stage of its life, for whoever wants to break in there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import psutil

from inpaintd.server.job_state import State
from inpaintd_protocol.client import Client
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Attach, Cancelled, Failed, Finished, Inpaint
from tests.running import Daemon, alive, eventually, running_daemon
from tests.server.test_server import layer, settings

GATES = ("loading", "denoising", "finishing")

STAGES = (*(state for state in get_args(State) if state != "running"), "starting", *GATES, "ended")
"""Every state of the state machine; a running request by its phase, a waiting one also while its
worker starts."""

_MODELS = (
    "".join(
        f'[gate_{phase}]\ntitle = "g"\nengine = "tests.synthetic_engines:gate_{phase}"\n'
        for phase in GATES
    )
    + '[native_hang]\ntitle = "n"\nengine = "tests.synthetic_engines:native_hang"\n'
)

_SERVE = "from inpaintd.cli import main; main(['serve', '--port=0', '--no-websocket'{options}])"

_SLOW_DISK = """
import os, time, pathlib
fsync = os.fsync
def slow(handle):
    while not pathlib.Path(os.environ["INPAINTD_TEST_GATE"]).exists():
        time.sleep(0.02)
    fsync(handle)
os.fsync = slow
"""

_SLOW_START = """
import subprocess, sys, os
popen = subprocess.Popen
wait = ("import os, sys, time, runpy\\n"
        "while not os.path.exists(os.environ['INPAINTD_TEST_GATE']): time.sleep(0.02)\\n"
        "sys.argv = ['main']; runpy.run_module('inpaintd.workers.main', run_name='__main__')")
def slow(command, **named):
    worker = "inpaintd.workers.main" in command
    return popen([sys.executable, "-P", "-c", wait] if worker else command, **named)
subprocess.Popen = slow
"""


@dataclass
class Stage:
    """A daemon and what is known of it."""

    daemon: Daemon
    gate: Path
    processes: list[psutil.Process]
    """All that were seen so far."""

    def note_processes(self) -> None:
        with suppress(psutil.Error):
            self.processes += psutil.Process(self.daemon.process.pid).children(recursive=True)

    def nothing_is_left(self) -> bool:
        """True if all workers that were ever seen have gone with their daemon."""
        return not any(alive(process.pid) for process in self.processes)


@contextmanager
def daemon_at(home: Path, gate: Path, stage: str = "", *options: str) -> Iterator[Stage]:
    """A daemon in which a request will stay at `stage` until the gate is opened."""
    prelude = {"recording": _SLOW_DISK, "starting": _SLOW_START}.get(stage, "")
    tail = "".join(f", {option!r}" for option in options)
    command = [sys.executable, "-c", prelude + _SERVE.format(options=tail)]
    os.environ["INPAINTD_TEST_GATE"] = str(gate)
    try:
        with running_daemon(home, command=command, models=_MODELS) as daemon:
            yield Stage(daemon, gate, [])
    finally:
        del os.environ["INPAINTD_TEST_GATE"]


def bring_to(stage: str, client: Client, request_id: str, home: Path) -> None:
    """Send a request that is to be kept, and wait until it is at this stage."""
    model = f"gate_{stage}" if stage in GATES else "identity"
    if stage == "waiting":
        client.submit(Inpaint("before", layer=layer(), settings=settings("gate_denoising")))
        eventually(lambda: "before" in _phases(client, "denoising"), "another one runs")
    client.submit(
        Inpaint(request_id, layer=layer(), settings=settings(model), on_disconnect="keep")
    )
    if stage == "recording":
        eventually(lambda: any((home / "journal").glob("*.part")), "it is being written")
    elif stage == "ended":
        assert isinstance(end_of(client, request_id), Finished)
    elif stage == "starting":
        eventually(lambda: any(w.state == "starting" for w in client.status().workers), "it starts")
    else:
        phase = stage if stage in GATES else "waiting"
        eventually(lambda: request_id in _phases(client, phase), f"it is {phase}")


def _phases(client: Client, phase: str) -> list[str]:
    return [r.request_id for r in client.status().requests if r.phase == phase]


def end_of(client: Client, request_id: str) -> Finished | InpaintError:
    try:
        return client.attach(request_id, timeout_seconds=30)
    except InpaintError as error:
        return error


def terminal_answers(client: Client, request_id: str, seconds: float = 0.5) -> int:
    """Count the further ends of this request that come unasked."""
    count = 0
    while (message := client.poll(seconds)) is not None:
        ends = isinstance(message, (Finished, Failed, Cancelled))
        count += ends and message.request_id == request_id
    return count


def attach_again(client: Client, request_id: str) -> None:
    client.submit(Attach(request_id))
