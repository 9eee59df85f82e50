"""A ZMTP door: a listening socket on the loopback interface, and the peers connected to it.

It runs in the daemon's loop, without a thread: the poller watches every connection.
"""

from __future__ import annotations

import errno
import hmac
import itertools
import logging
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

import zmq

from inpaintd.server.doors import Vanished
from inpaintd.server.doors.peer import Gone, Peer
from inpaintd.system.ports import claim
from inpaintd_protocol.plane import Buffer

log = logging.getLogger(__name__)

HANDSHAKE_SECONDS = 5.0

MOST_STRANGERS = 256
"""Most connections in their handshake; the oldest is dropped for a new one."""

_BACKLOG = 128
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class ZmtpDoor:
    """The connected peers, each identified by an id that is never reused.

    Args:
        poller: that of the loop that calls `handle` with its results.
        port: to listen on; if it is taken another is used; 0 for any.
    """

    def __init__(self, poller: zmq.Poller, port: int) -> None:
        self._poller = poller
        self._listener = _listening(port)
        self.endpoint = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._passwords: dict[bytes, bytes] = {}
        self._peers: dict[bytes, Peer] = {}
        self._by_descriptor: dict[int, bytes] = {}
        self._strangers: dict[bytes, None] = {}  # in order, oldest first
        self._numbers = itertools.count()
        self._listening = False
        self._vanished: list[bytes] = []
        self._unsent: dict[bytes, Peer] = {}  # in order
        self.listen()

    def admit(self, user: bytes, password: bytes) -> None:
        self._passwords[user] = password

    def withdraw(self, user: bytes) -> None:
        self._passwords.pop(user, None)

    def user(self, name: bytes) -> bytes:
        """The user name under which this peer has logged in."""
        return self._peers[name].user

    def find(self, user: bytes) -> bytes | None:
        """The id of the latest peer that logged in under this user name."""
        found = [n for n, peer in self._peers.items() if peer.user == user and peer.stage == "open"]
        return found[-1] if found else None

    def is_connected(self, name: bytes) -> bool:
        return name in self._peers

    def descriptor(self, name: bytes) -> dict[int, int]:
        """An argument for `handle` to read this peer, whether or not the poller has reported it."""
        return {self._peers[name].socket.fileno(): zmq.POLLIN}

    @property
    def restless(self) -> bool:
        """True if `tick` has work to do."""
        return bool(self._strangers or self._vanished) or not self._listening

    # ----------------------------------------------------------------------------- in and out

    def handle(self, ready: Mapping[int, int]) -> Iterator[tuple[bytes, list[Buffer]]]:
        """Receive messages from the peers with these descriptors, and send queued answers."""
        if self._listener.fileno() in ready:
            self._accept()
        for descriptor, event in ready.items():
            name = self._by_descriptor.get(descriptor)
            if name is None:
                continue
            peer = self._peers[name]
            try:
                if event & ~zmq.POLLOUT:  # errors, too, are found by reading
                    for message in peer.read():
                        yield name, message
                        # Handling the message may have disconnected the peer.
                        if name not in self._peers:
                            break
                if name in self._peers:
                    peer.write()
                    self._settle(name, peer)
            except Gone as gone:
                if peer.stage != "open":
                    log.debug("a connection was refused: %s", gone)
                self._part(name)

    def send(self, name: bytes, frames: list[Buffer], *, droppable: bool = False) -> None:
        """Queue for a peer until `flush`, unless the message is not worth queueing.

        Raises:
            Vanished: the peer is not connected any more, or reads so little that it is treated
                as gone.
        """
        peer = self._peers.get(name)
        if peer is None:
            raise Vanished
        if droppable and peer.slow:
            return
        peer.send(frames)
        if not peer.worth_writing:
            # Several answers in one system call, after all questions have been read: each call
            # wakes somebody, who may then be given this thread's processor.
            self._unsent[name] = peer
            return
        try:
            peer.write()
        except Gone:
            self._part(name, told=True)
            raise Vanished from None
        if peer.overflows:
            log.warning("a client is dropped: it does not read its answers")
            self._part(name, told=True)
            raise Vanished
        self._watch(peer)

    def flush(self) -> None:
        """Send the queued messages, as much of them as the peers take now."""
        unsent, self._unsent = self._unsent, {}
        for name, peer in unsent.items():
            try:
                peer.write()
            except Gone:
                self._part(name)
            else:
                self._watch(peer)

    def vanished(self) -> list[bytes]:
        """Peers that have disconnected since the last call."""
        gone, self._vanished = self._vanished, []
        return gone

    def tick(self) -> None:
        """End handshakes that take too long, and resume listening after a shortage."""
        now = time.monotonic()
        for name in list(self._strangers):
            if now > self._peers[name].deadline:
                self._part(name)
        self.listen()

    def listen(self) -> None:
        if not self._listening:
            self._poller.register(self._listener.fileno(), zmq.POLLIN)
            self._listening = True

    def close(self, seconds: float = 2.0) -> None:
        """Disconnect all peers after sending the queued answers, unless they take too long."""
        deadline = time.monotonic() + seconds
        for peer in self._peers.values():
            with suppress(Gone, OSError):
                while peer.stage == "open" and peer.wants_to_write:
                    peer.socket.settimeout(max(0.001, deadline - time.monotonic()))
                    peer.write()
        for name in list(self._peers):
            self._part(name)
        if self._listening:
            self._poller.unregister(self._listener.fileno())
        self._listener.close()

    # -------------------------------------------------------------------------------- inside

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in _NO_ROOM:
                # It stays readable: without this pause the loop would spin.
                log.warning("no new connection can be taken: %s", error.strerror)
                self._poller.unregister(self._listener.fileno())
                self._listening = False
            return
        connection.setblocking(False)
        # Short answers leave at once instead of waiting for more data.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self._strangers) >= MOST_STRANGERS:
            self._part(next(iter(self._strangers)))
        name = b"z%d" % next(self._numbers)
        peer = Peer(connection, self._knows, time.monotonic() + HANDSHAKE_SECONDS)
        self._peers[name] = peer
        self._by_descriptor[connection.fileno()] = name
        self._strangers[name] = None
        self._watch(peer)

    def _settle(self, name: bytes, peer: Peer) -> None:
        if peer.stage == "open":
            self._strangers.pop(name, None)
        self._watch(peer)

    def _watch(self, peer: Peer) -> None:
        events = zmq.POLLIN * peer.wants_to_read | zmq.POLLOUT * peer.wants_to_write
        # POLLERR: the end of a peer must be noticed even if it is neither read from nor written to.
        self._poller.register(peer.socket.fileno(), events or zmq.POLLERR)

    def _part(self, name: bytes, *, told: bool = False) -> None:
        peer = self._peers.pop(name, None)
        if peer is None:
            return
        self._strangers.pop(name, None)
        self._unsent.pop(name, None)
        descriptor = peer.socket.fileno()
        del self._by_descriptor[descriptor]
        self._poller.unregister(descriptor)
        peer.close()
        if peer.stage == "open" and not told:
            self._vanished.append(name)

    def _knows(self, user: bytes, password: bytes) -> bool:
        expected = self._passwords.get(user)
        return expected is not None and hmac.compare_digest(expected, password)


def _listening(port: int) -> socket.socket:
    """Listen on the port on the loopback interface, or on any if it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    claim(listener)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener
