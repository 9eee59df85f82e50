"""The WebSocket door's thread and listening sockets.

The listeners are there at once, so that connection.json can name them from the start. What is slow
and large to import comes when the first peer knocks, which in many daemons none ever does; until
then the operating system lets it wait.
"""

from __future__ import annotations

import errno
import logging
import select
import socket
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import zmq

from inpaintd.wake import Wake

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger(__name__)

_NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
_BACKLOG = 64
_ATTEMPTS = 20
_STOP_SECONDS = 10.0


class WebSocketDoor:
    """Listens from the start; accepts between `start` and `stop`.

    Args:
        port: to listen at; a taken one means another, 0 any.
        context: of the daemon's sockets.
        inner_endpoint: where the daemon's ROUTER listens within this process.
        token: that opens the door.
        ping_seconds: between two pings of a peer.
        silence_seconds: for which a peer may leave a ping unanswered; Photoshop can be busy for a
            while.
    """

    def __init__(
        self,
        port: int,
        context: zmq.Context[zmq.Socket[bytes]],
        inner_endpoint: str,
        token: str,
        *,
        ping_seconds: float = 10.0,
        silence_seconds: float = 60.0,
    ) -> None:
        self._listeners = listen(port)
        self._context = context
        self._inner_endpoint = inner_endpoint
        self._token = token
        self._ping_seconds = ping_seconds
        self._silence_seconds = silence_seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stopped = False
        self._wake = Wake()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="websocket", daemon=True)

    @property
    def endpoint(self) -> str:
        """With a name for a host: plug-ins may be allowed to dial names only."""
        return f"ws://localhost:{self._listeners[0].getsockname()[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Hand on what is queued for the peers, hang up, and end the thread."""
        with self._lock:
            self._stopped = True
            if self._loop is not None and self._stop is not None:
                # It may have ended by itself.
                with suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._stop.set)
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(_STOP_SECONDS)
        for listener in self._listeners:
            listener.close()
        self._wake.close()

    def _run(self) -> None:
        try:
            knocks = [listener.fileno() for listener in self._listeners]
            select.select([self._wake.fileno(), *knocks], [], [])
            if self._stopped:
                return
            import asyncio

            # Not Windows' proactor: libzmq's descriptors need a loop that can watch them.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve())
        except Exception:
            log.exception("the WebSocket door is closed")
            for listener in self._listeners:
                listener.close()

    async def _serve(self) -> None:
        import asyncio

        import zmq.asyncio

        from inpaintd.server.doors.websocket import serve_until

        stop = asyncio.Event()
        with self._lock:
            self._loop, self._stop = asyncio.get_running_loop(), stop
            if self._stopped:
                return
        await serve_until(
            stop,
            self._listeners,
            zmq.asyncio.Context.shadow(self._context.underlying),
            self._inner_endpoint,
            self._token,
            ping_seconds=self._ping_seconds,
            silence_seconds=self._silence_seconds,
        )


def listen(port: int) -> list[socket.socket]:
    """Listening sockets on 127.0.0.1 and, where there is IPv6, on ::1, both at the same port.

    The name localhost can mean either. Were one of the two left to somebody else, that one would be
    shown the token. A port that is taken on either means another port; 0 means any.

    Raises:
        OSError: no port is free on both.
    """
    for wanted in (port, *[0] * _ATTEMPTS):
        try:
            first = _bound(socket.AF_INET, "127.0.0.1", wanted)
        except OSError:
            continue
        try:
            return [first, _bound(socket.AF_INET6, "::1", first.getsockname()[1])]
        except OSError as error:
            if error.errno in _NO_IPV6:
                return [first]
            first.close()
    raise OSError(errno.EADDRINUSE, "no port is free for the WebSocket door")


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    # Named as TCP, so that asyncio sends small messages at once (TCP_NODELAY): without that each
    # request waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "win32":
            # There, others may take a port over unless one says otherwise.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
