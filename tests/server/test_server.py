"""A real daemon, real sockets, real worker processes."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgpack
import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

from inpaintd_protocol import codec, limits
from inpaintd_protocol.client import Client
from inpaintd_protocol.connection import USER, read_connection
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Attach, Failed, Finished, Inpaint, ListModels
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings
from tests.running import ROOT, Daemon, alive, eventually, running_daemon


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon for tests that leave it as it was."""
    with running_daemon(tmp_path_factory.mktemp("shared") / "home") as running:
        yield running


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with running_daemon(tmp_path / "home") as running:
        yield running


def layer(width: int = 24, height: int = 16) -> Plane:
    """Grey, with one transparent row."""
    opaque, clear = b"\x80\x80\x80\xff", b"\x80\x80\x80\x00"
    return Plane(width, height, 4, "u8", clear * width + opaque * (width * (height - 1)))


def settings(model: str) -> Settings:
    return Settings(model=model, seed=1)


def begin(
    client: Client,
    model: str,
    request_id: str,
    on_disconnect: str = "cancel",
    phase: str = "denoising",
) -> None:
    """Submit a request and return as soon as the worker is at it."""
    client.submit(
        Inpaint(request_id, layer=layer(), settings=settings(model), on_disconnect=on_disconnect)
    )
    eventually(
        lambda: any(
            (r.request_id, r.phase) == (request_id, phase) for r in client.status().requests
        ),
        "the request runs",
    )


def outcome(client: Client, request_id: str) -> Finished | InpaintError:
    try:
        return client.attach(request_id, timeout_seconds=30)
    except InpaintError as error:
        return error


def test_the_connection_file_is_for_this_user_only(shared: Daemon) -> None:
    file = shared.home / "connection.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(shared.home.stat().st_mode) == 0o700
    assert read_connection(shared.home).secret not in shared.log


@pytest.mark.parametrize("transport", ["zmq", "zmtp"])
def test_a_hole_is_filled(daemon: Daemon, transport: str) -> None:
    with daemon.connect(transport=transport) as client:
        answer = client.inpaint(layer(), settings("identity"), offset=(7, 9))
        (result,) = answer.layers
        assert (result.offset, result.pixels.width, result.pixels.height) == ((7, 9), 24, 1)
        assert bytes(result.pixels.data) == b"\x80\x80\x80\xff" * 24
        assert client.status().finished == 1


def test_plan_needs_no_worker_and_warms_one(daemon: Daemon) -> None:
    with daemon.connect() as client:
        client.plan(Rectangle(0, 0, 8000, 6000), Rectangle(4000, 3000, 200, 200))
        eventually(lambda: len(client.status().workers) == 1, "a worker gets ready")


def test_plan_knows_what_its_model_wants_unless_the_user_says_otherwise(shared: Daemon) -> None:
    canvas, hole = Rectangle(0, 0, 8000, 6000), Rectangle(4000, 3000, 200, 200)
    with shared.connect() as client:
        assert client.plan(canvas, hole, Settings(model="patchmatch")) == hole.grown(200)
        near = Settings(model="patchmatch", context_factor=0.0, context_pixels=30)
        assert client.plan(canvas, hole, near) == hole.grown(30)


def test_an_unknown_model_is_refused_at_once_with_near_names(daemon: Daemon) -> None:
    with daemon.connect() as client:
        with pytest.raises(InpaintError, match="patchmatch") as refusal:
            client.inpaint(layer(), Settings(model="pachmatch"))
        assert refusal.value.code == "unknown_model"
        assert not client.status().workers


@pytest.mark.parametrize("mechanism", ["PLAIN", "NULL"])
def test_a_peer_without_the_secret_delivers_nothing(daemon: Daemon, mechanism: str) -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        if mechanism == "PLAIN":
            socket.plain_username = USER
            socket.plain_password = b"0" * 64
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_CLOSED)
        socket.connect(read_connection(daemon.home).endpoint)
        socket.send_multipart(
            codec.encode(Inpaint("x", layer=layer(), settings=settings("identity")))
        )
        events = [recv_monitor_message(monitor)["event"] for _ in range(2) if monitor.poll(1000)]
        assert zmq.EVENT_HANDSHAKE_SUCCEEDED not in events
        socket.disable_monitor()
        monitor.close()
    with daemon.connect() as client:
        status = client.status()
        assert not status.requests
        assert status.finished + status.failed == 0


