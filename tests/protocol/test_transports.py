"""Both transports against the same peers: they must not be told apart."""

from __future__ import annotations

import http.server
import os
import random
import select
import socket
import threading
import time
from collections.abc import Callable

import pytest

from inpaintd_protocol import limits
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.transport import Transport

from .peers import (
    PATIENCE_SECONDS,
    TRANSPORTS,
    Router,
    raw_peer,
    read_exactly,
    shake_hands,
    until_closed,
)

pytestmark = pytest.mark.parametrize("transport", sorted(TRANSPORTS))

SIZES = [0, 1, 2, 254, 255, 256, 257, 511, 512, 8191, 8192, 65525, 65526, 65527, 65528]
SIZES += [65534, 65535, 65536, 65537, 131071, 131072, 1 << 20, (1 << 20) + 1, 5_000_001]


def error_of(call: Callable[[], object]) -> InpaintError:
    with pytest.raises(InpaintError) as caught:
        call()
    return caught.value


def dial(transport: str, endpoint: str, timeout_seconds: float = PATIENCE_SECONDS) -> Transport:
    """To a peer without security."""
    return TRANSPORTS[transport](endpoint, None, timeout_seconds=timeout_seconds)


def received(peer: Transport) -> list[bytes]:
    frames = peer.receive(PATIENCE_SECONDS)
    assert frames is not None
    return [bytes(frame) for frame in frames]


# -------------------------------------------------------------------------------- what goes well


@pytest.mark.parametrize("plain", [True, False], ids=["PLAIN", "NULL"])
def test_frames_of_every_size_go_there_and_back(transport: str, plain: bool) -> None:
    with Router(plain=plain) as router, router.dial(transport) as peer:
        for size in SIZES:
            frame = os.urandom(size)
            peer.send([frame])
            client, arrived = router.receive()
            assert arrived == [frame]
            router.send(client, [frame])
            assert received(peer) == [frame], size


def test_messages_of_many_frames(transport: str) -> None:
    frames = [os.urandom(size) for size in SIZES]
    with Router() as router, router.dial(transport) as peer:
        for message in (frames, frames[::-1], [b""] * (limits.PLANES + 1)):
            peer.send(message)
            client, arrived = router.receive()
            assert arrived == message
            router.send(client, message)
            assert received(peer) == message


def test_all_sizes_round_the_length_of_a_short_frame_in_one_message_each(transport: str) -> None:
    with Router() as router, router.dial(transport) as peer:
        sizes = [*range(230, 300), *range(65500, 65560)]
        for size in sizes:
            peer.send([b"head", bytes(size)])
        for _ in sizes:
            router.echo()
        assert [len(received(peer)[1]) for _ in sizes] == sizes


def test_several_hundred_messages_in_flight_keep_their_order(transport: str) -> None:
    chance = random.Random(1)
    messages = [
        [index.to_bytes(2, "big"), chance.randbytes(chance.choice([0, 10, 300, 70_000]))]
        for index in range(600)
    ]
    with Router() as router, router.dial(transport) as peer:
        for message in messages:
            peer.send(message)
        for _ in messages:
            router.echo()
        assert [received(peer) for _ in messages] == messages


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("size", [10, 100_000])
def test_any_buffer_can_be_sent(transport: str, kind: type, size: int) -> None:
    data = os.urandom(size)
    with Router() as router, router.dial(transport) as peer:
        peer.send([kind(data)])
        assert router.receive()[1] == [data]


def test_nothing_in_time_is_none(transport: str) -> None:
    with Router() as router, router.dial(transport) as peer:
        assert peer.receive(0) is None
        assert peer.receive(0.01) is None
        peer.send([b"hello"])
        router.echo()
        assert received(peer) == [b"hello"]
        assert peer.receive(0) is None


def test_the_descriptor_wakes_an_event_loop(transport: str) -> None:
    with Router() as router, router.dial(transport) as peer:
        peer.send([b"1"])
        client, _ = router.receive()
        while peer.receive(0) is not None:
            pass
        for index in range(3):
            router.send(client, [b"%d" % index, bytes(70_000)])
        messages: list[bytes] = []
        while len(messages) < 3:
            assert select.select([peer.fileno()], [], [], PATIENCE_SECONDS)[0]
            while (frames := peer.receive(0)) is not None:
                messages.append(bytes(frames[0]))
        assert messages == [b"0", b"1", b"2"]


