"""libzmq's own WebSocket transport as the peer: the system's library, called by its C interface.

pyzmq's wheels are built without that transport, Debian's libzmq5 is built with it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path

import pytest

from inpaintd_protocol import codec
from inpaintd_protocol import messages as m
from inpaintd_protocol.connection import read_connection

from .peers import inpaint, port_of, url_of

_DEALER = 5
_LINGER, _RCVTIMEO, _RCVMORE = 17, 27, 13
_SNDMORE = 2


class LibZmq:
    """A DEALER of the system's libzmq."""

    def __init__(self, library: ctypes.CDLL, url: str) -> None:
        self._zmq = library
        library.zmq_ctx_new.restype = ctypes.c_void_p
        library.zmq_socket.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(library.zmq_ctx_new())
        self._socket = ctypes.c_void_p(library.zmq_socket(self._context, _DEALER))
        self._set(_LINGER, 0)
        self._set(_RCVTIMEO, 10_000)
        assert library.zmq_connect(self._socket, url.encode()) == 0, "ws:// is not understood"

    def ask(self, request: m.Message) -> m.Message:
        *parts, last = [bytes(frame) for frame in codec.encode(request)]
        for part, flags in [*((part, _SNDMORE) for part in parts), (last, 0)]:
            assert self._zmq.zmq_send(self._socket, part, len(part), flags) == len(part)
        while isinstance(answer := self._receive(), (m.Accepted, m.Progress, m.Preview)):
            pass
        return answer

    def close(self) -> None:
        self._zmq.zmq_close(self._socket)
        self._zmq.zmq_ctx_term(self._context)

    def _receive(self) -> m.Message:
        frames = []
        buffer = ctypes.create_string_buffer(1 << 20)
        while True:
            count = self._zmq.zmq_recv(self._socket, buffer, len(buffer), 0)
            assert count >= 0, "nothing came"
            frames.append(buffer.raw[:count])
            more, size = ctypes.c_int(), ctypes.c_size_t(ctypes.sizeof(ctypes.c_int))
            self._zmq.zmq_getsockopt(self._socket, _RCVMORE, ctypes.byref(more), ctypes.byref(size))
            if not more.value:
                return codec.decode_answer(frames)

    def _set(self, option: int, value: int) -> None:
        number = ctypes.c_int(value)
        self._zmq.zmq_setsockopt(self._socket, option, ctypes.byref(number), ctypes.sizeof(number))


@pytest.fixture
def dealer(home: Path) -> Iterator[LibZmq]:
    name = find_library("zmq")
    library = ctypes.CDLL(name) if name else None
    if library is None or not library.zmq_has(b"WS"):
        pytest.skip("no libzmq with the WebSocket transport: apt-get install libzmq5")
    opened = LibZmq(library, url_of(read_connection(home), "127.0.0.1"))
    yield opened
    opened.close()


def test_hello(home: Path, dealer: LibZmq) -> None:
    welcome = dealer.ask(m.Hello("1", "libzmq", b"n" * 32))
    assert isinstance(welcome, m.Welcome)
    connection = read_connection(home)
    assert connection.verify(b"n" * 32, welcome.proof)
    assert port_of(connection)


def test_a_fill_in_several_frames(dealer: LibZmq) -> None:
    finished = dealer.ask(inpaint("libzmq", side=64))
    assert isinstance(finished, m.Finished)
    assert finished.layers[0].pixels.byte_count > 0
