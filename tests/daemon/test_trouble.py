"""A daemon whose disk, journal or workers let it down."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from inpaintd_protocol.messages import Inpaint
from tests.daemon.test_server import layer, outcome, settings
from tests.running import eventually, running_daemon


def test_a_damaged_journal_is_put_aside(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "journal.sqlite").write_bytes(b"this is no database" * 100)
    with running_daemon(home) as daemon, daemon.connect() as client:
        assert client.inpaint(layer(), settings("identity")).layers
        assert "put aside" in daemon.log
    assert (home / "journal.damaged.sqlite").read_bytes().startswith(b"this is no database")


def test_a_journal_that_cannot_be_written_delays_nobody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_daemon(home) as daemon, daemon.connect() as client:
        client.inpaint(layer(), settings("identity"), request_id="1", on_disconnect="keep")
        with sqlite3.connect(home / "journal.sqlite") as other:
            other.execute("DROP TABLE jobs")
        other.close()
        for number in range(3):
            kept = Inpaint(
                f"kept {number}", layer=layer(), settings=settings("noise"), on_disconnect="keep"
            )
            client.submit(kept)
            assert outcome(client, kept.request_id)
        assert client.inpaint(layer(), settings("identity")).layers
        assert "could not be done: Journal" in daemon.log


def test_a_daemon_told_to_stop_at_any_moment_of_its_start_stops(tmp_path: Path) -> None:
    for delay in range(12):
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
