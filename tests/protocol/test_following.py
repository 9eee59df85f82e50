"""The follower of a request, told what came and what time it is."""

from __future__ import annotations

import ast
import math
import sys
from pathlib import Path

import pytest

from inpaintd_protocol import following
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.following import (
    SILENCE_SECONDS,
    UNMEASURED,
    End,
    Follower,
    SendAgain,
    Silence,
    Tell,
    phase_word,
)
from inpaintd_protocol.messages import (
    Accepted,
    Cancel,
    Cancelled,
    Failed,
    Finished,
    Message,
    ModelDone,
    Planned,
    Preview,
    Progress,
)
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

NOW = 1000.0
LAYER = Plane(1, 1, 4, "u8", b"RGBA")


def finished(request_id: str = "mine") -> Finished:
    return Finished(request_id, (), Plane(1, 1, 1, "u8", b"\xff"), (0, 0), "fake")


ENDS = [finished(), Failed("mine", "engine_failed", "It broke.", "Mend it."), Cancelled("mine")]
NEWS = [
    Accepted("mine", 2),
    Progress("mine", "denoising", 0.5, 1, 2),
    Preview("mine", 0, (0, 0), (1, 1), LAYER),
    Planned("mine", Rectangle(0, 0, 1, 1)),
]


def follower() -> Follower[Finished]:
    return Follower("mine", Finished, silence=Silence(NOW))


# ----------------------------------------------------------------------------- news and the end


@pytest.mark.parametrize("message", NEWS, ids=lambda message: message.type)
def test_news_are_told_and_end_nothing(message: Message) -> None:
    one = follower()
    assert one.take(message, NOW) == Tell(message)
    assert one.answer is None


@pytest.mark.parametrize("message", ENDS, ids=lambda message: message.type)
@pytest.mark.parametrize("later", [*NEWS, *ENDS], ids=lambda message: message.type)
def test_there_is_one_end_and_nothing_after_it(message: Message, later: Message) -> None:
    one = follower()
    assert one.take(message, NOW) == End(message)
    assert one.take(later, NOW + 1) is None
    assert one.answer is message


@pytest.mark.parametrize("code", ["engine_failed", "busy"])
def test_messages_about_another_request_are_not_ours(code: str) -> None:
    one = follower()
    assert one.take(finished("another"), NOW) is None
    assert one.take(Failed("another", code, "No."), NOW) is None
    assert one.answer is None


def test_what_is_expected_depends_on_the_request() -> None:
    planned, done = Planned("mine", Rectangle(0, 0, 9, 9)), ModelDone("mine", "a", "")
    assert Follower("mine", Planned).take(planned, NOW) == End(planned)
    assert Follower("mine", ModelDone).take(done, NOW) == End(done)
    assert Follower("mine", ModelDone).take(planned, NOW) == Tell(planned)


def test_the_result_of_a_request_that_went_well() -> None:
    one = follower()
    one.take(finished(), NOW)
    assert one.result() == finished()


def test_the_result_of_one_that_did_not() -> None:
    one = follower()
    one.take(ENDS[1], NOW)
    with pytest.raises(InpaintError, match=r"It broke\. Mend it\.") as caught:
        one.result()
    assert caught.value.code == "engine_failed"


def test_the_result_of_a_cancelled_one() -> None:
    one = follower()
    one.take(Cancelled("mine"), NOW)
    with pytest.raises(InpaintError) as caught:
        one.result()
    assert caught.value.code == "cancelled"


def test_there_is_no_result_before_the_end() -> None:
    with pytest.raises(RuntimeError):
        follower().result()


def test_a_cancelled_request_still_has_its_end_to_come() -> None:
    one = follower()
    assert not one.cancelling
    assert one.cancel() == Cancel("mine")
    assert one.cancelling
    assert one.take(NEWS[1], NOW) == Tell(NEWS[1])
    assert one.take(finished(), NOW) == End(finished()), "it was done before it was cancelled"
    assert one.result() == finished()


# -------------------------------------------------------------------------- failures that pass


