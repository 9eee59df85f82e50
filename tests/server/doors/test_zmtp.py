"""The ZMTP door alone, with libzmq's own DEALER outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import zmq

from inpaintd.server.doors import outbox
from inpaintd.server.doors.zap import Zap
from inpaintd.server.doors.zmtp import ZAP_DOMAIN, Door, Vanished
from inpaintd_protocol.plane import Buffer
from tests.running import eventually

USER, PASSWORD = b"user", b"password"


class House:
    """A door with its doorman, and clients in front of it."""

    def __init__(self) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.zap = Zap(self.context)
        self.zap.admit(ZAP_DOMAIN, USER, PASSWORD)
        self.door = Door(self.context, 0)
        self.clients: list[zmq.Socket[bytes]] = []

    def client(self, **options: Any) -> zmq.Socket[bytes]:
        """A connected client that has said "hello"."""
        socket = self.context.socket(zmq.DEALER)
        socket.linger = 0
        socket.plain_username, socket.plain_password = USER, PASSWORD
        for name, value in options.items():
            setattr(socket, name, value)
        socket.connect(self.door.endpoint)
        socket.send(b"hello")
        self.clients.append(socket)
        return socket

    def who_said_hello(self) -> bytes:
        found: list[bytes] = []

        def heard() -> bool:
            self.zap.handle()
            found.extend(name for name, frames in self.door.receive() if frames[0] == b"hello")
            return bool(found)

        eventually(heard, "a client is heard")
        return found[0]


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    for socket in house.clients:
        socket.close()
    house.door.socket.linger = 0
    house.door.close()
    house.zap.close()
    house.context.term()


def waits(house: House, name: bytes) -> bool:
    """Whether an answer waits because this client's pipe is full."""
    unread = house.door._outboxes.get(name)
    return unread is not None and bool(unread.waiting)


def lost(house: House, name: bytes, answer: bytes) -> bool:
    try:
        house.door.send(name, [answer])
    except Vanished:
        return True
    return False


def gone(house: House, name: bytes) -> bool:
    assert not list(house.door.receive())  # as the daemon's loop does between any two sends
    return lost(house, name, b"are you there?")


def test_sending_to_a_client_that_has_gone_says_so(house: House) -> None:
    socket = house.client()
    name = house.who_said_hello()
    socket.close()
    eventually(lambda: gone(house, name), "the door notices")


def test_a_client_slow_to_read_gets_what_matters_in_order(house: House) -> None:
    socket = house.client(rcvhwm=1, rcvbuf=4096)
    name = house.who_said_hello()
    pixels = bytes(1 << 20)
    answers = 0
    while not waits(house, name):
        house.door.send(name, [b"answer %d" % answers, pixels])
        answers += 1
        assert answers < 10_000, "its pipe fills at some time"
    house.door.send(name, [b"sketch", pixels], droppable=True)
    house.door.send(name, [b"the end", b""])

    received = []

    def all_read() -> bool:
        assert house.door.retry() == []
        while socket.poll(0):
            received.append(socket.recv_multipart()[0])
        return received[-1:] == [b"the end"]

    eventually(all_read, "everything has been read")
    assert received == [*(b"answer %d" % k for k in range(answers)), b"the end"]


def test_what_waits_for_a_client_that_goes_is_dropped(house: House) -> None:
    socket = house.client(rcvhwm=1, rcvbuf=4096)
    name = house.who_said_hello()
    while not waits(house, name):
        house.door.send(name, [bytes(1 << 20)])
    socket.close()
    # Either what waits cannot be sent, or it still fits into the pipe of which nobody reads.
    eventually(lambda: gone(house, name) or house.door.retry() == [name], "the door notices")
    assert not waits(house, name)


@pytest.mark.parametrize(
    ("size", "most"), [(60_000, 400), (1 << 20, 40)], ids=["by count", "by bytes"]
)
def test_a_client_that_never_reads_is_dropped_as_if_it_had_gone(
    house: House, monkeypatch: pytest.MonkeyPatch, size: int, most: int
) -> None:
    """After eight answers or eight megabytes more than the system's own buffers hold."""
    monkeypatch.setattr(outbox, "MOST_MESSAGES", 8)
    monkeypatch.setattr(outbox, "MOST_BYTES", 8 << 20)
    socket = house.client(rcvhwm=1, rcvbuf=4096)
    name = house.who_said_hello()
    assert next(k for k in range(2000) if lost(house, name, bytes(size))) < most
    assert house.door.retry() == [], "it has been said that it is gone"

    socket.send(b"one more question")
    other = house.client()
    heard: list[tuple[bytes, list[Buffer]]] = []

    def other_heard() -> bool:
        house.zap.handle()
        heard.extend(house.door.receive())
        return bool(heard)

    eventually(other_heard, "another client is heard")
    assert [(frames, who == name) for who, frames in heard] == [([b"hello"], False)]
    house.door.send(heard[0][0], [b"welcome"])
    assert other.recv() == b"welcome"
    assert lost(house, name, b"answer")


def test_short_frames_are_copies_and_long_ones_are_not(house: House) -> None:
    """What is kept of a short one must not hold the buffer that many others were read into."""
    socket = house.client()
    house.who_said_hello()
    socket.send_multipart([bytes(1000), bytes(1 << 20)])
    heard: list[list[Buffer]] = []

    def arrived() -> bool:
        heard.extend(frames for _, frames in house.door.receive())
        return bool(heard)

    eventually(arrived, "the message comes")
    assert [type(frame) for frame in heard[0]] == [bytes, memoryview]


def test_the_doorman_forgets_whom_he_is_told_to(house: House) -> None:
    house.zap.withdraw(ZAP_DOMAIN, USER)
    house.client()
    for _ in range(50):
        house.zap.handle()
        assert not list(house.door.receive())
        house.zap.socket.poll(10)
