"""Admission to the WebSocket, without sockets."""

from __future__ import annotations

import logging

import pytest

from inpaintd.server.doors.websocket_admission import RefusalLog


def test_each_reason_is_logged_once_a_minute_with_how_many_there_were(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    refusals = RefusalLog(lambda: now)
    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            refusals.add("No token.")
        refusals.add("Too many.")
        now = 61.0
        refusals.add("No token.")
    assert [
        record.getMessage().removeprefix("a WebSocket was refused: ") for record in caplog.records
    ] == [
        "No token.",
        "Too many.",
        "No token. (999 more since the last message)",
    ]
