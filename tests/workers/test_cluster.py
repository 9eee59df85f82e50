"""A real daemon with its workers on a real, small Ray cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from PIL import Image

from inpaintd_protocol.client import Client, connect
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Failed, Finished, Inpaint, Preview, Progress
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings
from tests.hotfolder.pictures import with_hole
from tests.running import ROOT, Daemon, alive, eventually, running_daemon
from tests.server.test_server import begin, layer, outcome, settings
from tests.workers.ray_cluster import RayCluster, another_node, kill_node

if find_spec("ray") is None:
    pytest.skip("no Ray here: pip install '.[cluster]'", allow_module_level=True)

pytestmark = pytest.mark.exhaustive  # a cluster takes its time


@pytest.fixture
def daemon(ray_cluster: RayCluster) -> Iterator[Daemon]:
    with running_daemon(ray_cluster.home, command=ray_cluster.serve()) as running:
        yield running


def actors() -> list[int]:
    """The processes of all actors on this machine's clusters that belong to these tests."""
    mine = os.environ["RAY_AUTH_TOKEN_PATH"]
    found = []
    for process in psutil.process_iter(["name"]):
        if "ray::Filler" in process.info["name"]:
            try:
                if process.environ().get("RAY_AUTH_TOKEN_PATH") == mine:
                    found.append(process.pid)
            except psutil.Error:
                continue
    return found


def error_of(client: Client, model: str) -> InpaintError:
    with pytest.raises(InpaintError) as failure:
        client.inpaint(layer(), settings(model), timeout_seconds=60)
    return failure.value


def test_a_hole_is_filled_on_the_cluster(daemon: Daemon) -> None:
    with daemon.connect() as client:
        (result,) = client.inpaint(layer(), settings("identity"), offset=(7, 9)).layers
        assert (result.offset, result.pixels.width, result.pixels.height) == ((7, 9), 24, 1)
        assert bytes(result.pixels.data) == b"\x80\x80\x80\xff" * 24
        (actor,) = actors()
        assert actor not in [c.pid for c in psutil.Process(daemon.process.pid).children(True)]


def test_megabytes_come_back_bit_exactly(daemon: Daemon) -> None:
    noise = os.urandom(3 * 1024 * 1024)
    mask = Plane(1024, 1024, 1, "u8", b"\xff" * (1024 * 1024))
    with daemon.connect() as client:
        picture = Plane(1024, 1024, 3, "u8", noise)
        (result,) = client.inpaint(picture, settings("identity"), mask=mask).layers
    filled = bytes(result.pixels.data)
    assert all(filled[channel::4] == noise[channel::3] for channel in range(3))


def test_progress_and_previews_come_while_the_actor_works(daemon: Daemon) -> None:
    with daemon.connect() as client:
        wish = Settings(model="slow", seed=1, preview=True)
        client.submit(Inpaint("1", layer=layer(), settings=wish))
        heard: list[type] = []
        fractions: list[float] = []
        while Finished not in heard:
            message = client.poll(20)
            assert message is not None, "something is said all the time"
            heard.append(type(message))
            if isinstance(message, Progress) and message.phase == "denoising":
                fractions.append(message.fraction)
        assert len(set(fractions)) > 10
        assert fractions == sorted(fractions)
        assert Preview in heard


def test_cancelling_between_steps_leaves_the_actor_alive(daemon: Daemon) -> None:
    with daemon.connect() as client:
        begin(client, "slow", "1")
        before = actors()
        client.cancel("1")
        error = outcome(client, "1")
        assert isinstance(error, InpaintError)
        assert error.code == "cancelled"
        assert client.inpaint(layer(), settings("identity")).layers
        assert actors() == before


def test_cancelling_an_engine_that_hangs_ends_its_actor(daemon: Daemon) -> None:
    with daemon.connect() as client:
        begin(client, "hang", "1", phase="preparing")
        (actor,) = actors()
        client.cancel("1")
        error = outcome(client, "1")
        assert isinstance(error, InpaintError)
        assert error.code == "cancelled"
        eventually(lambda: not alive(actor), "the actor is gone")
        assert client.inpaint(layer(), settings("identity")).layers


def test_an_actor_killed_in_the_middle_is_replaced_and_nothing_is_lost(daemon: Daemon) -> None:
    with daemon.connect() as client:
        begin(client, "slow", "1")
        os.kill(actors()[0], signal.SIGKILL)
        assert isinstance(outcome(client, "1"), Finished)


def test_a_bridge_killed_in_the_middle_takes_its_actor_along_and_loses_nothing(
    daemon: Daemon,
) -> None:
    with daemon.connect() as client:
        client.inpaint(layer(), settings("identity"), timeout_seconds=60)
        begin(client, "slow", "1")
        (actor,) = actors()
        (bridge,) = (worker.pid for worker in client.status().workers if worker.state == "busy")
        os.kill(bridge, signal.SIGKILL)
        assert isinstance(outcome(client, "1"), Finished)
        eventually(lambda: not alive(actor), "nothing is left at work for nobody")