def test_what_was_sent_before_close_arrives(transport: str) -> None:
    with Router() as router:
        with router.dial(transport) as peer:
            peer.send([b"last words", bytes(64 << 20)])
        assert router.receive()[1][0] == b"last words"


def test_heartbeats_of_the_peer_are_answered(transport: str) -> None:
    """Unanswered, libzmq would drop the connection twenty heartbeats later."""
    with Router(heartbeat_milliseconds=30) as router, router.dial(transport) as peer:
        peer.send([b"hello"])
        client, _ = router.receive()
        assert peer.receive(1.0) is None
        router.send(client, [b"still there?"])
        assert received(peer) == [b"still there?"]


def test_half_a_message_waits_for_the_other_half(transport: str) -> None:
    go_on = threading.Event()

    def talk(connection: socket.socket) -> None:
        shake_hands(connection)
        connection.sendall(
            b"\x01\x05first" + b"\x02" + (100_000).to_bytes(8, "big") + bytes(60_000)
        )
        go_on.wait(PATIENCE_SECONDS)
        connection.sendall(bytes(40_000) + b"\x00\x04next")
        until_closed(connection)

    with raw_peer(talk) as endpoint, dial(transport, endpoint) as peer:
        assert peer.receive(0.05) is None
        assert peer.receive(0) is None
        go_on.set()
        assert received(peer) == [b"first", bytes(100_000)]
        assert received(peer) == [b"next"]


def test_a_ping_between_the_frames_of_a_message(transport: str) -> None:
    """Commands may come between messages only, but a PING between frames hurts nobody."""

    def talk(connection: socket.socket) -> None:
        shake_hands(connection)
        connection.sendall(b"\x04\x0b\x04PING\x00\x64ctxt")
        assert read_exactly(connection, 11) == b"\x04\x09\x04PONGctxt"
        connection.sendall(b"\x00\x02ok")
        until_closed(connection)

    with raw_peer(talk) as endpoint, dial(transport, endpoint) as peer:
        assert received(peer) == [b"ok"]


# --------------------------------------------------------------------------------- being let in


def test_a_wrong_password_is_refused(transport: str) -> None:
    with Router() as router:
        error = error_of(lambda: router.dial(transport, password=b"0" * 64))
        assert (error.code, "400" in error.message) == ("refused", True)
        assert not router.socket.poll(50), "a refused peer must not get a message in"


def test_nobody_listens(transport: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert error_of(lambda: dial(transport, f"tcp://127.0.0.1:{port}")).code == "not_running"


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "nonsense",
        "tcp://",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:port",
        "http://x:1",
        "tcp://..:1",
    ],
)
def test_an_endpoint_that_is_none(transport: str, endpoint: str) -> None:
    assert error_of(lambda: dial(transport, endpoint)).code == "not_running"


@pytest.mark.parametrize("plain", [True, False])
def test_the_other_mechanism(transport: str, plain: bool) -> None:
    with Router(plain=plain) as router:
        password = None if plain else b"secret"
        error = error_of(lambda: TRANSPORTS[transport](router.connection.endpoint, password))
        assert error.code == "not_running"


def test_a_silent_peer(transport: str) -> None:
    with raw_peer(until_closed) as endpoint:
        assert error_of(lambda: dial(transport, endpoint, 0.2)).code == "timed_out"


