"""The client against a scripted daemon on a real ROUTER."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inpaintd_protocol import PROTOCOL_VERSION, calls, following
from inpaintd_protocol import client as client_module
from inpaintd_protocol.client import Client, connect, new_request_id
from inpaintd_protocol.codec import decode_request, encode
from inpaintd_protocol.connection import write_connection
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import (
    Accepted,
    Attach,
    Cancel,
    Cancelled,
    Failed,
    Finished,
    GetStatus,
    Hello,
    Inpaint,
    ListModels,
    MakeMask,
    Message,
    ModelInfo,
    Models,
    Plan,
    Planned,
    Preview,
    Progress,
    ResultLayer,
    Shutdown,
    ShuttingDown,
    Status,
    Welcome,
)
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings, Settled

from .peers import PATIENCE_SECONDS, TRANSPORTS, Router

LAYER = Plane(2, 1, 4, "u8", b"RGBArgba")
MASK = Plane(2, 1, 1, "u8", b"\x00\xff")

Script = Callable[[Message], "list[Message]"]


def finished(request_id: str, model: str = "fake") -> Finished:
    return Finished(request_id, (ResultLayer(LAYER, (0, 0), 7),), MASK, (0, 0), model)


class Daemon:
    """Answers as its script says; `hello` by itself. Runs in a thread of its own."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.received: list[Message] = []
        self.hello_answer: Callable[[Hello], Message] = self.welcome
        self.router = Router()
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    @property
    def requests(self) -> list[Message]:
        return [message for message in self.received if not isinstance(message, Hello)]

    def welcome(self, hello: Hello) -> Welcome:
        proof = self.router.connection.proof(hello.nonce)
        return Welcome(hello.request_id, "fake", PROTOCOL_VERSION, proof)

    def dial(self, transport: str = "zmtp") -> Client:
        return Client(self.router.dial(transport), self.router.connection, "a test")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_SECONDS)
        self.router.close()
        assert self._failure is None, self._failure

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                if self.router.socket.poll(20):
                    client, frames = self.router.receive()
                    message = decode_request(frames)
                    self.received.append(message)
                    if isinstance(message, Hello):
                        answers = [self.hello_answer(message)]
                    else:
                        answers = self.script(message)
                    for answer in answers:
                        self.router.send(client, encode(answer))
        except BaseException as failure:
            self._failure = failure


Start = Callable[[Script], Daemon]


@pytest.fixture
def start() -> Iterator[Start]:
    daemons: list[Daemon] = []

    def start_daemon(script: Script) -> Daemon:
        daemons.append(Daemon(script))
        daemons[-1].start()
        return daemons[-1]

    yield start_daemon
    for daemon in daemons:
        daemon.stop()


def nothing(_message: Message) -> list[Message]:
    return []


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(InpaintError) as caught:
        call()
    return caught.value.code


# --------------------------------------------------------------------------------------- hello


def test_hello_comes_first_with_a_fresh_nonce(start: Start) -> None:
    daemon = start(nothing)
    with daemon.dial() as first, daemon.dial() as second:
        assert first.welcome.daemon == second.welcome.daemon == "fake"
    hellos = [message for message in daemon.received if isinstance(message, Hello)]
    assert [hello.client for hello in hellos] == ["a test"] * 2
    assert len({hello.nonce for hello in hellos}) == 2
    assert [len(hello.nonce) for hello in hellos] == [32, 32]


@pytest.mark.parametrize(
    "answer",
    [
        lambda welcome: replace(welcome, proof=bytes(32)),
        lambda welcome: replace(welcome, proof=welcome.proof[:-1]),
        lambda welcome: replace(welcome, proof=b""),
        lambda welcome: replace(welcome, proof=bytes(32), protocol=(9, 9)),
    ],
    ids=["zeros", "short", "empty", "with another version"],
)
@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
def test_a_port_squatter_gets_no_pixels(
    start: Start, answer: Callable[[Welcome], Message], transport: str
) -> None:
    daemon = start(nothing)
    daemon.hello_answer = lambda hello: answer(daemon.welcome(hello))

    def use() -> None:
        with daemon.dial(transport) as client:
            client.inpaint(LAYER)

    assert code_of(use) == "refused"
    daemon.stop()
    assert [type(message) for message in daemon.received] == [Hello]
    daemon.stop = lambda: None  # type: ignore[method-assign]  # already done