def test_an_actor_killed_while_idle_costs_no_request(daemon: Daemon) -> None:
    with daemon.connect() as client:
        client.inpaint(layer(), settings("identity"))
        os.kill(actors()[0], signal.SIGKILL)
        assert client.inpaint(layer(), settings("identity")).layers


def test_an_engine_that_crashes_fails_its_request_alone(daemon: Daemon) -> None:
    with daemon.connect() as client:
        error = error_of(client, "crash")
        assert error.code == "worker_died"
        assert "the Ray actor that filled it died" in str(error)
        assert client.inpaint(layer(), settings("identity")).layers


def test_a_daemon_killed_in_the_middle_takes_its_actor_along(ray_cluster: RayCluster) -> None:
    with running_daemon(ray_cluster.home, command=ray_cluster.serve()) as daemon:
        client = daemon.connect()
        begin(client, "hang", "1", phase="preparing")
        (actor,) = actors()
        daemon.kill()
        client.close()
        eventually(lambda: not alive(actor), "the actor ends")


def test_a_full_cluster_is_named_instead_of_waiting_for_ever(
    ray_cluster: RayCluster, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "other"
    with (
        running_daemon(ray_cluster.home, command=ray_cluster.serve("--workers", "2")) as full,
        running_daemon_in(elsewhere, ray_cluster) as other,
        full.connect() as first,
        other.connect() as second,
    ):
        begin(first, "hang", "1", phase="preparing")
        begin(first, "hang", "2", phase="preparing")
        error = error_of(second, "identity")
        assert error.code == "worker_died"
        assert "no free processor" in str(error)


def test_a_wrong_token_is_told(
    ray_cluster: RayCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "wrong"
    token.touch(0o600)
    token.write_text("0" * 64)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(token))
    with running_daemon_in(tmp_path / "other", ray_cluster) as daemon, daemon.connect() as client:
        error = error_of(client, "identity")
        assert "did not let this computer in" in str(error)
        assert "token" in str(error)


def test_a_machine_lost_in_the_middle_of_200_pictures_loses_none(ray_cluster: RayCluster) -> None:
    command = ray_cluster.serve("--workers", "4")
    with (
        another_node(ray_cluster) as node,
        running_daemon(ray_cluster.home, command=command) as daemon,
        daemon.connect() as client,
    ):
        ids = [f"picture {number}" for number in range(200)]
        for request_id in ids:
            client.submit(Inpaint(request_id, layer(), settings("identity"), on_disconnect="keep"))
        ends: Counter[str] = Counter()
        while sum(ends.values()) < 200:
            message = client.poll(120)
            assert message is not None, f"only {len(ends)} were answered"
            if isinstance(message, (Finished, Failed)):
                assert isinstance(message, Finished), message
                ends[message.request_id] += 1
                if sum(ends.values()) == 40:
                    eventually(lambda: len(actors()) >= 3, "it works on both machines", 60)
                    kill_node(node)
    assert ends == Counter(ids)


@pytest.fixture
def hot(tmp_path: Path) -> Path:
    """A hot folder with four pictures."""
    folder = tmp_path / "hot"
    (folder / "inbox").mkdir(parents=True)
    (folder / "inpaintd.toml").write_text('model = "noise"\n[watch]\nsettle_seconds = 0\n')
    for number in range(4):
        Image.fromarray(with_hole(number)).save(folder / "inbox" / f"{number}.png")
    return folder


def watch(folder: Path, cluster: RayCluster, home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "inpaintd", "watch", str(folder), "--once", "--json"]
    return subprocess.run(
        [*command, "--cluster", cluster.address, "--workers", "2"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "INPAINTD_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_a_hot_folder_is_filled_on_the_cluster_by_a_daemon_that_the_watch_starts(
    ray_cluster: RayCluster, hot: Path
) -> None:
    with running_daemon(ray_cluster.home):
        pass  # writes the list of models
    done = watch(hot, ray_cluster, ray_cluster.home)
    try:
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["done"] == 4
        with connect(ray_cluster.home, name="a test") as client:
            status = client.status()
        assert status.cluster == ray_cluster.address
        assert "cpu" in {worker.device for worker in status.workers}
        again = watch(hot, ray_cluster, ray_cluster.home)
        assert again.returncode == 0, "it uses the same daemon"
    finally:
        with connect(ray_cluster.home, name="a test") as client:
            client.shutdown()
        eventually(lambda: not (ray_cluster.home / "connection.json").exists(), "it ends")


def test_a_daemon_that_fills_elsewhere_is_not_used_in_silence(
    ray_cluster: RayCluster, hot: Path, tmp_path: Path
) -> None:
    with running_daemon(tmp_path / "home"):
        done = watch(hot, ray_cluster, tmp_path / "home")
    assert done.returncode != 0
    assert "already runs, and fills holes on this machine" in done.stdout
    assert "inpaintd stop" in done.stdout
    assert len(list((hot / "inbox").iterdir())) == 4


def running_daemon_in(home: Path, cluster: RayCluster) -> AbstractContextManager[Daemon]:
    return running_daemon(home, command=cluster.serve())
