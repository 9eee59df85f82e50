"""The ZMTP door alone, with libzmq's own DEALER and with raw sockets outside."""

from __future__ import annotations

import socket
import struct
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import zmq

from inpaintd.server.doors import Vanished, peer, zmtp
from inpaintd.server.doors.peer import HANDSHAKE_BYTES
from inpaintd.server.doors.zmtp import ZmtpDoor
from inpaintd_protocol import limits, zmtp_frames
from inpaintd_protocol.plane import Buffer
from tests.running import eventually

USER, PASSWORD = b"user", b"password"
GREETING = zmtp_frames.greeting(b"PLAIN")
HELLO = zmtp_frames.plain_hello(USER, PASSWORD)
INITIATE = zmtp_frames.command(b"INITIATE", zmtp_frames.metadata())


class House:
    """A door, and clients in front of it."""

    def __init__(self) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.poller = zmq.Poller()
        self.door = ZmtpDoor(self.poller, 0)
        self.door.admit(USER, PASSWORD)
        self.clients: list[zmq.Socket[bytes] | socket.socket] = []

    def turn(self, *, tick: bool = True) -> list[tuple[bytes, list[Buffer]]]:
        """One turn of the daemon's loop."""
        self.door.flush()
        heard = list(self.door.handle(dict(self.poller.poll(10))))
        if tick:
            self.door.tick()
        return heard

    def client(self, **options: Any) -> zmq.Socket[bytes]:
        """A connected client that has said "hello"."""
        dealer = self.context.socket(zmq.DEALER)
        dealer.linger = 0
        dealer.plain_username, dealer.plain_password = USER, PASSWORD
        for name, value in options.items():
            setattr(dealer, name, value)
        dealer.connect(self.door.endpoint)
        dealer.send(b"hello")
        self.clients.append(dealer)
        return dealer

    def raw(self, *sent: bytes) -> socket.socket:
        """A client that sends these very bytes."""
        port = urlsplit(self.door.endpoint).port
        stream = socket.create_connection(("127.0.0.1", port))
        stream.settimeout(5)
        for data in sent:
            stream.sendall(data)
        self.clients.append(stream)
        return stream

    def who_said_hello(self) -> bytes:
        found: list[bytes] = []

        def heard() -> bool:
            found.extend(name for name, frames in self.turn() if frames[0] == b"hello")
            return bool(found)

        eventually(heard, "a client is heard")
        return found[0]

    def hung_up(self, stream: socket.socket) -> bool:
        self.turn()
        try:
            stream.setblocking(False)
            while stream.recv(65536):
                pass
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    for client in house.clients:
        client.close()
    house.door.close()
    house.context.term()


def lost(house: House, name: bytes, answer: bytes) -> bool:
    try:
        house.door.send(name, [answer])
    except Vanished:
        return True
    return False


