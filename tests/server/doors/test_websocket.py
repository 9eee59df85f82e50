"""The WebSocket door of a real daemon, knocked at from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import zmq
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
)
from websockets.sync.client import connect as connect_websocket

from inpaintd.server.doors import Vanished, outbox
from inpaintd.server.doors.inner import INNER_ENDPOINT, InnerDoor
from inpaintd.server.doors.websocket_thread import WebSocketDoor, listen
from inpaintd_protocol import limits
from inpaintd_protocol import messages as m
from inpaintd_protocol.connection import read_connection
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings
from tests.running import eventually

from .peers import ZWS, Peer, dial, inpaint, open_door, port_of, url_of

NONCE = bytes(range(32))

UNANSWERED = (InvalidMessage, ConnectionError, EOFError)
"""The response seen by a peer that is refused without a word."""


def received(raw: socket.socket) -> bytes:
    """Everything received until the other side has gone."""
    try:
        return raw.recv(4096)
    except ConnectionError:
        return b""


def states(home: Path) -> tuple[m.RequestState, ...]:
    other = Peer(home)
    try:
        status = other.ask(m.GetStatus("status"))
        assert isinstance(status, m.Status)
        return status.requests
    finally:
        other.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_the_daemon_introduces_itself_at_every_name_of_this_machine(home: Path, host: str) -> None:
    if host == "[::1]" and not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    peer = Peer(home, host=host)
    welcome = peer.ask(m.Hello("1", "a test", NONCE))
    assert isinstance(welcome, m.Welcome)
    assert peer.connection.verify(NONCE, welcome.proof)
    peer.close()


def test_a_request_has_the_same_life_as_at_the_other_door(peer: Peer) -> None:
    request = inpaint("life")
    peer.send(request)
    assert peer.receive() == m.Accepted("life", position=1)
    finished = peer.end()
    assert isinstance(finished, m.Finished)
    (layer,) = finished.layers
    assert layer.pixels.channels == 4
    assert peer.ask(request) == finished  # kept, and answered again


def test_an_error_comes_as_an_answer(peer: Peer) -> None:
    answer = peer.ask(inpaint("nothing-like-it", model="nothing like it"))
    assert isinstance(answer, m.Failed)
    assert answer.code == "unknown_model"


def test_other_connections_are_not_disturbed(home: Path, peer: Peer) -> None:
    other = Peer(home)
    peer.send(inpaint("mine", "slow"))
    other.send(inpaint("theirs"))
    peer.send(m.Cancel("mine"))
    assert isinstance(peer.end(), m.Cancelled)
    assert isinstance(other.end(), m.Finished)
    other.close()


class TestRefusals:
    def test_without_or_with_a_wrong_token(self, home: Path) -> None:
        connection = read_connection(home)
        for token in ("", "0" * 64, connection.websocket_token.upper(), connection.secret, "é"):
            with pytest.raises(UNANSWERED):
                dial(url_of(connection, token=token))

    @pytest.mark.parametrize(
        "origin", ["http://evil.example", "https://localhost", "HTTP://127.0.0.1:47701"]
    )
    def test_a_web_page(self, home: Path, origin: str) -> None:
        with pytest.raises(UNANSWERED):
            dial(url_of(read_connection(home)), origin=origin)

    @pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
    def test_but_not_the_doors_own_origin(self, home: Path, name: str) -> None:
        connection = read_connection(home)
        dial(url_of(connection), origin=f"http://{name}:{port_of(connection)}")

    @pytest.mark.parametrize("origin", [None, "null", "file://"])
    def test_but_not_a_plug_in(self, home: Path, origin: str | None) -> None:
        dial(url_of(read_connection(home)), origin=origin)

    @pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1:1", ""])
    def test_a_name_that_only_points_here(self, home: Path, host: str) -> None:
        connection = read_connection(home)
        request = (
            f"GET /?token={connection.websocket_token} HTTP/1.1\r\nHost: {host}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Protocol: ZWS2.0\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port_of(connection))) as raw:
            raw.sendall(request.encode())
            assert received(raw) == b""

    def test_another_subprotocol(self, home: Path) -> None:
        url = url_of(read_connection(home))
        with pytest.raises(InvalidStatus, match="400"), connect_websocket(url, proxy=None):
            pass

    @pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
    def test_plain_http_gets_no_answer(self, home: Path, method: str) -> None:
        with socket.create_connection(("127.0.0.1", port_of(read_connection(home)))) as raw:
            raw.sendall(f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert received(raw) == b""

    def test_a_flood_of_them_is_logged_as_one(self, home: Path) -> None:
        def logged() -> int:
            return (home / "test.log").read_text().count("a WebSocket was refused: The token")

        connection = read_connection(home)
        before = logged()
        for _ in range(20):
            with pytest.raises(UNANSWERED):
                dial(url_of(connection, token="0" * 64))
        assert logged() - before <= 1

    def test_the_token_is_never_logged(self, home: Path) -> None:
        connection = read_connection(home)
        log = (home / "test.log").read_text()
        assert connection.websocket_token not in log
        assert connection.secret not in log


@pytest.mark.parametrize("data", [b"", "text", b"\x07rest", b"\x03"])
def test_what_is_no_zws_closes_the_connection(peer: Peer, data: bytes | str) -> None:
    peer.socket.send(data)
    with pytest.raises(ConnectionClosed):
        peer.receive()
    assert peer.socket.close_code == 1002


def test_too_many_frames_close_the_connection(peer: Peer) -> None:
    for _ in range(limits.PLANES + 2):
        peer.socket.send(b"\x01x")
    with pytest.raises(ConnectionClosed):
        peer.receive()
    assert peer.socket.close_code == 1009


def test_fragmented_messages_are_whole_messages(peer: Peer) -> None:
    """As a browser sends everything from 128 KiB on."""
    request = inpaint("fragments", side=512)
    header, *planes = m_frames(request)
    peer.socket.send(b"\x01" + header)
    for index, plane in enumerate(planes):
        flag = b"\x00" if index == len(planes) - 1 else b"\x01"
        pieces = [plane[i : i + 131072] for i in range(0, len(plane), 131072)]
        peer.socket.send([flag, *pieces])
    assert isinstance(peer.end(), m.Finished)


def test_commands_are_passed_over(peer: Peer) -> None:
    peer.socket.send(b"\x02\x04PING")
    assert isinstance(peer.ask(m.ListModels("1")), m.Models)


def test_a_vanished_client_is_noticed_and_its_request_cancelled(home: Path) -> None:
    peer = Peer(home)
    peer.send(inpaint("vanishing", "slow"))
    eventually(lambda: bool(states(home)), "it runs")
    peer.socket.socket.shutdown(socket.SHUT_RDWR)  # no closing handshake: the program was killed
    eventually(lambda: not states(home), "it is cancelled", seconds=4)


def test_a_request_that_shall_be_kept_outlives_its_client(home: Path) -> None:
    peer = Peer(home)
    peer.send(inpaint("kept", "slow", on_disconnect="keep"))
    peer.receive()
    peer.close()
    later = Peer(home)
    assert isinstance(later.ask(m.Attach("kept")), m.Finished)
    later.close()


def test_a_reader_that_is_slow_gets_everything_in_the_end(home: Path) -> None:
    peer = Peer(home)
    for number in range(300):
        peer.send(m.ListModels(str(number)))
    time.sleep(1.0)
    assert [peer.receive().request_id for _ in range(300)] == [str(n) for n in range(300)]
    peer.close()


def test_a_reader_that_never_reads_does_not_make_the_daemon_grow(home: Path) -> None:
    connection = read_connection(home)
    daemon = psutil.Process(connection.pid)
    before = daemon.memory_info().rss
    with _unread(connection.websocket_token, port_of(connection)) as raw:
        question = _masked(b"\x00" + m_frames(m.ListModels("x"))[0])
        raw.settimeout(2.0)
        sent = 0
        try:
            while sent < 64 << 20:
                raw.sendall(question * 200)
                sent += 200 * len(question)
        except TimeoutError:
            pass  # the daemon does not take any more: that is the point
        assert sent < 64 << 20
        assert daemon.memory_info().rss - before < 24 << 20
        # And everybody else is served.
        peer = Peer(home)
        assert isinstance(peer.ask(m.ListModels("y")), m.Models)
        peer.close()


def test_a_half_open_connection_is_given_up() -> None:
    """The other side is there and says nothing, not even to a ping."""
    with _doors(ping_seconds=0.2, silence_seconds=0.3) as (inner, port), _unread("t", port) as raw:
        client = _who_asks(inner, raw)

        def given_up() -> bool:
            assert not list(inner.receive())  # as the daemon's loop does between any two sends
            return not _sent(inner, client, b"answer") or inner.retry() == [client]

        eventually(given_up, "it is given up")


def test_a_reader_of_nothing_is_dropped_when_answers_pile_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "MOST_BYTES", 8 << 20)
    with _doors() as (inner, port), _unread("t", port) as raw:
        client = _who_asks(inner, raw)
        answer = bytes(1 << 20)
        assert next(k for k in range(2000) if not _sent(inner, client, answer)) < 40


@contextmanager
def _doors(**seconds: float) -> Iterator[tuple[InnerDoor, int]]:
    """Both doors without a daemon; the token is "t". Also the port of the WebSocket door."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    inner = InnerDoor(context)
    door = WebSocketDoor(0, context, INNER_ENDPOINT, "t", **seconds)
    port = urlsplit(door.endpoint).port
    assert port is not None
    door.start()
    try:
        yield inner, port
    finally:
        door.stop()
        inner.socket.linger = 0
        inner.close()
        context.term()


