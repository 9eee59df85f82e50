"""A small Ray cluster on this machine, without GPU and dashboard, with a token."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.running import ROOT, eventually


@dataclass(frozen=True)
class RayCluster:
    """A running cluster. The home folder of its nodes is the daemon's too."""

    address: str
    home: Path

    def serve(self, *arguments: str) -> list[str]:
        """The command of a daemon that uses this cluster."""
        own = ["serve", "--cluster", self.address, "--port", "0", "--no-websocket"]
        return [sys.executable, "-m", "inpaintd", *own, *arguments]


@contextmanager
def running_cluster(home: Path, *, processors: int = 2) -> Iterator[RayCluster]:
    """A cluster whose nodes have this home folder."""
    # A short path, because Ray's sockets lie in it and theirs may have 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="r") as folder:
        token = Path(folder) / "auth_token"
        token.touch(0o600)
        token.write_text(secrets.token_hex(32))
        environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_TMPDIR": folder,
            "INPAINTD_CLUSTER_SECONDS": "15",
        }
        before = dict(os.environ)
        os.environ.update(environment)
        address = f"127.0.0.1:{_free_port()}"
        with (Path(folder) / "head.log").open("wb") as log:
            head = subprocess.Popen(
                _head_command(address, processors),
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT), "INPAINTD_HOME": str(home)},
            )
        try:
            eventually(lambda: _accepts(address), "the cluster's head listens", 60)
            yield RayCluster(address, home)
        finally:
            _end_with_descendants(head)
            for name in environment:
                os.environ.pop(name)
            os.environ.update(before)


def _head_command(address: str, processors: int) -> list[str]:
    host, _, port = address.partition(":")
    ray = Path(sys.executable).parent / "ray"
    own = f"--head --block --node-ip-address={host} --port={port}"
    own += f" --num-cpus={processors} --num-gpus=0"
    small = "--include-dashboard=false --object-store-memory=100000000 --disable-usage-stats"
    return [str(ray), "start", *own.split(), *small.split()]


@contextmanager
def another_node(cluster: RayCluster) -> Iterator[subprocess.Popen[bytes]]:
    """One more machine in the cluster, as far as Ray can tell, with two processors."""
    ray = Path(sys.executable).parent / "ray"
    own = (
        f"--address={cluster.address} --block --num-cpus=2 --num-gpus=0 --node-ip-address=127.0.0.1"
    )
    node = subprocess.Popen(
        [str(ray), "start", *own.split(), "--object-store-memory=100000000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT), "INPAINTD_HOME": str(cluster.home)},
    )
    try:
        yield node
    finally:
        kill_node(node)


def kill_node(node: subprocess.Popen[bytes]) -> None:
    """All processes of a machine at once, as when its power goes."""
    if node.poll() is None:
        for process in [*psutil.Process(node.pid).children(recursive=True), node]:
            with suppress(psutil.Error):
                process.kill()
        node.wait()


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def _accepts(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def _end_with_descendants(head: subprocess.Popen[bytes]) -> None:
    """Not `ray stop`, which ends every cluster of this machine."""
    started = psutil.Process(head.pid).children(recursive=True)
    head.terminate()
    try:
        head.wait(10)
    except subprocess.TimeoutExpired:
        head.kill()
        head.wait()
    for process in started:
        if process.is_running():
            process.kill()
    psutil.wait_procs(started, timeout=10)
