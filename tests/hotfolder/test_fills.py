"""Requests survive a daemon that has no room, stops, or falls silent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaintd.files.exchange import plane_of
from inpaintd.hotfolder import fills as module
from inpaintd.hotfolder.fills import Fills
from inpaintd.launch.background import connect_or_start
from inpaintd_protocol.client import new_request_id
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Accepted, Failed, Inpaint, Message, Progress
from inpaintd_protocol.settings import Settings
from tests.hotfolder.pictures import with_hole
from tests.running import eventually


class Clock:
    """The time, moved on at will."""

    ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


def request() -> Inpaint:
    layer = plane_of(np.ascontiguousarray(with_hole()))
    return Inpaint(new_request_id(), layer, Settings(model="identity"), on_disconnect="keep")


def answered(fills: Fills, request: Inpaint) -> None:
    found: list[Message] = []
    fills.add(request)

    def finished() -> bool:
        found.extend(fills.answers())
        return any(m.type == "finished" and m.request_id == request.request_id for m in found)

    eventually(finished, "the fill is done")


def test_a_drop_after_a_long_silence_is_no_trouble(
    daemon_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINTD_HOME", str(daemon_home))
    clock: Any = Clock()
    monkeypatch.setattr(module, "time", clock)
    troubles: list[InpaintError] = []
    fills = Fills(lambda: connect_or_start("a test"), troubles.append)
    try:
        answered(fills, request())
        clock.ahead += 1000
        answered(fills, request())
    finally:
        fills.close()
    assert not troubles


class Scripted:
    """A client whose daemon says what is put into `coming`."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.coming: list[Message] = []
        self.closed = 0

    def submit(self, request: Message) -> None:
        self.sent.append(request.request_id)

    def poll(self, _timeout_seconds: float) -> Message | None:
        return self.coming.pop(0) if self.coming else None

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    made: Any = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
def client() -> Any:
    return Scripted()


def test_what_a_full_daemon_refused_is_sent_again_in_time(clock: Any, client: Any) -> None:
    troubles: list[InpaintError] = []
    fills, one = Fills(lambda: client, troubles.append), request()
    fills.add(one)
    client.coming = [Failed(one.request_id, "busy", "Full.", retry_after_seconds=50.0)]
    assert fills.answers() == []
    assert fills.answers() == []
    assert client.sent == [one.request_id]
    clock.ahead += 51
    client.coming = [Accepted(one.request_id, 0)]
    assert [answer.type for answer in fills.answers()] == ["accepted"]
    assert client.sent == [one.request_id] * 2
    assert not troubles
    assert not client.closed


def test_a_daemon_that_stops_is_left_and_everything_sent_again(
    clock: Any, client: Scripted
) -> None:
    troubles: list[InpaintError] = []
    fills, one, another = Fills(lambda: client, troubles.append), request(), request()
    fills.add(one)
    fills.add(another)
    client.coming = [Failed(one.request_id, "shutting_down", "Stopping.")]
    assert fills.answers() == []
    assert [error.code for error in troubles] == ["shutting_down"]
    assert client.closed == 1
    clock.ahead += 10
    fills.answers()
    assert client.sent == [one.request_id, another.request_id] * 2


def test_news_of_one_request_show_that_the_daemon_lives(clock: Any, client: Any) -> None:
    troubles: list[InpaintError] = []
    fills, one, another = Fills(lambda: client, troubles.append), request(), request()
    fills.add(one)
    fills.add(another)
    fills.answers()
    clock.ahead += 20
    client.coming = [Progress(one.request_id, "denoising", 0.5)]
    assert len(fills.answers()) == 1
    clock.ahead += 20
    assert fills.answers() == []
    assert not troubles
    clock.ahead += 20
    assert fills.answers() == []
    assert [error.code for error in troubles] == ["timed_out"]
    assert client.closed == 1


def test_failures_that_stay_are_told_once(client: Any) -> None:
    fills, one = Fills(lambda: client, lambda _error: None), request()
    fills.add(one)
    failure = Failed(one.request_id, "engine_failed", "It broke.")
    client.coming = [failure, failure]
    assert fills.answers() == [failure]
    assert not len(fills)
