"""The second door: the same messages over ZeroMQ's WebSocket transport, ZWS 2.0 (RFC 45).

For peers limited to WebSockets, such as a panel in Photoshop. Each WebSocket is bridged by its own
DEALER to the ROUTER of the inner door, so jobs, limits and the handling of vanished clients are the
same as over ZMTP. All of it runs in one thread beside the daemon's.

On the wire one ZeroMQ frame is one binary message: a flag byte, then the frame. libzmq's own
transport rejects fragmented messages, which browsers send from 128 KiB on; this one accepts them.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus

import zmq
import zmq.asyncio
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from inpaintd.server.doors import FRAME_BYTES
from inpaintd.server.doors.websocket_admission import (
    OFFERED,
    SUBPROTOCOL,
    Refusal,
    RefusalLog,
    refuse,
)
from inpaintd_protocol import limits

log = logging.getLogger(__name__)

LAST, MORE, COMMAND = 0, 1, 2
"""Values of the flag byte before each frame."""

MOST_CONNECTIONS = 64
"""Most simultaneous peers; each uses a libzmq socket, of which there are about a thousand."""

_FRAMES_READ_AHEAD = 4
_MESSAGES_QUEUED = 4
_OPEN_SECONDS = 5.0
_CLOSE_SECONDS = 1.0
_CLOSED_FOR_GOOD = 1001
_NOT_ZWS = 1002
_TOO_LARGE = 1009


class NotZws(Exception):
    """A peer violates ZWS 2.0 or the limits; `code` closes its WebSocket."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def serve_until(
    stop: asyncio.Event,
    listeners: list[socket.socket],
    context: zmq.asyncio.Context,
    inner_endpoint: str,
    token: str,
    *,
    ping_seconds: float,
    silence_seconds: float,
) -> None:
    """Accept WebSockets on the listening sockets until told to stop; then flush queued messages.

    Args:
        stop: to be set from within this event loop.
        inner_endpoint: the in-process endpoint of the daemon's ROUTER.
        token: the token that a peer must present.
        ping_seconds: interval between pings.
        silence_seconds: how long a peer may leave a ping unanswered.
    """
    bridges: set[asyncio.Task[None]] = set()

    async def on_connection(peer: ServerConnection) -> None:
        task = asyncio.current_task()
        assert task is not None
        bridges.add(task)
        try:
            await _bridge(peer, context, inner_endpoint, stop)
        finally:
            bridges.discard(task)

    refusals = RefusalLog()

    async def check(peer: ServerConnection, request: Request) -> Response | None:
        port = listeners[0].getsockname()[1]
        refusal = refuse(request, token, port)
        if refusal is None and len(bridges) >= MOST_CONNECTIONS:
            reason = "Too many connections are open."
            refusal = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, reason, told=True)
        if refusal is None:
            # libzmq offers "ZWS2.0/NULL,ZWS2.0"; the library treats the "/" as a syntax error.
            del request.headers[OFFERED]
            request.headers[OFFERED] = SUBPROTOCOL
            return None
        refusals.add(refusal.reason)
        if not refusal.told:
            peer.transport.abort()
            await peer.wait_closed()  # otherwise the library would answer after all
        return peer.respond(refusal.status, f"{refusal.reason}\n")

    library_log = logging.getLogger(f"{__name__}.library")
    library_log.setLevel(logging.CRITICAL)  # it would log the token, and every port scan
    servers: list[Server] = [
        await serve(
            on_connection,
            sock=listener,
            process_request=check,
            subprotocols=[SUBPROTOCOL],
            # Compression does not shrink pixels enough to be worth the time.
            compression=None,
            max_size=FRAME_BYTES + 1,
            max_queue=_FRAMES_READ_AHEAD,
            open_timeout=_OPEN_SECONDS,
            ping_interval=ping_seconds,
            ping_timeout=silence_seconds,
            close_timeout=_CLOSE_SECONDS,
            server_header=None,
            logger=library_log,
        )
        for listener in listeners
    ]
    await stop.wait()
    for server in servers:
        server.close(close_connections=False)
    if bridges:
        await asyncio.wait(bridges, timeout=2 * _CLOSE_SECONDS)
    for server in servers:
        server.close()
        await server.wait_closed()