def test_a_second_daemon_leaves_the_first_alone(daemon: Daemon) -> None:
    before = read_connection(daemon.home)
    with (daemon.home / "second.log").open("wb") as log:
        second = subprocess.run(
            [*daemon.process.args],
            stderr=log,
            timeout=30,
            check=False,  # type: ignore[misc]
        )
    assert second.returncode == 0
    assert b"already running" in (daemon.home / "second.log").read_bytes()
    assert read_connection(daemon.home) == before


def raw(daemon: Daemon, *frames: bytes) -> Failed:
    """Send these very frames past our client, through libzmq; the daemon's answer."""
    connection = read_connection(daemon.home)
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.plain_username, socket.plain_password = USER, connection.password
        socket.connect(connection.endpoint)
        socket.send_multipart(frames)
        assert socket.poll(5000), "the daemon answers"
        answer = codec.decode_answer(socket.recv_multipart())
    assert isinstance(answer, Failed)
    return answer


def header(**fields: object) -> bytes:
    packed: bytes = msgpack.packb(fields)
    return packed


PLANE = {"width": 2, "height": 2, "channels": 4, "depth": "u8", "frame": 0}


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ((b"",), "bad_message"),
        ((b"GET / HTTP/1.1",), "bad_message"),
        ((b"\x00" * (limits.HEADER_BYTES + 1),), "too_large"),
        ((header(type="paint", request_id="1"),), "unknown_message"),
        ((header(type="inpaint", request_id="1"),), "bad_message"),
        ((header(type="inpaint", request_id="1", layer=PLANE), b"\x00" * 15), "bad_frames"),
        ((header(type="inpaint", request_id="1", layer=PLANE), b"\x00" * 17), "bad_frames"),
        ((header(type="inpaint", request_id="1", layer=PLANE),), "bad_frames"),
        ((header(type="inpaint", request_id="1", layer=PLANE), b"\x00" * 16, b""), "bad_frames"),
        ((header(type="inpaint", request_id="1", layer=PLANE | {"depth": "u4"}),), "bad_message"),
        ((header(type="inpaint", request_id="1", layer=PLANE | {"width": 0}), b""), "bad_message"),
        (
            (
                header(
                    type="inpaint", request_id="1", layer=PLANE | {"width": 1 << 19, "height": 400}
                ),
                b"",
            ),
            "too_large",
        ),
        (
            (header(type="hello", request_id="1", client="x", nonce=b"", protocol=[2, 0]),),
            "wrong_version",
        ),
    ],
)
def test_bad_messages_are_answered_and_harm_nobody(
    shared: Daemon, frames: tuple[bytes, ...], code: str
) -> None:
    answer = raw(shared, *frames)
    assert answer.code == code
    assert answer.message.endswith(".")
    with shared.connect() as client:
        assert client.inpaint(layer(), settings("identity")).layers


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Inpaint("no hole", layer=Plane(2, 2, 3, "u8", bytes(12))), "empty_mask"),
        (Inpaint("opaque", layer=Plane(2, 2, 4, "u8", b"\xff" * 16)), "empty_mask"),
        (
            Inpaint(
                "two sizes",
                layer=Plane(2, 2, 3, "u8", bytes(12)),
                mask=Plane(3, 2, 1, "u8", b"\xff" * 6),
            ),
            "size_mismatch",
        ),
        (Inpaint("no number", layer=Plane(1, 1, 4, "f32", b"\x00\x00\xc0\x7f" * 4)), "bad_pixels"),
    ],
)
def test_impossible_requests_get_a_sentence_with_a_remedy(
    shared: Daemon, request_: Inpaint, code: str
) -> None:
    with shared.connect() as client:
        client.submit(request_)
        error = outcome(client, request_.request_id)
        assert isinstance(error, InpaintError)
        assert (error.code, bool(error.hint)) == (code, True)


