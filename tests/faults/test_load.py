"""Twenty mixed clients at once; `make soak` does the same for an hour."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from inpaintd_protocol.messages import Finished
from tests.faults.load import grown, run, summary
from tests.running import running_daemon
from tests.server.test_server import layer, settings


@pytest.mark.exhaustive
def test_twenty_mixed_clients_lose_nothing_while_workers_are_killed(tmp_path: Path) -> None:
    tally = run(tmp_path / "home", float(os.environ.get("INPAINTD_LOAD_SECONDS", "120")))
    print(summary(tally))
    assert grown(tally) < 1.1
    assert tally.turns is not None
    # CPU time, which a busy machine does not lengthen: a status waits for one turn of the loop.
    assert tally.turns.p99_cpu_seconds < 0.05


def test_a_hundred_clients_at_once_are_all_served(tmp_path: Path) -> None:
    with running_daemon(tmp_path / "home", workers=2) as daemon:
        answers: list[Finished] = []

        def fill(number: int) -> None:
            with daemon.connect(name=f"client {number}") as client:
                answers.append(client.inpaint(layer(), settings("identity"), timeout_seconds=120))

        threads = [threading.Thread(target=fill, args=(n,)) for n in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 100
        with daemon.connect() as client:
            assert client.status().finished == 100
