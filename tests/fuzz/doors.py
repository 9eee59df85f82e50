"""Input that arrives over sockets: bytes in, a message, a sentence or a closed connection out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

import numpy as np
from websockets.exceptions import ConnectionClosedOK, SecurityError
from websockets.http11 import Request
from websockets.streams import StreamReader

from inpaintd.pipeline.layer import samples_of
from inpaintd.pipeline.run import run
from inpaintd.server.doors import websocket
from inpaintd.server.doors.peer import HANDSHAKE_BYTES, Gone, Peer
from inpaintd.server.doors.websocket_admission import refuse
from inpaintd_protocol import codec, zmtp_frames
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Attach, Finished, Hello, Inpaint
from inpaintd_protocol.plane import Buffer, Plane
from inpaintd_protocol.settings import Settings
from tests import synthetic_engines

CUT = b"\n--\n"
"""Between the parts of an input, such as the frames of a message."""

PASSWORD = b"password"


def decode(data: bytes) -> None:
    """The codec: frames of a message."""
    for read in (codec.decode_request, codec.decode_answer):
        with suppress(InpaintError):
            message = read(data.split(CUT))
            assert read(codec.encode(message)) == message
    codec.request_id_of(data.split(CUT))


class _Wire:
    """A socket that receives these bytes, as many at a time as the first one says."""

    def __init__(self, data: bytes) -> None:
        self._step = max(1, data[0] if data else 1)
        self._data = memoryview(data)[1:]

    def recv(self, count: int) -> bytes:
        room = bytearray(count)
        return bytes(room[: self.recv_into(memoryview(room))])

    def recv_into(self, room: memoryview) -> int:
        if not self._data:
            raise BlockingIOError
        count = min(self._step, len(room), len(self._data))
        room[:count] = self._data[:count]
        self._data = self._data[count:]
        return count

    def send(self, data: Buffer) -> int:
        return len(data)

    def close(self) -> None: ...


def zmtp(data: bytes) -> None:
    """The ZMTP door: all that one connection sends."""
    peer = Peer(cast(Any, _Wire(data)), lambda _user, password: password == PASSWORD, 0.0)
    with suppress(Gone):
        for message in peer.read():
            assert peer.user or PASSWORD in data, "nobody is heard without the password"
            decode(CUT.join(map(bytes, message)))
        peer.write()


class _Panel:
    """A WebSocket that receives these parts."""

    def __init__(self, data: bytes) -> None:
        self._parts: Iterator[bytes] = iter(data.split(CUT))

    async def recv(self) -> bytes:
        for part in self._parts:
            return part
        raise ConnectionClosedOK(None, None)


def zws(data: bytes) -> None:
    """The WebSocket door after its upgrade: binary messages."""

    async def hear() -> None:
        async for message in websocket._messages(cast(Any, _Panel(data))):
            decode(CUT.join(map(bytes, message)))

    with suppress(websocket.NotZws, ConnectionClosedOK):
        asyncio.run(hear())


def upgrade(data: bytes) -> None:
    """The WebSocket door before its upgrade, behind the library's own reading of HTTP."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    parsing = Request.parse(reader.read_line)
    try:
        next(parsing)
    except StopIteration as done:
        request = done.value
    except (EOFError, SecurityError, ValueError):
        return
    assert refuse(request, "secret", 7) is not None or b"secret" in data


def pipeline(data: bytes) -> None:
    """The pipeline with any mask, in any relation to its layer."""
    numbers = data.ljust(8, b"\0")[:8]
    width, height = 1 + numbers[0] % 24, 1 + numbers[1] % 24
    depth, item = (("u8", 1), ("u16", 2), ("f32", 4))[numbers[2] % 3]
    channels = 3 + numbers[3] % 2
    size = width * height
    mask = data[8:].ljust(size * item, b"\0")[: size * item]
    pixels = np.arange(size * channels * item, dtype=np.uint8).tobytes()
    if depth == "f32":
        pixels = np.linspace(0, 1, size * channels, dtype="<f4").tobytes()
    settings = Settings(
        seed=1,
        grow_pixels=numbers[4] % 9,
        feather_pixels=numbers[5] % 9,
        threshold=numbers[6] / 255,
        invert=numbers[7] % 2 == 1,
    )
    request = Inpaint(
        "1",
        Plane(width, height, channels, depth, pixels),
        settings,
        mask=Plane(width, height, 1, depth, mask),
    )
    with np.errstate(all="ignore"):  # masks of any floats
        answer = run(request, synthetic_engines.noise(), lambda _message: None)
    assert isinstance(answer, Finished)
    for layer in answer.layers:
        assert np.isfinite(samples_of(layer.pixels)).all()


def corpus() -> dict[str, dict[str, bytes]]:
    """One small, valid input of each kind."""
    plane = Plane(2, 2, 4, "u8", bytes(16))
    request = Inpaint("1", plane, Settings(prompt="a"), mask=Plane(2, 2, 1, "u8", b"\xff" * 4))
    frames = [bytes(frame) for frame in codec.encode(request)]
    hello = [bytes(frame) for frame in codec.encode(Hello("1", "a", (1, 2), b"n" * 16))]
    message = b"".join(
        zmtp_frames.head(len(frame), more=frame is not frames[-1]) + frame for frame in frames
    )
    handshake = zmtp_frames.greeting(b"PLAIN") + zmtp_frames.plain_hello(b"user", PASSWORD)
    handshake += zmtp_frames.command(b"INITIATE", zmtp_frames.metadata())
    assert len(handshake) < HANDSHAKE_BYTES
    attach = bytes(codec.encode(Attach("1"))[0])
    parts = [b"\x00", *(b"\x01" + frame for frame in frames[:-1]), b"\x00" + frames[-1]]
    return {
        "codec": {"inpaint": CUT.join(frames), "hello": CUT.join(hello), "attach": attach},
        "zmtp": {"message": b"\x40" + handshake + message, "bytes": b"\x01" + handshake},
        "zws": {"message": CUT.join(parts)},
        "upgrade": {
            "request": b"GET /?token=secret HTTP/1.1\r\nHost: localhost:7\r\nOrigin: file://\r\n"
            b"Sec-WebSocket-Protocol: ZWS2.0/NULL,ZWS2.0\r\n\r\n",
            "bracket": b"GET //[ HTTP/1.1\r\nHost: localhost:7\r\n\r\n",
        },
        "pipeline": {"mask": bytes((7, 7, 0, 1, 2, 1, 128, 0)) + bytes(range(0, 245, 4))},
    }


TARGETS = {"codec": decode, "zmtp": zmtp, "zws": zws, "upgrade": upgrade, "pipeline": pipeline}
