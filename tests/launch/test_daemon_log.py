"""The daemon's log: rotated while it runs, limited, readable by programs."""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from inpaintd.launch import daemon_log
from inpaintd.launch.daemon_log import ALIKE, OLD_LOGS, RateLimit, log_file, start_log


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Of a log that this process writes."""
    root = logging.getLogger()
    handlers, level, raising = root.handlers, root.level, logging.raiseExceptions
    yield log_file(tmp_path)
    for handler in root.handlers:
        handler.close()
    root.handlers, logging.raiseExceptions = handlers, raising
    root.setLevel(level)


def test_it_rotates_while_the_daemon_runs_and_is_for_this_user_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_log, "LOG_BYTES", 2000)
    before = os.umask(0)
    try:
        start_log(path)
        for number in range(500):
            logging.getLogger("inpaintd.server.loop").info("line %d of the log", number)
    finally:
        os.umask(before)
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["daemon.log", "daemon.log.1", "daemon.log.2"]
    assert len(files) == 1 + OLD_LOGS
    assert all(file.stat().st_size <= 2000 for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert "line 499" in path.read_text()


def test_what_strangers_cause_is_counted_and_left_out(path: Path) -> None:
    start_log(path)
    door = logging.getLogger("inpaintd.server.doors.websocket")
    for number in range(1000):
        door.warning("a WebSocket was refused: %s", number)
        logging.getLogger("inpaintd.server.hands").info("request %d accepted", number)
    text = path.read_text()
    assert text.count("refused") == ALIKE
    assert text.count("accepted") == 1000, "the daemon's own lines all count"


def test_after_a_while_it_says_how_many_were_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    limit = RateLimit()

    def line() -> logging.LogRecord:
        return logging.LogRecord(
            "inpaintd.server.doors.x", logging.WARNING, "", 0, "refused: %s", ("why",), None
        )

    assert sum(limit.filter(line()) for _ in range(50)) == ALIKE
    now[0] = daemon_log.ALIKE_SECONDS
    last = line()
    assert limit.filter(last)
    assert last.getMessage() == f"refused: why (and {50 - ALIKE} more lines like it)"


def test_each_line_is_a_json_object_on_request(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPAINTD_LOG_FORMAT", "json")
    monkeypatch.setenv("INPAINTD_LOG_LEVEL", "debug")
    start_log(path)
    log = logging.getLogger("inpaintd.server.hands")
    log.debug("request 1 denoising", extra={"facts": {"request": "1", "what": "denoising"}})
    try:
        int("a mistake")
    except ValueError:
        log.exception("it went wrong")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    mine = [line for line in lines if line["logger"] == log.name]
    assert mine[0] | {"time": 0} == {
        "time": 0,
        "level": "debug",
        "logger": log.name,
        "message": "request 1 denoising",
        "request": "1",
        "what": "denoising",
    }
    assert "ValueError: invalid literal" in mine[1]["traceback"]


def test_without_room_for_a_log_the_daemon_goes_on(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.parent.parent.mkdir(exist_ok=True)
    path.parent.write_text("a file, where the folder should be")
    start_log(path)
    assert "no log in" in capsys.readouterr().err