def test_a_web_server(transport: str) -> None:
    class Quiet(http.server.BaseHTTPRequestHandler):
        timeout = 0.1  # then it says "400 Bad request" or hangs up, as web servers do

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        error = error_of(lambda: dial(transport, f"tcp://127.0.0.1:{server.server_port}"))
        assert error.code == "not_running"
        thread.join(PATIENCE_SECONDS)


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\xff",
        b"\xff" + bytes(8) + b"\x7e",
        b"\xff" + bytes(8) + b"\x7f\x03\x00NULL",
        b"\xff" + bytes(8) + b"\x7f\x03\x00CURVE" + bytes(47),
        b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48) + b"\x04\x03\x04PI",
        b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48) + b"\x04\x02\x09X",
        b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48) + b"\x04\x00",
        b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48) + b"\x00\x05hello",
    ],
    ids=[
        "hangs up at once",
        "SSH",
        "one byte",
        "bad signature",
        "half a greeting",
        "CURVE",
        "a broken command",
        "a command of no name",
        "an empty command",
        "a message too early",
    ],
)
def test_a_peer_that_is_no_daemon(transport: str, says: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(says)
        read_exactly(connection, 10)
        connection.shutdown(socket.SHUT_WR)
        until_closed(connection)

    with raw_peer(talk) as endpoint:
        assert error_of(lambda: dial(transport, endpoint)).code == "not_running"


def test_an_echo(transport: str) -> None:
    """TCP can connect a port to itself when nobody listens there."""

    def talk(connection: socket.socket) -> None:
        while chunk := connection.recv(65536):
            connection.sendall(chunk)

    with raw_peer(talk) as endpoint:
        error = error_of(
            lambda: TRANSPORTS[transport](endpoint, b"password", timeout_seconds=PATIENCE_SECONDS)
        )
        assert error.code == "not_running"


# --------------------------------------------------------------------------------- breaking off


def test_a_peer_that_goes_away_after_its_last_message(transport: str) -> None:
    with Router() as router, router.dial(transport) as peer:
        peer.send([b"hello"])
        client, _ = router.receive()
        router.send(client, [b"bye", bytes(1_000_000)])
        router.hang_up()
        assert received(peer)[0] == b"bye"
        assert error_of(lambda: peer.receive(PATIENCE_SECONDS)).code == "disconnected"
        assert error_of(lambda: peer.receive(0)).code == "disconnected"
        assert error_of(lambda: peer.send([b"anybody?"])).code == "disconnected"


def test_what_came_before_the_end_can_be_read_long_after_it(transport: str) -> None:
    """An editor that was busy when the daemon stopped."""
    gone = threading.Event()

    def talk(connection: socket.socket) -> None:
        shake_hands(connection)
        connection.sendall(b"\x00\x05hello\x00\x03bye")
        gone.set()

    with raw_peer(talk) as endpoint, dial(transport, endpoint) as peer:
        assert gone.wait(PATIENCE_SECONDS)
        time.sleep(0.1)  # nothing tells when libzmq's own thread has taken note
        assert received(peer) == [b"hello"]
        assert received(peer) == [b"bye"]
        assert error_of(lambda: peer.receive(0.1)).code == "disconnected"


def test_sending_to_a_peer_that_went_away(transport: str) -> None:
    with Router() as router, router.dial(transport) as peer:
        router.hang_up()
        deadline = time.monotonic() + PATIENCE_SECONDS

        def send_until_noticed() -> None:
            # TCP takes the first bytes after the end without a word.
            while time.monotonic() < deadline:
                peer.send([bytes(1000)])

        assert error_of(send_until_noticed).code == "disconnected"


@pytest.mark.parametrize(
    "last",
    [
        b"\x00",
        b"\x00\x05hel",
        b"\x02\x00\x00",
        b"\x02" + (100_000).to_bytes(8, "big") + bytes(50_000),
        b"\x01\x05hello",
    ],
    ids=[
        "in a head",
        "in a short frame",
        "in a long head",
        "in a long frame",
        "between frames",
    ],
)
def test_a_peer_that_vanishes_in_a_message(transport: str, last: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        shake_hands(connection)
        connection.sendall(b"\x00\x05hello" + last)
        connection.shutdown(socket.SHUT_WR)
        until_closed(connection)

    with raw_peer(talk) as endpoint, dial(transport, endpoint) as peer:
        assert received(peer) == [b"hello"]
        assert error_of(lambda: peer.receive(PATIENCE_SECONDS)).code == "disconnected"


@pytest.mark.parametrize("size", [limits.MESSAGE_BYTES + 1, (1 << 64) - 1])
def test_a_frame_over_the_limit(transport: str, size: int) -> None:
    go_on = threading.Event()

    def talk(connection: socket.socket) -> None:
        shake_hands(connection)
        connection.sendall(b"\x00\x05hello")
        # libzmq forgets what nobody has read yet when a peer errs.
        go_on.wait(PATIENCE_SECONDS)
        connection.sendall(b"\x02" + size.to_bytes(8, "big"))
        until_closed(connection)

    with raw_peer(talk) as endpoint, dial(transport, endpoint) as peer:
        assert received(peer) == [b"hello"]
        go_on.set()
        assert error_of(lambda: peer.receive(PATIENCE_SECONDS)).code == "disconnected"


def test_a_closed_transport(transport: str) -> None:
    with Router() as router:
        peer = router.dial(transport)
        peer.close()
        peer.close()
        assert error_of(lambda: peer.send([b"x"])).code == "disconnected"
        assert error_of(lambda: peer.receive(0)).code == "disconnected"
