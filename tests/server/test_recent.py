"""The latest terminal answers, held in memory."""

from __future__ import annotations

import pytest

from inpaintd.server import recent
from inpaintd.server.recent import RecentAnswers
from inpaintd_protocol.messages import Cancelled, Finished, ResultLayer
from inpaintd_protocol.plane import Plane


def finished(request_id: str, side: int) -> Finished:
    pixels = Plane(side, side, 4, "u8", bytes(side * side * 4))
    mask = Plane(1, 1, 1, "u8", b"\xff")
    layers = (ResultLayer(pixels, (0, 0), seed=0),)
    return Finished(request_id, layers=layers, mask=mask, mask_offset=(0, 0), model="m")


def test_the_oldest_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST_ANSWERS", 2)
    answers = RecentAnswers()
    for name in "abc":
        answers.put(Cancelled(name))
    assert [answers.get(name) for name in "abc"] == [None, Cancelled("b"), Cancelled("c")]


def test_the_oldest_go_when_they_are_too_big_and_the_newest_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recent, "MOST_BYTES", 1000)
    answers = RecentAnswers()
    answers.put(finished("small", 8))
    answers.put(finished("big", 32))
    assert answers.get("small") is None
    assert answers.get("big") is not None
    answers.put(finished("small", 8))
    assert answers.get("big") is None
    answers.put(finished("small again", 8))
    assert answers.get("small") is not None, "what was forgotten no longer counts"


def test_an_answer_given_again_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST_BYTES", 1000)
    answers = RecentAnswers()
    for _ in range(9):
        answers.put(finished("a", 8))
    answers.put(finished("b", 8))
    assert answers.get("a") is not None