class TestStrangers:
    """The attack: make the daemon hold megabytes without knowing the password."""

    @pytest.mark.parametrize(
        "sent",
        [
            GREETING + b"\x06" + struct.pack(">Q", 1 << 30),  # a long command
            GREETING + b"\x02" + struct.pack(">Q", 1 << 30),  # a long message
            GREETING + b"\x00\xff",
            GREETING + zmtp_frames.command(b"READY", bytes(200)),
            GREETING + INITIATE,
            GREETING[:10] + b"\x01" + GREETING[11:],  # ZMTP 1
            zmtp_frames.greeting(b"NULL"),
            zmtp_frames.greeting(b"CURVE"),
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"\x00" * 64,
        ],
    )
    def test_what_is_no_short_handshake_is_cut_off_after_its_first_bytes(
        self, house: House, sent: bytes
    ) -> None:
        stream = house.raw(sent)
        eventually(lambda: house.hung_up(stream), "it is truncated")
        assert house.door.vanished() == [], "nobody ever knew it"

    def test_a_flood_before_the_password_costs_a_kilobyte_a_connection(self, house: House) -> None:
        """As much as the daemon would read: 64 MB from each of 16 connections."""
        streams = [house.raw(GREETING) for _ in range(16)]
        flood = b"\x06" + struct.pack(">Q", 64 << 20) + bytes(1 << 20)
        tracemalloc.start()
        try:
            for stream in streams:
                stream.setblocking(False)
                for _ in range(4):
                    try:
                        stream.send(flood)
                    except (BlockingIOError, ConnectionError):
                        break
                house.turn()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 16 * 8 * HANDSHAKE_BYTES + 65536, "not even the longest read of one of them"
        for stream in streams:
            eventually(lambda stream=stream: house.hung_up(stream), "it is truncated")

    def test_a_wrong_password_is_told_and_opens_nothing(self, house: House) -> None:
        wrong = zmtp_frames.plain_hello(USER, b"passwore")
        stream = house.raw(GREETING, wrong, INITIATE, zmtp_frames.head(5, more=False), b"hello")
        received = b""

        def told() -> bool:
            nonlocal received
            assert house.turn() == []
            try:
                stream.setblocking(False)
                received += stream.recv(4096)
            except BlockingIOError:
                pass
            except OSError:
                return True
            return zmtp_frames.LIBZMQ_ERROR + b"\x03400" in received

        eventually(told, "it is told")
        eventually(lambda: house.hung_up(stream), "it is truncated")

    def test_those_who_never_finish_their_handshake_make_room(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(zmtp, "MOST_STRANGERS", 3)
        streams = [house.raw(GREETING[:n]) for n in range(6)]
        house.client()
        house.who_said_hello()
        eventually(lambda: house.hung_up(streams[0]), "the oldest has gone")

    def test_a_handshake_has_five_seconds(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(zmtp, "HANDSHAKE_SECONDS", 0.05)
        stream = house.raw(GREETING)
        eventually(lambda: house.hung_up(stream), "it is truncated")
        assert not house.door.restless

    def test_one_byte_at_a_time_is_a_handshake_too(self, house: House) -> None:
        message = zmtp_frames.head(5, more=False) + b"hello"
        stream = house.raw()
        for byte in GREETING + HELLO + INITIATE + message[:-1]:
            stream.sendall(bytes((byte,)))
            assert house.turn() == []
        stream.sendall(message[-1:])
        house.who_said_hello()

    def test_a_password_that_is_withdrawn_opens_nothing(self, house: House) -> None:
        house.door.withdraw(USER)
        stream = house.raw(GREETING, HELLO)
        eventually(lambda: house.hung_up(stream), "it is truncated")


class TestPeers:
    def test_sending_to_a_client_that_has_gone_says_so(self, house: House) -> None:
        dealer = house.client()
        name = house.who_said_hello()
        dealer.close()
        gone: list[bytes] = []

        def noticed() -> bool:
            house.turn()
            gone.extend(house.door.vanished())
            return bool(gone)

        eventually(noticed, "the door notices without sending anything")
        assert gone == [name]
        assert lost(house, name, b"are you there?")

    def test_a_client_slow_to_read_gets_what_matters_in_order(self, house: House) -> None:
        dealer = house.client(rcvhwm=1, rcvbuf=4096)
        name = house.who_said_hello()
        pixels = bytes(1 << 20)
        for number in range(40):
            house.door.send(name, [b"answer %d" % number, pixels])
        house.door.send(name, [b"sketch", pixels], droppable=True)
        house.door.send(name, [b"the end", b""])
        received = []

        def all_read() -> bool:
            house.turn()
            while dealer.poll(0):
                received.append(dealer.recv_multipart()[0])
            return received[-1:] == [b"the end"]

        eventually(all_read, "everything has been read")
        assert received == [*(b"answer %d" % k for k in range(40)), b"the end"]

    def test_the_answers_of_one_turn_leave_in_one_system_call(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dealer = house.client()
        name = house.who_said_hello()
        sizes: list[int] = []
        send = socket.socket.send

        def counted(self: socket.socket, data: Buffer) -> int:
            sizes.append(send(self, data))
            return sizes[-1]

        monkeypatch.setattr(socket.socket, "send", counted)
        for number in range(5):
            house.door.send(name, [b"answer %d" % number, b"x"], droppable=number == 3)
        assert not sizes
        house.door.flush()
        assert len(sizes) == 1
        assert [dealer.recv_multipart()[0] for _ in range(5)] == [
            b"answer %d" % n for n in range(5)
        ]

    @pytest.mark.parametrize(
        ("size", "most"), [(60_000, 400), (1 << 20, 40)], ids=["by count", "by bytes"]
    )
    def test_a_client_that_never_reads_is_hung_up_on(
        self, house: House, monkeypatch: pytest.MonkeyPatch, size: int, most: int
    ) -> None:
        monkeypatch.setattr(peer, "MOST_MESSAGES", 8)
        monkeypatch.setattr(peer, "MOST_BYTES", 8 << 20)
        house.client(rcvhwm=1, rcvbuf=4096)
        name = house.who_said_hello()
        assert next(k for k in range(2000) if lost(house, name, bytes(size))) < most
        assert house.door.vanished() == [], "it has been said that it is gone"
        other = house.client()
        house.door.send(house.who_said_hello(), [b"welcome"])
        eventually(lambda: house.turn() == [] and bool(other.poll(0)), "others are served")

    def test_a_client_that_asks_and_never_reads_is_not_asked_any_more(self, house: House) -> None:
        stream = house.raw(GREETING, HELLO, INITIATE)
        question = zmtp_frames.head(5, more=False) + b"hello"
        stream.sendall(question)
        name = house.who_said_hello()
        stream.setblocking(False)
        heard = sent = 0
        while sent < 64 << 20:
            try:
                sent += stream.send(question * 1000)
            except BlockingIOError:
                break
            for client, _ in house.turn():
                heard += 1
                house.door.send(client, [bytes(60_000)])
        assert sent < 64 << 20, "its questions wait with itself"
        assert house.door.is_connected(name)

    @pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
    def test_a_frame_takes_memory_as_it_comes(self, house: House) -> None:
        """Announced, it would otherwise be filled with zeros first, while everybody else waits."""
        stream = house.raw(GREETING, HELLO, INITIATE)
        eventually(lambda: house.turn() == [] and not house.door.restless, "it is known")
        before = psutil.Process().memory_info().rss
        stream.sendall(b"\x02" + struct.pack(">Q", 1 << 30) + bytes(1000))
        for _ in range(10):
            assert house.turn() == []
        assert house.door.is_connected(next(iter(house.door._peers)))
        assert psutil.Process().memory_info().rss - before < 64 << 20

    def test_messages_over_the_limits_end_the_connection(self, house: House) -> None:
        for sent in (
            b"\x01\x01x" * (limits.PLANES + 3),
            b"\x02" + struct.pack(">Q", (1 << 31) + 1),
            b"\x80\x00",
        ):
            stream = house.raw(GREETING, HELLO, INITIATE, sent)
            eventually(lambda stream=stream: house.hung_up(stream), "it is truncated")

    def test_pings_are_answered(self, house: House) -> None:
        stream = house.raw(GREETING, HELLO, INITIATE)
        stream.sendall(zmtp_frames.command(b"PING", b"\x00\x00context"))
        received = b""

        def answered() -> bool:
            nonlocal received
            house.turn()
            stream.setblocking(False)
            with suppress(BlockingIOError):
                received += stream.recv(4096)
            return received.endswith(zmtp_frames.command(b"PONG", b"context"))

        eventually(answered, "the pong comes")

    def test_a_taken_port_means_another_one(self, house: House) -> None:
        port = urlsplit(house.door.endpoint).port
        assert port is not None
        other = ZmtpDoor(zmq.Poller(), port)
        assert other.endpoint != house.door.endpoint
        other.close()

    def test_without_descriptors_it_pauses_and_goes_on(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_more() -> None:
            raise OSError(24, "Too many open files")

        accept = house.door._listener.accept
        monkeypatch.setattr(house.door, "_listener", _Refusing(house.door._listener, no_more))
        house.client()
        eventually(lambda: house.turn(tick=False) == [] and not house.door._listening, "it pauses")
        monkeypatch.setattr(house.door, "_listener", _Refusing(house.door._listener, accept))
        house.who_said_hello()


class _Refusing:
    def __init__(self, listener: socket.socket, accept: Any) -> None:
        self._listener = listener
        self.accept = accept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)