def test_the_proof_is_bound_to_the_nonce(start: Start) -> None:
    """A squatter that recorded the daemon's answer to another client gains nothing."""
    daemon = start(nothing)
    recorded = daemon.router.connection.proof(bytes(32))
    daemon.hello_answer = lambda hello: replace(daemon.welcome(hello), proof=recorded)
    assert code_of(daemon.dial) == "refused"


@pytest.mark.parametrize(
    ("theirs", "older"),
    [
        ((PROTOCOL_VERSION[0] + 1, 0), "program"),
        ((PROTOCOL_VERSION[0] - 1, 9), "daemon"),
    ],
)
def test_another_major_version(start: Start, theirs: tuple[int, int], older: str) -> None:
    daemon = start(nothing)
    daemon.hello_answer = lambda hello: replace(daemon.welcome(hello), protocol=theirs)
    with pytest.raises(InpaintError) as caught:
        daemon.dial()
    assert caught.value.code == "wrong_version"
    assert older in caught.value.hint


def test_a_newer_minor_version_of_the_daemon_is_fine(start: Start) -> None:
    daemon = start(nothing)
    theirs = (PROTOCOL_VERSION[0], PROTOCOL_VERSION[1] + 1)
    daemon.hello_answer = lambda hello: replace(daemon.welcome(hello), protocol=theirs)
    daemon.dial().close()