def _who_asks(inner: InnerDoor, raw: socket.socket) -> bytes:
    raw.sendall(_masked(b"\x00question"))
    assert inner.socket.poll(10_000)
    ((client, (question,)),) = inner.receive()
    assert question == b"question"
    return client


def _sent(inner: InnerDoor, client: bytes, answer: bytes) -> bool:
    try:
        inner.send(client, [answer])
    except Vanished:
        return False
    return True


def test_a_daemon_that_stops_says_so_to_everybody(tmp_path: Path) -> None:
    with open_door(tmp_path / "home") as process:
        peer = Peer(tmp_path / "home")
        peer.send(inpaint("last", "slow"))
        while not isinstance(peer.receive(), m.Progress):
            pass
        process.send_signal(signal.SIGTERM)
        answer = peer.end()
        assert isinstance(answer, m.Failed)
        assert answer.code == "shutting_down"
        with pytest.raises(ConnectionClosed):
            peer.receive()
        assert peer.socket.close_code == 1001
        assert process.wait(20) == 0


def test_the_door_costs_nothing_until_the_daemon_is_ready() -> None:
    code = (
        "import inpaintd.server.loop, sys; "
        "print('asyncio' in sys.modules, 'websockets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_door_that_nobody_uses_costs_nothing(tmp_path: Path) -> None:
    with open_door(tmp_path / "home") as process:

        def has_asyncio() -> bool:
            return "_asyncio" in Path(f"/proc/{process.pid}/maps").read_text()

        assert not has_asyncio()
        Peer(tmp_path / "home").close()
        assert has_asyncio()


def test_small_messages_are_sent_at_once() -> None:
    """asyncio turns Nagle's algorithm off for sockets that say that they are TCP, and no others."""
    for listener in listen(0):
        assert listener.proto == socket.IPPROTO_TCP
        listener.close()


def test_a_taken_port_means_another_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        with open_door(tmp_path / "home", f"--websocket-port={port}"):
            assert port_of(read_connection(tmp_path / "home")) != port
            Peer(tmp_path / "home").close()


def test_without_the_door(tmp_path: Path) -> None:
    with open_door(tmp_path / "home", "--no-websocket"):
        assert read_connection(tmp_path / "home").websocket == ""


@pytest.mark.exhaustive
@pytest.mark.exhaustive
def test_64_mib_and_back(peer: Peer) -> None:
    side = 4096
    plane = Plane(side, side, 4, "u8", os.urandom(1 << 20) * 64)
    full = Plane(side, side, 1, "u8", b"\xff" * (side * side))
    settings = Settings(model="identity", match_colour=False)
    finished = peer.ask(m.Inpaint("big", layer=plane, mask=full, settings=settings))
    assert isinstance(finished, m.Finished)
    assert finished.layers[0].pixels.byte_count == 64 << 20


def test_handshakes_that_never_end_do_not_keep_others_out(home: Path) -> None:
    port = port_of(read_connection(home))
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    peer = Peer(home)
    assert isinstance(peer.ask(m.ListModels("1")), m.Models)
    peer.close()
    for raw in idle:
        raw.close()


def test_only_so_many_connections_at_once(tmp_path: Path) -> None:
    from inpaintd.server.doors.websocket import MOST_CONNECTIONS

    with open_door(tmp_path / "home"):
        peers = [Peer(tmp_path / "home") for _ in range(MOST_CONNECTIONS)]
        with pytest.raises(InvalidHandshake, match="503"):
            Peer(tmp_path / "home")
        for peer in peers:
            peer.close()


def m_frames(message: m.Message) -> list[bytes]:
    from inpaintd_protocol import codec

    return [bytes(frame) for frame in codec.encode(message)]


def _unread(token: str, port: int) -> socket.socket:
    """A WebSocket past its handshake, from which nothing will be read."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", port))
    raw.sendall(
        f"GET /?token={token} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {ZWS}\r\n\r\n"
        "".encode()
    )
    assert raw.recv(12) == b"HTTP/1.1 101"
    raw.sendall(_masked(b"\x00"))
    return raw


def _masked(payload: bytes) -> bytes:
    """A WebSocket frame of a client, masked with zeros."""
    assert len(payload) < 126
    return bytes((0x82, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except (OSError, InpaintError):
        return False
