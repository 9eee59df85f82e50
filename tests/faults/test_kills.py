"""Somebody is killed or stopped at each stage of a request; nothing may be lost or doubled."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import get_args

import pytest

from inpaintd.server.job_state import State
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished, Inpaint
from tests.faults.staging import STAGES, bring_to, daemon_at, end_of, terminal_answers
from tests.running import alive, eventually
from tests.server.test_server import layer, settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and /proc as on Linux")

QUICK = {("daemon", "denoising"), ("worker", "finishing"), ("client", "recording")}
CASES = [
    pytest.param(victim, stage, marks=() if (victim, stage) in QUICK else pytest.mark.exhaustive)
    for victim in ("daemon", "worker", "client")
    for stage in STAGES
]


def test_every_state_of_the_machine_is_a_stage() -> None:
    assert {*get_args(State)} - {"running"} <= {*STAGES}


@pytest.mark.parametrize(("victim", "stage"), CASES)
def test_a_kill_loses_nothing(tmp_path: Path, victim: str, stage: str) -> None:
    home, gate = tmp_path / "home", tmp_path / "gate"
    promised = stage != "recording"
    with daemon_at(home, gate, stage) as first:
        client = first.daemon.connect()
        bring_to(stage, client, "1", home)
        first.note_processes()
        if victim == "worker":
            workers = [worker.pid for worker in client.status().workers]
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
            gate.touch()
            assert isinstance(end_of(client, "1"), Finished)
            assert terminal_answers(client, "1") == 0, "one end, not two"
            assert client.inpaint(layer(), settings("identity")).layers, "the next one works"
        elif victim == "client":
            client.close()
            gate.touch()
            with first.daemon.connect() as other:
                eventually(lambda: not other.status().requests, "all is done")
                assert isinstance(end_of(other, "1"), Finished)
        else:
            first.daemon.kill()
            client.close()
            if stage == "starting":  # its stand-in does not know how to end before the gate opens
                gate.touch()
            eventually(first.nothing_is_left, "no worker outlives its daemon")
        client.close()
    gate.touch()
    with daemon_at(home, gate) as second, second.daemon.connect() as client:
        end = end_of(client, "1")
        if victim == "daemon" and not promised:
            assert isinstance(end, InpaintError), "nothing was promised"
            assert end.code == "unknown_request"
        else:
            assert isinstance(end, Finished)
        assert client.inpaint(layer(), settings("identity")).layers, "the next one works"
        status = client.status()
        assert not status.requests
    assert not list((home / "journal").glob("*.part"))
    assert not list((home / "journal").glob("*.request")), "nothing is left to be done"


def test_a_worker_that_hangs_in_native_code_is_ended_and_its_request_tried_twice(
    tmp_path: Path,
) -> None:
    """Python's own lock is held, so not one of the worker's threads can do anything."""
    with (
        daemon_at(tmp_path / "home", tmp_path / "gate", "", "--stall-timeout=1") as stage,
        stage.daemon.connect() as client,
    ):
        with pytest.raises(InpaintError, match="it made no progress") as failure:
            client.inpaint(layer(), settings("native_hang"), request_id="1")
        assert failure.value.code == "worker_died"
        stage.note_processes()
        story = " ".join(moment.text for moment in client.status("1").story)
        assert "attempt 2" in story
        assert "back in the queue, because its worker ended: it made no progress" in story
        assert client.inpaint(layer(), settings("identity")).layers, "the next one works"


def test_a_worker_that_holds_its_lock_does_not_outlive_a_killed_daemon(tmp_path: Path) -> None:
    with daemon_at(tmp_path / "home", tmp_path / "gate") as stage:
        client = stage.daemon.connect()
        client.submit(Inpaint("1", layer=layer(), settings=settings("native_hang")))
        eventually(lambda: bool(client.status("1").story[-1:]), "it is known")
        eventually(
            lambda: any("begun" in moment.text for moment in client.status("1").story), "it hangs"
        )
        stage.note_processes()
        stage.daemon.kill()
        client.close()
        eventually(stage.nothing_is_left, "the worker has gone")


def test_a_stopped_worker_is_ended_and_its_request_done(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with (
        daemon_at(tmp_path / "home", gate, "", "--stall-timeout=1") as stage,
        stage.daemon.connect() as client,
    ):
        bring_to("denoising", client, "1", tmp_path / "home")
        (worker,) = client.status().workers
        os.kill(worker.pid, signal.SIGSTOP)
        gate.touch()
        assert isinstance(end_of(client, "1"), Finished)
        eventually(lambda: not alive(worker.pid), "the stopped one has gone")


def test_a_worker_stuck_at_its_start_can_be_cancelled_and_stopped(tmp_path: Path) -> None:
    with (
        daemon_at(tmp_path / "home", tmp_path / "gate", "starting") as stage,
        stage.daemon.connect() as client,
    ):
        bring_to("starting", client, "1", tmp_path / "home")
        stage.note_processes()
        client.cancel("1")
        end = end_of(client, "1")
        assert isinstance(end, InpaintError)
        assert end.code == "cancelled"
        client.shutdown()
        assert stage.daemon.process.wait(20) == 0
        assert stage.nothing_is_left()


def test_death_by_lack_of_memory_is_named(tmp_path: Path) -> None:
    with (
        daemon_at(tmp_path / "home", tmp_path / "gate") as stage,
        stage.daemon.connect() as client,
    ):
        assert client.inpaint(layer(), settings("identity")).layers
        pid = client.status().workers[0].pid
        assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) > 0, "it goes first"
        with pytest.raises(InpaintError, match="memory ran out"):
            client.inpaint(layer(), settings("crash"))