def test_an_older_minor_version_of_the_daemon_is_not(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would not know what this client may ask."""
    newer = (PROTOCOL_VERSION[0], PROTOCOL_VERSION[1] + 1)
    monkeypatch.setattr(client_module, "PROTOCOL_VERSION", newer)
    with pytest.raises(InpaintError, match="Update the daemon") as caught:
        start(nothing).dial()
    assert caught.value.code == "wrong_version"


def test_a_daemon_that_refuses_hello_says_why(start: Start) -> None:
    daemon = start(nothing)
    daemon.hello_answer = lambda hello: Failed(
        hello.request_id, "wrong_version", "Version 1.", "Update the plug-in."
    )
    assert code_of(daemon.dial) == "wrong_version"


def test_a_daemon_that_does_not_answer_hello(start: Start) -> None:
    daemon = start(nothing)
    daemon.hello_answer = lambda hello: Accepted(hello.request_id, 0)
    transport = daemon.router.dial("zmtp")
    assert (
        code_of(lambda: Client(transport, daemon.router.connection, "x", timeout_seconds=0.2))
        == "timed_out"
    )
    assert code_of(lambda: transport.receive(0)) == "disconnected"


# ------------------------------------------------------------------------------------- connect


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
def test_connect_reads_the_connection_file(start: Start, tmp_path: Path, transport: str) -> None:
    daemon = start(lambda message: [Models(message.request_id, ())])
    write_connection(tmp_path, daemon.router.connection)
    with connect(tmp_path, name="a test", transport=transport) as client:
        assert client.models().models == ()


def test_connect_looks_in_the_home_folder(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path))
    assert code_of(lambda: connect(name="a test")) == "not_running"
    write_connection(tmp_path, start(nothing).router.connection)
    connect(name="a test").close()


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
def test_connect_with_an_old_secret(start: Start, tmp_path: Path, transport: str) -> None:
    daemon = start(nothing)
    write_connection(tmp_path, replace(daemon.router.connection, secret="0" * 64))
    assert code_of(lambda: connect(tmp_path, name="x", transport=transport)) == "refused"
    assert daemon.received == []


def test_there_are_two_transports(start: Start, tmp_path: Path) -> None:
    write_connection(tmp_path, start(nothing).router.connection)
    with pytest.raises(ValueError, match="pigeon"):
        connect(tmp_path, name="x", transport="pigeon")


# ------------------------------------------------------------------------------ simple requests


def answers_to_simple_requests(message: Message) -> list[Message]:
    id_ = message.request_id
    match message:
        case Plan():
            return [Planned(id_, message.bounds.grown(Settled.of(message.settings).context_pixels))]
        case ListModels():
            return [Models(id_, (ModelInfo("m", "M", "e", installed=True),))]
        case GetStatus():
            return [Status(id_, "fake", 1, 0.0, 0, "tcp://")]
        case Shutdown():
            return [ShuttingDown(id_)]
    raise AssertionError(message)


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
def test_simple_requests(start: Start, transport: str) -> None:
    with start(answers_to_simple_requests).dial(transport) as client:
        whole, hole = Rectangle(0, 0, 900, 900), Rectangle(100, 100, 50, 40)
        assert client.plan(whole, hole) == Rectangle(36, 36, 178, 168)
        assert client.plan(whole, hole, Settings(context_pixels=0)) == hole
        assert [model.name for model in client.models().models] == ["m"]
        assert client.status().daemon == "fake"
        client.shutdown()


def test_a_simple_request_that_fails(start: Start) -> None:
    def script(message: Message) -> list[Message]:
        return [Failed(message.request_id, "busy", "Busy.", "Wait.", True, 2.5)]

    with start(script).dial() as client, pytest.raises(InpaintError) as caught:
        client.models()
    error = caught.value
    assert (error.code, error.message, error.hint) == ("busy", "Busy.", "Wait.")
    assert (error.retriable, error.retry_after_seconds) == (True, 2.5)


def test_a_simple_request_without_an_answer(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ANSWER_SECONDS", 0.1)
    late: list[Message] = []

    def script(message: Message) -> list[Message]:
        late.append(Models(message.request_id, ()))
        return [] if len(late) == 1 else late

    with start(script).dial() as client:
        assert code_of(client.models) == "timed_out"
        monkeypatch.setattr(calls, "ANSWER_SECONDS", PATIENCE_SECONDS)
        client.models()
        assert client.poll(0) is None, "the late answer to the first is nobody's any more"


# ---------------------------------------------------------------------------------------- jobs


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
def test_an_inpainting_with_progress_and_previews(start: Start, transport: str) -> None:
    def script(message: Message) -> list[Message]:
        id_ = message.request_id
        return [
            Accepted(id_, 0),
            Progress(id_, "loading", 0.0),
            Preview(id_, 0, (0, 0), (2, 1), LAYER),
            Progress(id_, "denoising", 0.5, 1, 2),
            finished(id_),
        ]

    daemon = start(script)
    progress: list[Progress] = []
    previews: list[Preview] = []
    with daemon.dial(transport) as client:
        answer = client.inpaint(
            LAYER,
            Settings(prompt="grass"),
            offset=(3, 4),
            mask=MASK,
            on_disconnect="keep",
            request_id="mine",
            on_progress=progress.append,
            on_preview=previews.append,
        )
    assert answer == finished("mine")
    assert [p.phase for p in progress] == ["loading", "denoising"]
    assert [p.pixels for p in previews] == [LAYER]
    assert daemon.requests == [
        Inpaint("mine", LAYER, Settings(prompt="grass"), (3, 4), MASK, "keep")
    ]


def test_a_mask(start: Start) -> None:
    daemon = start(lambda message: [Finished(message.request_id, (), MASK, (3, 4), "")])
    with daemon.dial() as client:
        answer = client.mask(LAYER, Settings(grow_pixels=1), offset=(3, 4), mask=MASK)
    assert (answer.mask, answer.mask_offset) == (MASK, (3, 4))
    (request,) = daemon.requests
    assert request == MakeMask(
        request.request_id, LAYER, Settings(grow_pixels=1), (3, 4), MASK, "cancel"
    )


def test_attach(start: Start) -> None:
    def script(message: Message) -> list[Message]:
        if message.request_id == "lost":
            return [Failed("lost", "unknown_request", "Unknown.")]
        return [Accepted(message.request_id, 0), finished(message.request_id)]

    daemon = start(script)
    with daemon.dial() as client:
        assert client.attach("kept") == finished("kept")
        assert code_of(lambda: client.attach("lost")) == "unknown_request"
    assert daemon.requests == [Attach("kept"), Attach("lost")]


def test_a_failed_request(start: Start) -> None:
    def script(message: Message) -> list[Message]:
        return [Failed(message.request_id, "empty_mask", "Nothing to repaint.")]

    with start(script).dial() as client:
        assert code_of(lambda: client.inpaint(LAYER)) == "empty_mask"


def test_cancelling_waits_for_the_terminal_answer(start: Start) -> None:
    def script(message: Message) -> list[Message]:
        id_ = message.request_id
        if isinstance(message, Cancel):
            return [Progress(id_, "denoising", 0.5), Cancelled(id_)]
        return [Accepted(id_, 0)]

    daemon = start(script)
    asked = itertools.count()
    seen: list[Progress] = []
    with daemon.dial() as client:
        code = code_of(
            lambda: client.inpaint(
                LAYER,
                request_id="mine",
                should_cancel=lambda: next(asked) >= 3,
                on_progress=seen.append,
            )
        )
        assert code == "cancelled"
        assert client.poll(0) is None
    assert daemon.requests[1:] == [Cancel("mine")]
    assert len(seen) == 1, "progress between the cancellation and the end is still reported"


def test_cancelled_by_somebody_else(start: Start) -> None:
    with start(lambda message: [Cancelled(message.request_id)]).dial() as client:
        assert code_of(lambda: client.inpaint(LAYER)) == "cancelled"


def test_a_cancellation_that_comes_too_late_changes_nothing(start: Start) -> None:
    """The daemon answers it with the stored end once more, which must not confuse anybody."""

    def script(message: Message) -> list[Message]:
        if isinstance(message, GetStatus):
            return answers_to_simple_requests(message)
        return [finished(message.request_id)]

    daemon = start(script)
    with daemon.dial() as client:
        answer = client.inpaint(LAYER, request_id="mine", should_cancel=lambda: True)
        assert answer == finished("mine")
        client.status()
        assert client.poll(0) is None
        assert client.attach("mine") == finished("mine")
    assert Cancel("mine") in daemon.requests


@pytest.mark.parametrize("on_disconnect", ["cancel", "keep"])
def test_a_request_that_takes_too_long(start: Start, on_disconnect: str) -> None:
    def script(message: Message) -> list[Message]:
        id_ = message.request_id
        match message:
            case Cancel():
                return [Progress(id_, "denoising", 0.6), Cancelled(id_)]
            case Attach():
                return [finished(id_)]
            case GetStatus():
                return answers_to_simple_requests(message)
        return [Progress(id_, "denoising", 0.5)]

    daemon = start(script)
    with daemon.dial() as client:
        code = code_of(
            lambda: client.inpaint(
                LAYER, request_id="mine", timeout_seconds=0.2, on_disconnect=on_disconnect
            )
        )
        assert code == "timed_out"
        client.status()
        assert client.poll(0) is None, "what comes late is nobody's"
        assert client.attach("mine") == finished("mine")
    assert (Cancel("mine") in daemon.requests) == (on_disconnect == "cancel")


def test_a_daemon_that_falls_silent(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "SILENCE_SECONDS", 0.2)
    with start(nothing).dial() as client, pytest.raises(InpaintError, match="silent") as caught:
        client.inpaint(LAYER)
    assert caught.value.code == "timed_out"


def test_a_callback_that_raises_cancels_the_request(start: Start) -> None:
    def script(message: Message) -> list[Message]:
        id_ = message.request_id
        match message:
            case Cancel():
                return [Cancelled(id_)]
            case GetStatus():
                return answers_to_simple_requests(message)
        return [Progress(id_, "denoising", 0.5)]

    def interrupt(_progress: Progress) -> None:
        raise KeyboardInterrupt

    daemon = start(script)
    with daemon.dial() as client:
        with pytest.raises(KeyboardInterrupt):
            client.inpaint(LAYER, request_id="mine", on_progress=interrupt)
        client.status()
        assert client.poll(0) is None
    assert Cancel("mine") in daemon.requests


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
def test_a_daemon_that_goes_away(start: Start, transport: str) -> None:
    daemon = start(lambda message: [Accepted(message.request_id, 0)])

    def go(_progress: object = None) -> bool:
        if daemon.requests:
            daemon.stop()
            daemon.stop = lambda: None  # type: ignore[method-assign]
        return False

    with daemon.dial(transport) as client:
        assert code_of(lambda: client.inpaint(LAYER, should_cancel=go)) == "disconnected"


# ------------------------------------------------------------------------- several at a time


def test_interleaved_answers_are_sorted_by_request(start: Start) -> None:
    waiting: list[str] = []

    def script(message: Message) -> list[Message]:
        if isinstance(message, Plan):
            return answers_to_simple_requests(message)
        waiting.append(message.request_id)
        if len(waiting) < 3:
            return [Accepted(message.request_id, len(waiting) - 1)]
        b, c, a = waiting
        return [
            Progress(b, "denoising", 0.1),
            Progress(a, "denoising", 0.2),
            Progress(c, "denoising", 0.3),
            finished(c, "c"),
            finished(a, "a"),
            finished(b, "b"),
        ]

    seen: list[Progress] = []
    with start(script).dial() as client:
        client.submit(Inpaint("b", LAYER))
        client.submit(Inpaint("c", LAYER))
        assert client.plan(Rectangle(0, 0, 9, 9), Rectangle(0, 0, 9, 9)).width == 137
        answer = client.inpaint(LAYER, request_id="a", on_progress=seen.append)
        assert answer == finished("a", "a")
        assert [p.fraction for p in seen] == [0.2]
        others = [client.poll(PATIENCE_SECONDS) for _ in range(6)]
        assert client.poll(0) is None
    assert others == [
        Accepted("b", 0),
        Accepted("c", 1),
        Progress("b", "denoising", 0.1),
        Progress("c", "denoising", 0.3),
        finished("c", "c"),
        finished("b", "b"),
    ]


def test_a_submitted_request_can_be_waited_for_later(start: Start) -> None:
    with start(lambda message: [finished(message.request_id)]).dial() as client:
        client.submit(Inpaint("first", LAYER))
        client.inpaint(LAYER)
        assert client.poll(PATIENCE_SECONDS) == finished("first")


def test_the_descriptor_serves_an_event_loop(start: Start) -> None:
    import select

    with start(lambda message: [finished(message.request_id)]).dial() as client:
        client.submit(Inpaint("mine", LAYER))
        answer = None
        while answer is None:
            assert select.select([client.fileno()], [], [], PATIENCE_SECONDS)[0]
            answer = client.poll()
        assert answer == finished("mine")


def test_answers_of_a_kind_that_a_newer_daemon_knows_are_passed_over(start: Start) -> None:
    def script(message: Message) -> list[Message]:
        news = replace(finished(message.request_id))
        object.__setattr__(news, "type", "news")
        return [news, finished(message.request_id)]

    with start(script).dial() as client:
        assert client.inpaint(LAYER, request_id="mine") == finished("mine")


def test_what_cannot_be_sent_is_not_sent(start: Start) -> None:
    daemon = start(nothing)
    with daemon.dial() as client:
        huge = Plane(20_000, 10_000, 4, "u8", b"")
        assert code_of(lambda: client.inpaint(huge)) == "too_large"
    assert daemon.requests == []


def test_request_ids_do_not_repeat() -> None:
    ids = {new_request_id() for _ in range(100)}
    assert len(ids) == 100
    assert {len(id_) for id_ in ids} == {32}