def test_a_repeated_id_is_not_run_twice(daemon: Daemon) -> None:
    with daemon.connect() as client:
        first = client.inpaint(layer(), Settings(model="noise"), request_id="same")
        second = client.inpaint(layer(), Settings(model="noise"), request_id="same")
        assert first.layers[0].seed == second.layers[0].seed
        assert client.status().finished == 1


def test_cancelling_an_engine_that_listens(daemon: Daemon) -> None:
    with daemon.connect() as client:
        begin(client, "slow", "1")
        (worker,) = client.status().workers
        client.cancel("1")
        error = outcome(client, "1")
        assert isinstance(error, InpaintError)
        assert error.code == "cancelled"
        assert [w.pid for w in client.status().workers] == [worker.pid], "the worker goes on"


def test_cancelling_an_engine_that_hangs_ends_its_worker(daemon: Daemon) -> None:
    with daemon.connect() as client:
        begin(client, "hang", "1", phase="preparing")
        (worker,) = client.status().workers
        client.cancel("1")
        error = outcome(client, "1")
        assert isinstance(error, InpaintError)
        assert error.code == "cancelled"
        eventually(lambda: not alive(worker.pid), "the worker is gone")
        assert client.inpaint(layer(), settings("identity")).layers


@pytest.mark.parametrize("transport", ["zmq", "zmtp"])
def test_a_client_that_goes_away_frees_its_worker(daemon: Daemon, transport: str) -> None:
    client = daemon.connect(transport=transport)
    begin(client, "slow", "1")
    client.close()
    with daemon.connect() as other:
        eventually(lambda: not other.status().requests, "the request is given up")
        assert other.status().cancelled == 1


def test_a_client_killed_in_the_middle_frees_its_worker(daemon: Daemon) -> None:
    script = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[2])\n"
        "from tests.server.test_server import begin\n"
        "from inpaintd_protocol.client import connect\n"
        "client = connect(pathlib.Path(sys.argv[1]), name='victim')\n"
        "begin(client, 'slow', '1'); print('running', flush=True)\n"
        "client.attach('1')\n"
    )
    victim = subprocess.Popen(
        [sys.executable, "-c", script, str(daemon.home), str(ROOT)], stdout=subprocess.PIPE
    )
    assert victim.stdout is not None
    with victim.stdout:
        assert victim.stdout.readline() == b"running\n"
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    with daemon.connect() as client:
        eventually(lambda: not client.status().requests, "the request is given up")


def test_a_kept_request_outlives_its_client(daemon: Daemon) -> None:
    with daemon.connect() as client:
        client.submit(Inpaint("1", layer=layer(), settings=settings("noise"), on_disconnect="keep"))
        client.status()  # so that the request has arrived
    with daemon.connect() as client:
        assert isinstance(outcome(client, "1"), Finished)


def test_a_worker_killed_in_the_middle_is_replaced_and_nothing_is_lost(daemon: Daemon) -> None:
    with daemon.connect() as client:
        begin(client, "slow", "1")
        os.kill(client.status().workers[0].pid, signal.SIGKILL)
        assert isinstance(outcome(client, "1"), Finished)


def test_an_engine_that_crashes_fails_its_request_alone(daemon: Daemon) -> None:
    with daemon.connect() as client:
        with pytest.raises(InpaintError) as failure:
            client.inpaint(layer(), settings("crash"))
        assert failure.value.code == "worker_died"
        assert client.inpaint(layer(), settings("identity")).layers


def test_stopping_answers_everybody(daemon: Daemon) -> None:
    with daemon.connect() as first, daemon.connect() as second:
        begin(first, "slow", "1")
        second.submit(Inpaint("2", layer=layer(), settings=settings("slow")))
        second.status()
        first.shutdown()
        ends = [outcome_without_attach(first, "1"), outcome_without_attach(second, "2")]
    assert ends == ["shutting_down", "shutting_down"]
    assert daemon.process.wait(30) == 0
    assert not (daemon.home / "connection.json").exists()


def outcome_without_attach(client: Client, request_id: str) -> str:
    for _ in range(1000):
        message = client.poll(0.1)
        if isinstance(message, Failed) and message.request_id == request_id:
            return message.code
    return "nothing"


