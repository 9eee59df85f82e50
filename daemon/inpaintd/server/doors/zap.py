"""ZeroMQ Authentication Protocol (RFC 27): who may open a connection at all.

libzmq asks at inproc://zeromq.zap.01 before it lets a PLAIN peer in, and cuts off the others before
they can make a socket buffer anything.
"""

from __future__ import annotations

import hmac

import zmq


class Zap:
    """Answers libzmq's questions; every socket with a `ZAP_DOMAIN` names its passwords here."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.socket = context.socket(zmq.REP)
        self.socket.linger = 0
        self.socket.bind("inproc://zeromq.zap.01")
        self._passwords: dict[tuple[bytes, bytes], bytes] = {}

    def admit(self, domain: bytes, user: bytes, password: bytes) -> None:
        self._passwords[domain, user] = password

    def withdraw(self, domain: bytes, user: bytes) -> None:
        self._passwords.pop((domain, user), None)

    def handle(self) -> None:
        """Answer all questions that are waiting."""
        while self.socket.poll(0):
            version, sequence, domain, _address, _routing_id, mechanism, *credentials = (
                self.socket.recv_multipart()
            )
            admitted = mechanism == b"PLAIN" and self._knows(domain, *credentials)
            status = (b"200", b"OK") if admitted else (b"400", b"wrong secret")
            user = credentials[0] if admitted else b""
            self.socket.send_multipart([version, sequence, *status, user, b""])

    def close(self) -> None:
        self.socket.close()

    def _knows(self, domain: bytes, user: bytes, password: bytes) -> bool:
        expected = self._passwords.get((domain, user))
        return expected is not None and hmac.compare_digest(expected, password)
