"""A real daemon in a process of its own, for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inpaintd_protocol.client import Client, connect
from inpaintd_protocol.connection import read_connection
from inpaintd_protocol.errors import InpaintError

ROOT = Path(__file__).parent.parent

SYNTHETIC_MODELS = ("identity", "noise", "slow", "hold", "crash", "hang")


@dataclass
class Daemon:
    """A daemon under test."""

    home: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return (self.home / "test.log").read_text(encoding="utf-8")

    def connect(self, name: str = "a test", transport: str = "zmq") -> Client:
        return connect(self.home, name=name, transport=transport)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running_daemon(
    home: Path,
    *,
    workers: int = 1,
    keep_alive_seconds: float = 300.0,
    command: Sequence[str] = (),
    models: str = "",
) -> Iterator[Daemon]:
    """Start a daemon that knows the synthetic engines as models; stop it at the end.

    `command` starts it in another way than this file's own; `models` are more entries of its
    models.toml.
    """
    serve = [sys.executable, "-m", "inpaintd", "serve", "--port", "0", "--no-websocket"]
    serve += ["--workers", str(workers), "--keep-alive", str(keep_alive_seconds)]
    home.mkdir(exist_ok=True)
    (home / "models.toml").write_text(
        "".join(
            f'[{name}]\ntitle = "{name}"\nengine = "tests.synthetic_engines:{name}"\n'
            'honours = ["prompt", "seed", "steps", "infill"]\n'
            for name in SYNTHETIC_MODELS
        )
        + models
    )
    with (home / "test.log").open("ab") as log:
        process = subprocess.Popen(
            command or serve,
            stderr=log,
            env=os.environ | {"PYTHONPATH": str(ROOT), "INPAINTD_HOME": str(home)},
        )
    daemon = Daemon(home, process)
    try:
        eventually(lambda: _listens(home, process.pid), "the daemon listens")
        yield daemon
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(30)


def eventually(holds: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Wait until something holds; generous, because a busy machine is not a broken daemon."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"in {seconds} s it never came about that {what}"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """True if a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _listens(home: Path, pid: int) -> bool:
    try:
        return read_connection(home).pid == pid
    except InpaintError:
        return False