def test_a_daemon_killed_in_the_middle_takes_its_worker_along_and_keeps_kept_work(
    tmp_path: Path,
) -> None:
    with running_daemon(tmp_path / "home") as first:
        client = first.connect()
        done = client.inpaint(layer(), settings("noise"), request_id="done", on_disconnect="keep")
        begin(client, "slow", "undone", on_disconnect="keep")
        worker = client.status().workers[0].pid
        first.kill()
        client.close()
        eventually(lambda: not alive(worker), "the worker ends by itself")
    with running_daemon(tmp_path / "home") as second, second.connect() as client:
        again = outcome(client, "done")
        assert isinstance(again, Finished)
        assert bytes(again.layers[0].pixels.data) == bytes(done.layers[0].pixels.data)
        assert isinstance(outcome(client, "undone"), Finished)


def test_an_idle_worker_is_given_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_daemon(home, keep_alive_seconds=0.3) as daemon, daemon.connect() as client:
        client.inpaint(layer(), settings("identity"))
        (worker,) = client.status().workers
        eventually(lambda: not client.status().workers, "the worker is given back")
        assert not alive(worker.pid)


@contextmanager
def slow_reader(daemon: Daemon) -> Iterator[zmq.Socket[bytes]]:
    """A libzmq client that takes hardly anything off the wire unless it is read from."""
    connection = read_connection(daemon.home)
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.rcvhwm = 1
        socket.rcvbuf = 4096
        socket.plain_username, socket.plain_password = USER, connection.password
        socket.connect(connection.endpoint)
        yield socket


def test_what_waited_for_a_slow_reader_comes_even_when_nothing_else_happens(
    daemon: Daemon,
) -> None:
    with slow_reader(daemon) as socket:
        for number in range(300):
            socket.send_multipart(codec.encode(ListModels(str(number))))
        time.sleep(1.0)  # the daemon answers until nothing more goes in, then sleeps
        for number in range(300):
            assert socket.poll(5000), f"{number} answers came"
            assert codec.decode_answer(socket.recv_multipart()).request_id == str(number)


def test_a_client_that_floods_and_never_reads_waits_and_delays_nobody(daemon: Daemon) -> None:
    with slow_reader(daemon) as flood, daemon.connect() as client:
        before = client.status().resident_bytes
        question = codec.encode(ListModels("f"))
        sent = 0
        for _ in range(20_000):
            with suppress(zmq.Again):
                flood.send_multipart(question, zmq.DONTWAIT)
                sent += 1
        assert client.inpaint(layer(), settings("identity")).layers
        assert client.status().resident_bytes - before < 24 << 20
        assert sent > 100


def test_every_one_of_many_requests_is_answered_once(tmp_path: Path) -> None:
    """300 requests from 6 clients at once, through 2 workers, more than the queue holds."""
    answers: Counter[str] = Counter()
    lock = threading.Lock()

    def work(daemon: Daemon, number: int) -> None:
        with daemon.connect(name=f"client {number}") as client:
            waiting = {f"{number}-{k}" for k in range(50)}
            for request_id in sorted(waiting):
                client.submit(Inpaint(request_id, layer=layer(), settings=settings("identity")))
            while waiting:
                message = client.poll(20.0)
                assert message is not None
                if isinstance(message, Failed):
                    assert message.code == "busy"
                    again = Inpaint(
                        message.request_id, layer=layer(), settings=settings("identity")
                    )
                    client.submit(again)
                elif isinstance(message, Finished):
                    with lock:
                        answers[message.request_id] += 1
                    waiting.remove(message.request_id)

    with running_daemon(tmp_path / "home", workers=2) as daemon:
        threads = [threading.Thread(target=work, args=(daemon, n)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with daemon.connect() as client:
            assert client.status().finished == 300
    assert answers == Counter({f"{n}-{k}": 1 for n in range(6) for k in range(50)})


def test_attaching_to_nothing_says_so(shared: Daemon) -> None:
    with shared.connect() as client:
        client.submit(Attach("never heard of"))
        message = client.poll(5.0)
        assert isinstance(message, Failed)
        assert message.code == "unknown_request"