async def _bridge(
    peer: ServerConnection, context: zmq.asyncio.Context, endpoint: str, stop: asyncio.Event
) -> None:
    """Carry messages both ways until either side is gone or the door closes."""
    inner = context.socket(zmq.DEALER)
    inner.setsockopt(zmq.LINGER, 0)
    inner.setsockopt(zmq.SNDHWM, _MESSAGES_QUEUED)
    inner.setsockopt(zmq.RCVHWM, _MESSAGES_QUEUED)
    inner.connect(endpoint)
    writing = asyncio.Lock()
    inward = asyncio.create_task(_carry_inward(peer, inner, writing))
    outward = asyncio.create_task(_carry_outward(peer, inner, writing))
    stopping = asyncio.create_task(stop.wait())
    tasks = (inward, outward, stopping)
    code, reason = 1000, ""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if stopping.done():
            code, reason = _CLOSED_FOR_GOOD, "The daemon is stopping."
            inward.cancel()
            await _until_empty(inner, outward)
        elif inward.done() and isinstance(fault := inward.exception(), NotZws):
            code, reason = fault.code, fault.reason
            log.warning("a WebSocket was closed: %s", reason)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        # Last: closing it is what tells the daemon that the client is gone.
        inner.close()
        with suppress(ConnectionClosed):
            await peer.close(code, reason)
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, (NotZws, ConnectionClosed)):
            log.error("a WebSocket was closed because of an internal error", exc_info=outcome)


async def _carry_inward(
    peer: ServerConnection, inner: zmq.asyncio.Socket, writing: asyncio.Lock
) -> None:
    async for message in _messages(peer):
        # Requests of a peer that does not read its answers are held back: they would pile up here.
        async with writing:
            pass
        await inner.send_multipart(message, copy=False)


async def _carry_outward(
    peer: ServerConnection, inner: zmq.asyncio.Socket, writing: asyncio.Lock
) -> None:
    # The first message is this side's routing id, which may be empty.
    await peer.send(bytes((LAST,)))
    while True:
        frames = await inner.recv_multipart(copy=False)
        for index, frame in enumerate(frames, start=1):
            flag = LAST if index == len(frames) else MORE
            async with writing:
                # One WebSocket frame each, not fragments: libzmq's peers accept nothing else.
                await peer.send(b"".join((bytes((flag,)), frame.buffer)))


async def _messages(peer: ServerConnection) -> AsyncIterator[list[memoryview]]:
    """The multipart messages of a peer, without its routing id, which is of no interest here.

    Raises:
        NotZws: for anything but ZWS 2.0, and beyond the limits of the protocol.
        ConnectionClosed: at the end of the connection.
    """
    introduced = False
    frames: list[memoryview] = []
    while True:
        data = await peer.recv()
        if isinstance(data, str) or not data or data[0] not in (LAST, MORE, COMMAND):
            raise NotZws(_NOT_ZWS, "Not a ZWS 2.0 frame.")
        if data[0] == COMMAND:
            continue  # no command matters here; the heartbeat is WebSocket's own
        if not introduced:
            introduced = True
            continue
        frames.append(memoryview(data)[1:])
        if len(frames) > 1 + limits.PLANES or sum(map(len, frames)) > limits.MESSAGE_BYTES:
            raise NotZws(_TOO_LARGE, "The message is larger than the protocol allows.")
        if data[0] == LAST:
            yield frames
            frames = []


async def _until_empty(inner: zmq.asyncio.Socket, outward: asyncio.Task[None]) -> None:
    """Send the last answers of a daemon that is stopping, unless the reader takes too long."""
    deadline = asyncio.get_running_loop().time() + _CLOSE_SECONDS
    while asyncio.get_running_loop().time() < deadline and not outward.done():
        await asyncio.sleep(0.01)
        if not int(inner.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            return
