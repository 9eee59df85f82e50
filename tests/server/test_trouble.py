"""A daemon whose disk, journal or workers let it down."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from inpaintd.launch.background import connect_or_start
from inpaintd.system.memory import give_back_unused
from inpaintd_protocol.client import Client, connect
from inpaintd_protocol.connection import read_connection
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Failed, Inpaint
from tests.running import Daemon, eventually, running_daemon
from tests.server.test_server import layer, outcome, settings
from tests.small_disk import small_disk


def keep(request_id: str, model: str = "identity") -> Inpaint:
    return Inpaint(request_id, layer=layer(), settings=settings(model), on_disconnect="keep")


def test_a_journal_that_cannot_be_opened_refuses_to_promise_and_does_all_else(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "journal").write_text("a file, where a folder should be")
    with running_daemon(home) as daemon, daemon.connect() as client:
        with pytest.raises(InpaintError, match="cannot keep this request on disk: File exists"):
            client.inpaint(layer(), settings("identity"), request_id="1", on_disconnect="keep")
        assert client.inpaint(layer(), settings("identity")).layers
        assert "cannot be opened" in daemon.log
        (home / "journal").unlink()
        again = client.inpaint(layer(), settings("identity"), request_id="1", on_disconnect="keep")
        assert again.layers, "as soon as it is mended, without a restart"


def test_a_disk_that_fills_up_is_said_and_keeps_nobody_from_work(tmp_path: Path) -> None:
    with small_disk(tmp_path, "256k") as disk, running_daemon(disk / "home") as daemon:
        fill_up(disk)
        with daemon.connect() as client:
            client.submit(keep("1"))
            answers = [client.poll(20)]
            assert [type(answer) for answer in answers] == [Failed], "nothing was promised"
            error = outcome(client, "1")
            assert isinstance(error, InpaintError)
            assert client.inpaint(layer(), settings("identity")).layers
            (disk / "filler").unlink()
            kept = client.inpaint(layer(), settings("identity"), on_disconnect="keep")
            assert kept.layers


def test_a_daemon_starts_on_a_full_disk_and_says_so(tmp_path: Path) -> None:
    with small_disk(tmp_path, "256k") as disk:
        home = disk / "home"
        home.mkdir()
        (home / "models.toml").touch()
        serve = [sys.executable, "-m", "inpaintd", "serve", "--port=0", "--no-websocket"]
        said = tmp_path / "said"
        fill_up(disk)
        with said.open("wb") as log:
            daemon = subprocess.Popen(
                serve, stderr=log, env=os.environ | {"INPAINTD_HOME": str(home)}
            )
        try:
            eventually((home / "connection.json").exists, "it can be found")
            with connect(home, name="a test") as client:
                assert client.inpaint(layer(), settings("patchmatch")).layers
            assert "is full" in said.read_text()
            file = (home / "connection.json").resolve()
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        finally:
            daemon.terminate()
            daemon.wait(20)
        assert not file.parent.exists(), "nothing stays elsewhere"


def fill_up(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "filler").open("wb") as filler:
        while True:
            filler.write(bytes(512))
            filler.flush()


def test_what_the_journal_has_lost_is_unknown_and_can_be_sent_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_daemon(home) as daemon, daemon.connect() as client:
        client.inpaint(layer(), settings("identity"), request_id="1", on_disconnect="keep")
    with running_daemon(home) as daemon, daemon.connect() as client:
        for file in (home / "journal").glob("*.answer"):
            file.unlink()
        lost = outcome(client, "1")
        assert isinstance(lost, InpaintError)
        assert lost.code == "unknown_request"
        again = client.inpaint(layer(), settings("identity"), request_id="1", on_disconnect="keep")
        assert again.layers


@pytest.mark.parametrize("what", ["home", "lock"])
def test_a_daemon_whose_home_or_lock_is_gone_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    home = tmp_path / "home"
    quick = "import inpaintd.server.loop as loop; loop._CHECK_SECONDS = 0.2; "
    command = [sys.executable, "-c", quick + "from inpaintd.cli import main; " + SERVE]
    with running_daemon(home, command=command) as daemon:
        home.rename(tmp_path / "elsewhere") if what == "home" else (home / "daemon.lock").unlink()
        assert daemon.process.wait(20) == 0


SERVE = "main(['serve', '--port=0', '--no-websocket'])"


def test_a_worker_that_talks_nonsense_fails_its_request_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    serve = (
        "from inpaintd.launch.daemon import serve; from pathlib import Path; "
        "from inpaintd.server.loop import Options; "
        f"serve(Path({str(home)!r}), Options(0, None, "
        "worker_command=('tests.workers.babbling_worker',)))"
    )
    command = [sys.executable, "-c", serve]
    with running_daemon(home, command=command) as daemon, daemon.connect() as client:
        error = error_of(client, "1")
        assert (error.code, "cannot read" in error.message) == ("worker_died", True)
        assert error_of(client, "2").code == "worker_died"
        assert client.status().failed == 2


def error_of(client: Client, request_id: str) -> InpaintError:
    with pytest.raises(InpaintError) as failure:
        client.inpaint(layer(), settings("identity"), request_id=request_id)
    return failure.value


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such limit")
def test_more_connections_than_open_files_are_allowed_end_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    serve = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64));"
        "from inpaintd.cli import main; main(['serve', '--port=0', '--websocket-port=0'])"
    )
    command = [sys.executable, "-c", serve]
    with running_daemon(home, command=command) as daemon, daemon.connect() as client:
        assert client.inpaint(layer(), settings("identity")).layers
        for endpoint in (read_connection(home).endpoint, read_connection(home).websocket):
            address = ("127.0.0.1", urlsplit(endpoint).port)
            idle = [socket.create_connection(address) for _ in range(100)]
            assert client.inpaint(layer(), settings("identity")).layers
            for one in idle:
                one.close()
            eventually(lambda: fills(daemon), "a new client is served")


def fills(daemon: Daemon) -> bool:
    try:
        with daemon.connect() as client:
            return bool(client.inpaint(layer(), settings("identity")).layers)
    except InpaintError:
        return False


def test_memory_that_cannot_be_given_back_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctypes", None)  # as when no file can be opened any more
    give_back_unused()


@pytest.mark.parametrize("name", ["a folder with spaces", "Übung 图片 'quoted' $HOME"])
def test_any_name_will_do_for_the_home_folder(tmp_path: Path, name: str) -> None:
    with running_daemon(tmp_path / name) as daemon, daemon.connect() as client:
        answer = client.inpaint(layer(), settings("identity"), on_disconnect="keep")
        assert answer.layers


def test_a_daemon_is_started_for_a_home_folder_named_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INPAINTD_HOME", "relative/home")
    with connect_or_start("a test") as client:
        client.shutdown()
    assert (tmp_path / "relative/home/daemon.lock").exists()


def test_a_daemon_told_to_stop_at_any_moment_of_its_start_stops(tmp_path: Path) -> None:
    for delay in range(0, 12, 3):
        home = tmp_path / f"home {delay}"
        home.mkdir()
        daemon = subprocess.Popen(
            [sys.executable, "-m", "inpaintd", "serve", "--port", "0", "--no-websocket"],
            env=os.environ | {"INPAINTD_HOME": str(home)},
            stderr=subprocess.DEVNULL,
        )
        eventually((home / "daemon.lock").exists, "the daemon starts")
        time.sleep(delay / 500)
        daemon.terminate()
        daemon.wait(20)


def test_workers_import_nothing_from_the_folder_that_the_daemon_was_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('not the true numpy')")
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-P", "-m", "inpaintd", "serve", "--port", "0", "--no-websocket"]
    with running_daemon(tmp_path / "home", command=command) as daemon, daemon.connect() as client:
        assert client.inpaint(layer(), settings("identity")).layers
