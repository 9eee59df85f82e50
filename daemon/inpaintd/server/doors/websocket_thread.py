"""The WebSocket door's thread and listening sockets.

The sockets listen from the start, so that connection.json can name them. Slow and large imports are
deferred until the first peer connects, if one ever does; until then the operating system keeps it
waiting.
"""

from __future__ import annotations

import errno
import logging
import select
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import zmq

from inpaintd.system.ports import claim
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
        port: to listen on; if it is taken another is used; 0 for any.
        context: that of the daemon's sockets.
        inner_endpoint: the in-process endpoint of the daemon's ROUTER.
        token: the token that opens the door.
        ping_seconds: interval between pings.
        silence_seconds: how long a peer may leave a ping unanswered; Photoshop can be busy for a
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
        """The door's URL, with a host name: plug-ins may be allowed to connect to names only."""
        return f"ws://localhost:{self._listeners[0].getsockname()[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Flush messages queued for the peers, disconnect them, and end the thread."""
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
    """Listening sockets on 127.0.0.1 and, if IPv6 is available, on ::1, both on the same port.

    The name localhost can mean either. If another process had one of the two, that process would
    be shown the token. If a port is taken on either, another one is used; 0 means any.

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
    # Named as TCP, so that asyncio sends small messages at once (TCP_NODELAY): otherwise each
    # request waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        claim(listener)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