@pytest.mark.parametrize("code", ["busy", "shutting_down"])
def test_a_failure_that_passes_is_no_end_where_requests_are_sent_again(code: str) -> None:
    failure = Failed("mine", code, "Not now.", retriable=True, retry_after_seconds=2.5)
    patient = Follower("mine", Finished, sends_again=True)
    assert patient.take(failure, NOW) == SendAgain(failure)
    assert patient.take(failure, NOW) == SendAgain(failure), "as often as need be"
    assert patient.take(finished(), NOW) == End(finished())
    assert follower().take(failure, NOW) == End(failure)


def test_a_failure_that_stays_is_an_end_everywhere() -> None:
    patient = Follower("mine", Finished, sends_again=True)
    assert patient.take(ENDS[1], NOW) == End(ENDS[1])
    newer = Failed("mine", "code_of_tomorrow", "Hm.")
    assert Follower("mine", Finished, sends_again=True).take(newer, NOW) == End(newer)


# ------------------------------------------------------------------------------ time and silence


def test_a_daemon_that_falls_silent_is_given_up() -> None:
    one = follower()
    assert one.seconds_left(NOW) == SILENCE_SECONDS
    assert one.overdue(NOW + SILENCE_SECONDS - 0.1) is None
    assert one.overdue(NOW + SILENCE_SECONDS) == "silent"
    assert one.seconds_left(NOW + SILENCE_SECONDS + 1) == 0


def test_news_break_the_silence() -> None:
    one = follower()
    one.take(NEWS[0], NOW + 20)
    assert one.overdue(NOW + SILENCE_SECONDS) is None
    assert one.seconds_left(NOW + SILENCE_SECONDS) == 20
    assert one.overdue(NOW + 20 + SILENCE_SECONDS) == "silent"


def test_messages_about_another_request_do_not_break_it() -> None:
    one = follower()
    one.take(finished("another"), NOW + 20)
    assert one.overdue(NOW + SILENCE_SECONDS) == "silent"


def test_a_shared_silence_is_broken_for_all() -> None:
    silence = Silence(NOW)
    one = Follower("mine", Finished, silence=silence)
    another = Follower("another", Finished, silence=silence)
    another.take(Accepted("another", 0), NOW + 20)
    assert one.overdue(NOW + SILENCE_SECONDS) is None
    assert silence.seconds_left(NOW + SILENCE_SECONDS) == 20


def test_a_request_has_its_own_time_however_talkative_the_daemon() -> None:
    one = Follower("mine", Finished, silence=Silence(NOW), late_at=NOW + 5)
    one.take(NEWS[1], NOW + 4)
    assert one.seconds_left(NOW + 4) == 1
    assert one.overdue(NOW + 4.9) is None
    assert one.overdue(NOW + 5) == "late"


def test_nothing_is_overdue_once_it_has_ended() -> None:
    one = Follower("mine", Finished, silence=Silence(NOW), late_at=NOW + 5)
    one.take(finished(), NOW)
    assert one.overdue(NOW + 1e6) is None


def test_without_a_limit_it_is_worth_waiting_for_ever() -> None:
    one = Follower("mine", ModelDone)
    assert one.seconds_left(NOW) == math.inf
    assert one.overdue(NOW + 1e9) is None


# ----------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("progress", "word"),
    [
        (Progress("mine", "denoising", 0.4, step=1, steps=9), "denoising"),
        (Progress("mine", "denoising", 0.4), UNMEASURED),
        (Progress("mine", "loading", 0.0), "loading"),
        (Progress("mine", "a phase of tomorrow", 0.0), "a phase of tomorrow"),
    ],
)
def test_phases_in_a_word(progress: Progress, word: str) -> None:
    assert phase_word(progress) == word


# ----------------------------------------------------------------------------------------- purity


def test_it_has_no_socket_thread_or_clock() -> None:
    tree = ast.parse(Path(following.__file__).read_text(encoding="utf-8"))
    found = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    assert found <= sys.stdlib_module_names
    assert not found & {"socket", "select", "threading", "asyncio", "time", "datetime"}
