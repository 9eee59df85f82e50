"""Output and effect of `inpaintd status` and `inpaintd stop --force`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from inpaintd.cli import main
from inpaintd_protocol.settings import Settings
from tests.running import alive, running_daemon
from tests.server.test_server import begin, layer


def test_status_names_device_and_log_and_tells_a_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("INPAINTD_HOME", str(home))
    with running_daemon(home) as daemon, daemon.connect(name="evil\x1b[2Jname\n") as client:
        secret = Settings(model="identity", seed=1, prompt="a secret wish")
        client.inpaint(layer(), secret, request_id="mine")
        assert main(["status"]) == 0
        told = capsys.readouterr().out
        assert " on cpu: idle, identity" in told
        log = home / "logs" / "daemon.log"
        assert f"log: {log}" in told
        assert main(["status", "mine"]) == 0
        story = capsys.readouterr().out
        for part in ("accepted, client evil[2Jname", "given to a worker", "device cpu", "finished"):
            assert part in story
        assert main(["status", "unheard-of"]) == 1
        assert "remembers no request" in capsys.readouterr().err
        written = log.read_text()
        assert "request mine finished" in written
        assert "secret" not in written
        assert "\x1b" not in written


@pytest.mark.skipif(sys.platform == "win32", reason="Windows stops no processes")
def test_a_daemon_that_hangs_is_ended_by_force_with_its_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("INPAINTD_HOME", str(home))
    with running_daemon(home) as daemon, daemon.connect() as client:
        begin(client, "hang", "1", phase="preparing")
        worker = client.status().workers[0].pid
        daemon.process.send_signal(signal.SIGSTOP)
        assert main(["stop"]) != 0
        assert "inpaintd stop --force" in capsys.readouterr().err
        assert main(["stop", "--force"]) == 0
        daemon.process.wait(20)
        assert not alive(worker)
        assert not (home / "connection.json").exists()
        assert main(["stop", "--force"]) == 0, "nobody is there: fine"


def test_force_ends_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crashed daemon's number may be another process's by now: this one's."""
    home = tmp_path / "home"
    monkeypatch.setenv("INPAINTD_HOME", str(home))
    with running_daemon(home) as daemon:
        daemon.kill()
        file = home / "connection.json"
        file.write_text(file.read_text().replace(str(daemon.process.pid), str(_own_pid())))
        assert main(["stop", "--force"]) == 0


def _own_pid() -> int:
    import os

    return os.getpid()
