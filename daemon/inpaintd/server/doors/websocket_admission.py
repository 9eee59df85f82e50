"""Admission of WebSocket clients, and the information given to others: rules without sockets.

A web page in the user's browser can try to connect, too. It learns nothing: without the token
it gets no answer, only a closed connection, which a page cannot distinguish from a closed port.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs

from websockets.http11 import Request
from websockets.typing import Subprotocol

log = logging.getLogger(__name__)

SUBPROTOCOL = Subprotocol("ZWS2.0")
OFFERED = "Sec-WebSocket-Protocol"

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_LOG_SECONDS = 60.0


@dataclass(frozen=True)
class Refusal:
    """The reason for refusing an upgrade."""

    status: HTTPStatus
    reason: str
    told: bool
    """True to tell the peer; otherwise the connection is just closed."""


def refuse(request: Request, token: str, port: int) -> Refusal | None:
    """The reason to refuse this upgrade; None to accept it.

    Token: known to anyone who can read connection.json. Host: a page whose own name resolves to
    this machine (DNS rebinding) still sends that name. Origin: http means a web page, except for
    the door's own origin, which plug-in hosts make up; no page is ever served there.

    Args:
        port: the door's port.
    """
    # Not by urlsplit: it raises an error for what looks like a broken IPv6 address.
    given = parse_qs(request.path.partition("?")[2]).get("token", [""])
    if not hmac.compare_digest(given[-1].encode(), token.encode()):
        reason = "The token is missing, or from another run of the daemon."
        return Refusal(HTTPStatus.FORBIDDEN, reason, told=False)
    hosts = {f"{name}{suffix}" for name in _LOOPBACK for suffix in ("", f":{port}")}
    if [host.lower() for host in request.headers.get_all("Host")] not in [[host] for host in hosts]:
        reason = "This endpoint accepts connections from this machine only."
        return Refusal(HTTPStatus.FORBIDDEN, reason, told=False)
    own = {f"http://{name}:{port}" for name in _LOOPBACK}
    for origin in map(str.lower, request.headers.get_all("Origin")):
        if origin.startswith(("http:", "https:")) and origin not in own:
            return Refusal(
                HTTPStatus.FORBIDDEN,
                "This endpoint does not accept connections from web pages.",
                told=False,
            )
    offered = ",".join(request.headers.get_all(OFFERED)).split(",")
    if SUBPROTOCOL not in [name.strip() for name in offered]:
        reason = "This endpoint requires the WebSocket subprotocol ZWS2.0."
        return Refusal(HTTPStatus.BAD_REQUEST, reason, told=True)
    return None


class RefusalLog:
    """Log refusals, each reason at most once a minute: a persistent page must not fill the disk."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[str, float] = {}
        self._unlogged: Counter[str] = Counter()

    def add(self, reason: str) -> None:
        now = self._clock()
        if now - self._logged.get(reason, -_LOG_SECONDS) < _LOG_SECONDS:
            self._unlogged[reason] += 1
            return
        self._logged[reason] = now
        more = self._unlogged.pop(reason, 0)
        since = f" ({more} more since the last message)" if more else ""
        log.warning("a WebSocket was refused: %s%s", reason, since)
